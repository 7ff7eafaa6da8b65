"""Lines as Query Frontends of Thanos v0.42 write them."""

import datetime
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.query_log import merged, read

START = 'ts=2026-11-25T02:48:44.604304442Z caller=http.go:71 level=info component=query-frontend msg="listening"'
STATS = (
    'ts=2026-11-25T02:48:59.6Z caller=handler.go:264 level=info org_id=anonymous msg="query stats" '
    "component=query-frontend method=POST path=/api/v1/query_range remote_user= remote_addr=127.0.0.1:46508 "
    "response_time=4.908326ms query_wall_time_seconds=0 fetched_series_count=0 fetched_chunks_bytes=0 param_step=15 "
    "param_query={} param_start=1795574879.6338127 param_end=1795574939.6338127 peak_samples=0 query_range_hours=0"
)
SLOW = (
    'ts=2026-11-25T02:49:59.642823275Z caller=handler.go:231 level=info org_id=anonymous msg="slow query detected" '
    "method=GET host=127.0.0.1:32793 path=/api/v1/query remote_user= remote_addr=127.0.0.1:46512 time_taken_ms=11000 "
    'grafana_dashboard_uid=- grafana_panel_id=- trace_id=- param_query="sum(up{job=\\"a\\"})" peak_samples=0'
)
SERIES = (
    'ts=2026-11-25T02:50:59Z caller=handler.go:264 level=info org_id=anonymous msg="query stats" method=GET '
    "path=/api/v1/series param_match[]={} param_start=1795574879 param_end=1795574939"
)


def texts(*lines: str) -> list[str]:
    return [each.text for each in read(lines, "a log").expressions]


def test_both_kinds_of_lines_are_read_and_each_query_once():
    lines = [START, STATS.format("rate(a[5m])"), SLOW, STATS.format("rate(a[5m])"), "", "no logfmt at all"]
    assert texts(*lines) == ["rate(a[5m])", 'sum(up{job="a"})']


def test_what_another_line_says_of_a_query_is_none():
    assert texts('ts=2026-11-25T02:48:44Z level=error msg="failed" param_query=up') == []


@pytest.mark.parametrize(
    ("joined", "selectors"),
    [
        ("up", ["up"]),
        ("up,go_info", ["up", "go_info"]),
        ("go_info{version=\"a,b\"},{__name__=~'x|y,'}", ['go_info{version="a,b"}', "{__name__=~'x|y,'}"]),
        ('{a="}",b=`,`},up', ['{a="}",b=`,`}', "up"]),
        ('a{b="\\"},"},{"c.d", e="f"}', ['a{b="\\"},"}', '{"c.d", e="f"}']),
    ],
)
def test_selectors_of_series_and_labels_are_told_apart(joined, selectors):
    assert texts(SERIES.format(json.dumps(joined))) == selectors


@settings(deadline=None)
@given(st.text(min_size=1).filter(str.strip))
def test_a_query_comes_out_as_it_was_sent(query):
    assert texts(STATS.format(json.dumps(query))) == [query]


def test_it_says_from_when_to_when_it_reaches():
    log = read([START, SLOW, "rubbish"], "a log")
    assert (log.first.isoformat(), log.last.isoformat()) == (
        "2026-11-25T02:48:44.604304+00:00",
        "2026-11-25T02:49:59.642823+00:00",
    )
    nothing = read([], "a log")
    assert (nothing.first, nothing.last) == (None, None)


def test_logs_of_processes_that_share_the_queries_reach_as_far_as_the_shortest():
    early, late = read([START, SLOW], "one"), read([STATS.format("a"), SERIES.format("b")], "two")
    log = merged([early, late, read([], "none")])
    assert (log.first, log.last) == (late.first, late.last)
    assert [each.text for each in log.expressions] == ['sum(up{job="a"})', "a", "b"]
    assert merged([]).first is None
    assert log.first.tzinfo == datetime.UTC
