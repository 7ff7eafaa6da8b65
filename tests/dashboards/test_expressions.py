"""The PromQL of the dashboards, against metrics that real programs have shown."""

import json

import pytest
import re2

from dashboards import FOLDER
from dashboards.expressions import expressions, resolved, traceql
from planner import grafana
from planner.usage import usage
from render import filters
from render.prometheus import CLUSTER
from tests.dashboards import known, promql

#: As Grafana puts them in: one or several values of those that are matched by regular expressions.
VALUES = {"region": "(apac|eu)", "cluster": "apac-1", "service": ".*"}
ASKED = list(expressions(VALUES))
METRICS = known.metrics()


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: f"{asked[0]}: {asked[1]}")
def test_each_asks_for_what_there_is_and_gets_what_a_panel_can_show(asked):
    assert promql.problems(asked[2], METRICS) == []


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: f"{asked[0]}: {asked[1]}")
def test_each_is_about_the_chosen_regions_and_edges_or_the_stack_itself(asked):
    for name, matchers in promql.asked(asked[2]):
        assert ("region", VALUES["region"]) in matchers, name
        assert matchers & {("cluster", CLUSTER), ("cluster", VALUES["cluster"])} or name == "ALERTS", name


def test_queries_of_variables_ask_for_what_there_is():
    for path in FOLDER.glob("*.json"):
        for variable in json.loads(path.read_text())["templating"]["list"]:
            if variable["type"] == "query":
                text = resolved(variable["query"]["query"], VALUES)
                selector, label = text.removeprefix("label_values(").removesuffix(")").rsplit(", ", 1)
                ((name, _),) = promql.asked(selector)
                assert label in (METRICS[name].labels or ())


def test_what_edges_are_asked_for_is_not_filtered_away_at_them():
    rules = filters.relabeling("default", {})
    names = {
        name
        for _, _, text in ASKED
        for name, matchers in promql.asked(text)
        if ("cluster", VALUES["cluster"]) in matchers and not name.startswith(("cluster:", "traces_"))
    }
    assert len(names) > 5
    for name in names:
        for rule in rules:
            matches = re2.fullmatch(rule["regex"], name) is not None
            assert matches == (rule["action"] == "keep"), f"{name} stays at the edge: {rule}"


def test_what_dashboards_ask_for_counts_as_used():
    """By the reading of unused-metrics, which knows nothing of how these dashboards are made."""
    documents = {path.name: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
    found = usage([each for name, board in documents.items() for each in grafana.expressions(board, name)])
    names = {name for _, _, text in ASKED for name, _ in promql.asked(text)}
    assert names <= found.used(names).keys()
    assert not found.nameless
    assert not found.unclear


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rate(up)", "expected type"),
        ("up[5m]", "no vector"),
        ('"up"', "no vector"),
        ("max_over_time(up[1h])[1d:1h]", "no vector"),
        ("sum by (job) (no_such_metric)", "nobody exposes"),
        ("rate(up[5m])", "no counter"),
        ("increase(thanos_compact_halted[5m])", "no counter"),
        ("rate(cluster:up:count[5m])", "no counter"),
        ("sum(http_requests_total)", "takes it as it is"),
        ("max_over_time(http_requests_total[5m])", "takes it as it is"),
        ('up{jobb="x"}', "has no label jobb"),
        ("sum by (tenant) (rate(thanos_compact_iterations_total[5m]))", "has no label tenant"),
        ("sum by (pod) (job_handler_code:http_requests:rate5m)", "has no label pod"),
        ("sum by (job) (sum by (pod) (up))", "has no label job"),
        ("sum by (job) (up / on (pod) sum by (pod) (up))", None),
        ("histogram_quantile(0.9, rate(http_request_duration_seconds_count[5m]))", "no series of buckets"),
        ("histogram_quantile(0.9, sum by (job) (rate(http_request_duration_seconds_bucket[5m])))", "has lost le"),
        ("histogram_quantile(0.9, sum without (le) (rate(http_request_duration_seconds_bucket[5m])))", "has lost le"),
        ("histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))", None),
        ("sum by (pod) (histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m])))", None),
        ("sum by (le) (histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m])))", "has no label le"),
        ("sum(rate(http_requests_total[5m])", "unclosed left parenthesis"),
    ],
)
def test_the_checks_see_what_is_wrong(text, said):
    found = "\n".join(promql.problems(text, METRICS))
    assert said in found if said else not found


def test_values_take_the_places_of_variables():
    text = 'rate(a{b=~"$b",c="${c:regex}",d="$dd"}[$__rate_interval]) and label_replace(e, "f", "$1", "g", "(.*)")'
    assert resolved(text, {"b": "x|y", "c": "z", "dd": "w"}) == (
        'rate(a{b=~"x|y",c="z",d="w"}[5m]) and label_replace(e, "f", "$1", "g", "(.*)")'
    )
    with pytest.raises(KeyError, match="dd"):
        resolved(text, {"b": "x", "c": "z"})


def test_text_boxes_have_their_defaults_unless_a_value_is_given():
    def months(**values: str) -> str:
        return next(text for uid, title, text in expressions({**VALUES, **values}) if title == "Storage of traces")

    assert "2^30 * 0.023" in months()
    assert "2^30 * 0.5" in months(price_gb_month="0.5")


def test_traces_are_searched_by_service_and_cluster():
    found = [text for _, _, text in traceql({**VALUES, "cluster": ".*"})]
    assert len(found) == 3
    for text in found:
        assert 'resource.service.name=~".*"' in text
        assert '(resource.k8s.cluster.name=~".*" || ".*"=".*")' in text
