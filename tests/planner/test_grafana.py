"""PromQL in dashboards of every shape."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.grafana import expressions, promql
from planner.usage import usage

PROMETHEUS = {"type": "prometheus", "uid": "${datasource}"}
LOKI = {"type": "loki", "uid": "logs"}

#: As Grafana exports it (schemaVersion 39): a row with panels in it, mixed data sources, all kinds of variables.
CLASSIC = {
    "annotations": {
        "list": [
            {
                "builtIn": 1,
                "datasource": {"type": "grafana", "uid": "-- Grafana --"},
                "name": "Annotations",
                "type": "dashboard",
            },
            {"datasource": PROMETHEUS, "expr": "changes(in_annotation[5m]) > 0", "name": "restarts"},
        ]
    },
    "panels": [
        {
            "type": "timeseries",
            "datasource": PROMETHEUS,
            "targets": [
                {"expr": 'sum by ($by) (rate(in_panel{job=~"$job"}[$__rate_interval]))', "refId": "A"},
                {
                    "datasource": {"type": "__expr__", "uid": "__expr__"},
                    "expression": "$A * 2",
                    "refId": "B",
                    "type": "math",
                },
            ],
        },
        {
            "type": "row",
            "collapsed": True,
            "panels": [
                {
                    "datasource": {"type": "datasource", "uid": "-- Mixed --"},
                    "targets": [
                        {
                            "datasource": PROMETHEUS,
                            "expr": "histogram_quantile($q, rate(in_row_bucket[[[range]]]))",
                            "hide": True,
                        },
                        {"datasource": LOKI, "expr": '{app="x"} |= "in_loki"'},
                    ],
                }
            ],
        },
        {"datasource": LOKI, "targets": [{"expr": "rate({in_loki=~`.+`}[5m])"}]},
    ],
    "templating": {
        "list": [
            {"name": "datasource", "type": "datasource", "query": "prometheus"},
            {
                "name": "job",
                "type": "query",
                "datasource": PROMETHEUS,
                "query": {"query": 'label_values(in_variable{a="b,c"}, job)', "refId": "x"},
            },
            {"name": "by", "type": "query", "datasource": PROMETHEUS, "query": "label_values(job)"},
            {"name": "q", "type": "custom", "query": "0.5,0.99"},
            {"name": "n", "type": "query", "query": "query_result(max(in_query_result))"},
            {"name": "m", "type": "query", "query": "metrics(in_metrics_)"},
            {"name": "l", "type": "query", "query": "label_names()"},
            {"name": "p", "type": "query", "query": "in_plain_query"},
            {"name": "s", "type": "query", "datasource": {"type": "postgres"}, "query": "select in_sql from t"},
        ]
    },
    "title": "in_title",
    "schemaVersion": 39,
}
#: The second schema (dashboard.grafana.app/v2).
SECOND = {
    "kind": "Dashboard",
    "spec": {
        "elements": {
            "panel-1": {
                "kind": "Panel",
                "spec": {
                    "data": {
                        "kind": "QueryGroup",
                        "spec": {
                            "queries": [
                                {
                                    "kind": "PanelQuery",
                                    "spec": {
                                        "query": {
                                            "kind": "DataQuery",
                                            "group": "prometheus",
                                            "spec": {"expr": "rate(in_panel[${r}])"},
                                        }
                                    },
                                },
                                {
                                    "kind": "PanelQuery",
                                    "spec": {
                                        "query": {
                                            "kind": "DataQuery",
                                            "group": "loki",
                                            "spec": {"expr": "{in_loki=``}"},
                                        }
                                    },
                                },
                            ]
                        },
                    }
                },
            }
        },
        "variables": [
            {
                "kind": "QueryVariable",
                "spec": {
                    "name": "x",
                    "query": {
                        "kind": "DataQuery",
                        "group": "prometheus",
                        "spec": {"query": "label_values(in_variable, x)"},
                    },
                },
            }
        ],
    },
}


def used(dashboard: object, *stored: str) -> set[str]:
    found = usage(expressions(dashboard, "a dashboard"))
    assert not found.nameless
    assert not found.unclear
    return set(found.used(stored))


def test_panels_annotations_and_variables_of_prometheus_are_read():
    names = [
        "in_annotation",
        "in_panel",
        "in_row_bucket",
        "in_variable",
        "in_query_result",
        "x_in_metrics_y",
        "in_plain_query",
    ]
    assert used(CLASSIC, *names, "in_loki", "in_sql", "in_title", "job") == set(names)


def test_the_second_schema_is_read():
    assert used(SECOND, "in_panel", "in_variable", "in_loki", "x") == {"in_panel", "in_variable"}


@pytest.mark.parametrize(
    ("text", "became"),
    [
        ("rate(a[$__rate_interval])", "rate(a[5m])"),
        ("rate(a[${__range_s}s])", "rate(a[300s])"),
        ("rate(a[[[range]]])", "rate(a[5m])"),
        ("max_over_time(a[${range:text}:$step])", "max_over_time(a[5m:5m])"),
        ("a[${n}h] offset $back", "a[5h] offset 5m"),
        ("a / $__range_s", "a / 300"),
        ("topk($n, a)", "topk(1, a)"),
        ("topk by (x) ($n, a)", "topk by (x) (1, a)"),
        ("histogram_quantile(${q}, a)", "histogram_quantile(1, a)"),
        ("$agg by (x) (a)", "sum by (x) (a)"),
        ("${agg}(a)", "sum(a)"),
        ('a{b="${b:regex}"}', 'a{b="__variable__"}'),
        ("node_${mode}_total", "node___variable___total"),
        ("a > bool 0", "a > bool 0"),
    ],
)
def test_a_variable_becomes_what_its_place_demands(text, became):
    assert promql(text) == became


def test_a_name_that_only_a_variable_knows_keeps_all_that_the_dashboard_mentions():
    dashboard = {
        "panels": [{"targets": [{"expr": "rate($metric[5m])"}]}],
        "templating": {"list": [{"name": "metric", "type": "custom", "query": "first_total,\nsecond_total"}]},
    }
    found = usage(expressions(dashboard, "a dashboard"))
    assert [each.reason for each in found.unclear] == ["a variable stands for the name of a metric"]
    assert set(found.used(["first_total", "second_total", "third_total"])) == {"first_total", "second_total"}


NESTED = st.recursive(
    st.builds(list),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"rows": inner}),
        st.lists(inner, max_size=2),
        st.fixed_dictionaries({"panels": inner, "datasource": st.sampled_from([None, "old name", PROMETHEUS])}),
    ),
    max_leaves=6,
)
SHAPES = [
    "{}",
    "rate({}[$__interval])",
    '{}{{a=~"$a", b!="[[b]]"}} > 0',
    "avg without (${{x}}) ({} offset $o)",
    '{{__name__="{}"}}',
    "label_replace({}, 'a', '$1', 'b', '(.*)$')",
]


@settings(deadline=None)
@given(
    NESTED,
    st.lists(st.tuples(st.sampled_from(["a_total", "b:c", "d_bucket"]), st.sampled_from(SHAPES)), min_size=1),
    st.randoms(),
)
def test_an_expression_is_found_wherever_it_stands(nested, targets, random):
    places = []

    def walk(node):
        if isinstance(node, list):
            places.append(node)
        for each in node.values() if isinstance(node, dict) else node:
            if isinstance(each, dict | list):
                walk(each)

    dashboard = {"panels": nested if isinstance(nested, list) else [nested]}
    walk(dashboard)
    for name, shape in targets:
        random.choice(places).append({"targets": [{"expr": shape.format(name)}]})
    assert used(dashboard, "a_total", "b:c", "d_bucket") == {name for name, _ in targets}


@pytest.mark.parametrize("kind", ["textbox", "constant"])
@pytest.mark.parametrize(
    ("value", "clear"), [("0.023", True), ("-1e-3", True), ("7", True), ("up", False), ("", False), ("1m", False)]
)
def test_text_boxes_and_constants_that_hold_numbers_are_no_names_of_metrics(kind, value, clear):
    variable = {"name": "x", "query": value}
    panel = {"datasource": PROMETHEUS, "targets": [{"expr": "sum(a) * $x"}]}
    second = {"datasource": PROMETHEUS, "expr": "sum(a) * $x"}
    kinds = {"textbox": "TextVariable", "constant": "ConstantVariable"}
    for dashboard in (
        {"panels": [panel], "templating": {"list": [{"type": kind, **variable}]}},
        {"elements": [second], "variables": [{"kind": kinds[kind], "spec": variable}]},
    ):
        found = usage(expressions(dashboard, "board"))
        assert found.used({"a"}).keys() == {"a"}
        assert (not found.unclear) is clear
