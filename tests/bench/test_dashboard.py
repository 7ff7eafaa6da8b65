"""What is asked, of which data, and how answers are compared."""

import itertools
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.query_path import dashboard, data, load, targets
from bench.query_path.dashboard import DAY, HOUR

END = data.Data().end


def test_the_dashboard_has_twelve_panels_over_a_day_a_week_and_two_weeks():
    spans = [(request.end - request.start) // DAY for request in dashboard.requests(END)]
    assert sorted(spans) == [1] * 4 + [7] * 4 + [14] * 4


@given(st.integers(END, END + DAY), st.integers(0, 20))
def test_ranges_lie_on_the_grid_of_their_step_as_the_query_frontend_aligns_them(end, slid):
    for request in dashboard.requests(end, slid=slid):
        assert request.start % request.step == request.end % request.step == 0
        assert 0 <= end + slid * request.step - request.end < request.step


def test_a_nonce_makes_every_query_new_and_leaves_the_ranges_as_they_are():
    plain, new = dashboard.requests(END), dashboard.requests(END, nonce=7)
    assert not {request.query for request in plain} & {request.query for request in new}
    assert [(request.start, request.end) for request in plain] == [(request.start, request.end) for request in new]


@given(st.integers(0, 40), st.integers(1, 400))
def test_blocks_join_and_are_ranges_of_the_compactor(first_day, hours):
    start, end = first_day * DAY, first_day * DAY + hours * HOUR
    times = data.block_times(start, end)
    assert (times[0], times[-1]) == (start, end)
    for begin, finish in itertools.pairwise(times):
        assert any(begin // size == (finish - 1) // size for size in (2 * HOUR, 8 * HOUR, 2 * DAY))


def test_old_data_is_in_blocks_that_are_long_enough_to_be_downsampled():
    times = data.block_times(END - 17 * DAY, END)
    assert [(later - at) / HOUR for at, later in itertools.pairwise(times)] == [12] + [48] * 8 + [8, 2, 2]


def answer(**values: dict) -> bytes:
    result = [{"metric": {"name": name}, "values": list(points.items())} for name, points in values.items()]
    return json.dumps({"status": "success", "data": {"result": result}}).encode()


def test_points_that_are_missing_or_unequal_differ_and_the_last_digits_do_not():
    left = load.points(answer(a={1: "1", 2: "2", 3: "NaN"}, b={1: "5"}))
    right = load.points(answer(a={1: "1.00000000000001", 2: "2.1", 3: "NaN"}, c={1: "5"}))
    assert load.differing(left, left) == 0
    assert load.differing(left, right) == 3
    assert math.isnan(left['{"name": "a"}', 3])


@pytest.mark.parametrize("document", [{"data": {"result": []}}, {"warnings": ["no store"], "data": {"result": [1]}}])
def test_an_answer_without_all_data_is_an_error(document):
    with pytest.raises(load.LoadError):
        load.points(json.dumps(document).encode())


def test_counters_are_summed_over_their_series():
    text = """# TYPE thanos_objstore_bucket_operations_total counter
thanos_objstore_bucket_operations_total{bucket="b",operation="get"} 1
thanos_objstore_bucket_operations_total{bucket="b",operation="get_range"} 1e+06
grpc_server_handled_total{grpc_code="OK",grpc_method="Series"} 3
grpc_server_handled_total{grpc_code="Aborted",grpc_method="Series"} 1
"""
    counted = targets.count(text, targets.COUNTERS)
    assert counted["bucket reads"] == 1e6
    assert counted["Series calls"] == 4


def test_the_split_by_one_length_switches_the_other_off():
    assert targets.static_split("24h") == [
        "--query-range.split-interval=24h",
        "--query-range.min-split-interval=0",
        "--query-range.max-split-interval=0",
        "--query-range.horizontal-shards=0",
    ]
