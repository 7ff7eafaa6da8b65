"""Which names expressions use, and what is not understood."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.usage import VARIABLE, Expression, usage

STORED = ["up", "node_cpu_seconds_total", "node_memory_MemFree_bytes", "go_info", "job:up:sum", "http.server.duration"]


def used(*texts: str, context: str = "") -> set[str]:
    found = usage(Expression(text, "a test", context) for text in texts)
    assert not found.nameless
    return set(found.used(STORED))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            'sum by (job) (rate(node_cpu_seconds_total{mode!="idle"}[5m])) / on (job) up',
            {"node_cpu_seconds_total", "up"},
        ),
        ("max_over_time((go_info + job:up:sum)[1h:5m]) offset 5m", {"go_info", "job:up:sum"}),
        ("topk(scalar(up), go_info)", {"up", "go_info"}),
        ('{__name__="up", job="x"}', {"up"}),
        ('{"http.server.duration"}', {"http.server.duration"}),
        ('{__name__=~"node_.*"}', {"node_cpu_seconds_total", "node_memory_MemFree_bytes"}),
        ('{__name__=~"up|go_.+", __name__!~"go_.*"}', {"up"}),
        ('{__name__=~"node_.*", __name__!="node_cpu_seconds_total"}', {"node_memory_MemFree_bytes"}),
        ('{__name__="up" or __name__="go_info"}', {"up", "go_info"}),
        ('up{job="go_info"}', {"up"}),
        ("node", set()),
        ("vector(1)", set()),
    ],
)
def test_an_expression_uses_what_its_selectors_name(text, names):
    assert used(text) == names


def test_a_regular_expression_matches_whole_names_as_prometheus_has_it():
    assert used('{__name__=~"node"}') == set()


@pytest.mark.parametrize(
    "text",
    ['{job="x"}', '{__name__!=""}', '{__name__=~"(.+)", job="x"} / {b="c"}', 'up or {__name__!~"go_.*", job="x"}'],
)
def test_a_selector_that_takes_any_name_is_told_apart(text):
    assert [each.text for each in usage([Expression(text, "a test")]).nameless] == [text]


@pytest.mark.parametrize(
    "text",
    [
        "sum(rate(go_info[5m])",
        "go_info smoothed",
        '{__name__=~"go_info("}',
        "go_info offset 1e999",
        "some words on go_info",
        f"rate({VARIABLE}[5m]) + go_info",
        f'go_info / {{__name__=~"{VARIABLE}"}}',
    ],
)
def test_what_is_not_understood_is_told_and_uses_what_it_names(text, capfd):
    found = usage([Expression(text, "a test")])
    assert [each.expression.text for each in found.unclear] == [text]
    assert set(found.used(STORED)) == {"go_info"}


def test_what_is_not_understood_uses_what_stands_beside_it():
    assert used(f"rate({VARIABLE}[5m])", context="options: up, http.server.duration") == {"up", "http.server.duration"}


def test_the_same_text_in_two_dashboards_uses_what_stands_beside_both():
    found = usage(Expression(f"rate({VARIABLE}[5m])", "a test", context) for context in ("up", "go_info"))
    assert set(found.used(STORED)) == {"up", "go_info"}


@pytest.mark.parametrize(
    "text", [f"node_{VARIABLE}_total", f'{{__name__=~"node_{VARIABLE}_total"}}', f"node_{VARIABLE}_total("]
)
def test_a_variable_in_a_name_stands_for_anything(text):
    assert used(text) == {"node_cpu_seconds_total"}


@settings(deadline=None)
@given(st.text(alphabet="up{}()[]\",=~!.*+-:\\5m`'é \n_a", max_size=30))
def test_no_text_breaks_it(text):
    usage([Expression(text, "a test")]).used(STORED)
