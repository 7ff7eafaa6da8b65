"""What a region is asked about what it stores, and that no question is too large."""

import datetime

import promql_parser
import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from ops import stored
from ops.errors import OperationError


def selected(question: str) -> dict[str, str]:
    """The matchers of a question: label and operator -> value."""
    selector = promql_parser.parse(question).expr
    return {f"{each.name} {each.op}": each.value for each in selector.matchers.matchers}


@settings(deadline=None)
@given(
    st.dictionaries(
        st.one_of(
            st.sampled_from(["up", "a:b", "http.server", 'q"\\d', "naïve"]),
            st.from_regex(r"[a-z_:]{1,6}", fullmatch=True),
        ),
        st.floats(0, 3 * stored.SERIES),
        max_size=30,
    ),
    st.lists(st.sampled_from(["apac-1", "apac-2", "apac-3"]), unique=True),
)
def test_each_name_is_asked_for_once_and_no_question_is_too_large(series, edges):
    asked = dict.fromkeys(series, 0)
    for question in stored.questions(series, edges):
        matchers = selected(question)
        names = [name for name in series if re2.fullmatch(matchers["__name__ MatchOp.Re"], name)]
        assert names
        for name in names:
            asked[name] += 1
        if "cluster MatchOp.Equal" in matchers:
            assert len(names) == 1
        else:
            assert matchers["cluster MatchOp.NotRe"] == "central|"
            assert sum(series[name] for name in names) <= stored.SERIES
            assert len(names) <= stored.NAMES_AT_ONCE
    assert asked == {name: len(edges) if count > stored.SERIES else 1 for name, count in series.items()}


def test_many_small_names_make_several_questions():
    names = {f"a{number}": 1.0 for number in range(stored.NAMES_AT_ONCE + 1)}
    assert len(stored.questions(names, [])) == 2


def test_copies_are_not_counted_and_only_receive_is_asked():
    asked = []

    def ask(path, parameters):
        asked.append((path, parameters))
        rows = [{"name": "a", "value": 300}, {"name": "b", "value": 30}]
        return {"data": {"seriesCountByMetricName": rows}, "warnings": ["one is away"]}

    found = stored.names(ask, 3)
    assert found.series == {"a": 100, "b": 10}
    assert (found.total, found.warnings) == (110, ["one is away"])
    assert asked == [("/api/v1/status/tsdb", {"limit": "10000", "match[]": '{receive_replica!=""}'})]


@pytest.mark.parametrize("rows", [None, []])
def test_an_empty_region_is_an_error(rows):
    with pytest.raises(OperationError, match="knows of no series"):
        stored.names(lambda *_: {"data": {"seriesCountByMetricName": rows}}, 3)


def test_edges_are_those_of_the_last_hour_without_the_stack_itself():
    def ask(path, parameters):
        assert path == "/api/v1/label/cluster/values"
        assert float(parameters["end"]) - float(parameters["start"]) == 3600
        return {"data": ["", "apac-1", "central"]}

    assert stored.edges(ask, datetime.datetime.now(datetime.UTC)) == ["apac-1"]
