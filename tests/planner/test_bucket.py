"""Bytes in the bucket against what was simulated and measured."""

import pytest
from hypothesis import given

from planner import bucket
from planner.fleet import Edge
from tests.planner.fleets import DAY, HOUR, SECOND, edges, fleet, fleets


def days(**other: object) -> tuple[float, float, float]:
    """Days of data in the bucket, by resolution, of one edge: without what the stack itself has."""
    found = fleet(1, pods=0, prometheus_writes=True, **other)
    stored, day = bucket.stored(found), bucket.daily(found.writers)
    return stored.raw / day.raw, stored.five_minutes / day.five_minutes, stored.one_hour / day.one_hour


def test_a_bucket_holds_the_days_that_a_simulation_of_thanos_gave():
    assert days(replication_factor=1) == pytest.approx((16.8, 40, 180), rel=0.01)
    assert days(replication_factor=1, delete_delay=12 * HOUR)[0] == pytest.approx(12.9, rel=0.01)
    assert days()[0] == pytest.approx(21, rel=0.01)


@pytest.mark.parametrize(
    ("seconds", "five_minutes", "one_hour", "tolerance"),
    [(30, 0.45, 0.043, 0.001), (60, 60 / 59, 6 / 59, 0.16)],
    ids=["measured on 14 days at 30 s", "measured by the benchmark at 60 s"],
)
def test_downsampled_data_have_the_measured_share_of_raw(seconds, five_minutes, one_hour, tolerance):
    day = bucket.daily((Edge(1000, seconds * SECOND),))
    assert day.five_minutes / day.raw == pytest.approx(five_minutes, rel=tolerance)
    assert day.one_hour / day.raw == pytest.approx(one_hour, rel=tolerance)


def test_raw_data_shrink_with_the_interval_and_downsampled_data_only_beyond_their_own():
    def day(seconds: int) -> bucket.Stored:
        return bucket.daily((Edge(1000, seconds * SECOND),))

    assert day(15).raw == 2 * day(30).raw
    assert day(15).five_minutes == day(300).five_minutes == 2 * day(600).five_minutes
    assert day(15).one_hour == day(3600).one_hour == 2 * day(7200).one_hour


def test_the_old_plans_700_gb_a_week_are_about_ten_million_series():
    week = 7 * bucket.daily(fleet(50, seconds=15).edges).raw
    assert 600e9 < week < 850e9


def test_the_old_plans_shares_of_5_and_of_04_percent_are_ten_times_too_low():
    found = bucket.stored(fleet(50))
    assert found.five_minutes > 0.8 * found.raw
    assert found.one_hour > 0.3 * found.raw


@given(fleets, edges)
def test_one_more_edge_is_more_bytes_of_each_resolution(some, another):
    more, less = bucket.stored(some.grown(len(some.edges) + 1, another)), bucket.stored(some)
    assert more.raw > less.raw
    assert more.five_minutes > less.five_minutes
    assert more.one_hour > less.one_hour


def test_longer_retention_and_delay_keep_more_and_for_ever_is_counted_as_a_year():
    assert days(raw=8 * DAY)[0] == pytest.approx(days()[0] + 1)
    assert days(raw=0 * DAY)[0] == pytest.approx(days(raw=365 * DAY)[0])
    assert all(long > short for long, short in zip(days(delete_delay=3 * DAY), days(), strict=True))
