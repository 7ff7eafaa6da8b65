"""Fleets to plan for."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from planner.fleet import Edge, Fleet

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
#: Those whose number does not follow from the fleet.
COUNTS = {
    "gateway": 2,
    "compactor": 1,
    "store": 2,
    "prometheus": 2,
    "query": 2,
    "query frontend": 2,
    "query cache": 3,
    "store cache": 3,
}


def fleet(count: int = 1, series: float = 200_000, seconds: int = 30, **other: object) -> Fleet:
    """Edges that are alike, with the defaults of settings/."""
    usual = Fleet(
        edges=(Edge(series, seconds * SECOND),) * count,
        replication_factor=3,
        zones=0,
        shared=True,
        tsdb_retention=DAY,
        out_of_order_window=4 * HOUR,
        raw=7 * DAY,
        five_minutes=30 * DAY,
        one_hour=180 * DAY,
        delete_delay=2 * DAY,
        compactions=1,
        store_shards=1,
        pods=18,
        prometheus_servers=2,
        prometheus_interval=30 * SECOND,
        prometheus_retention=DAY,
        prometheus_writes=False,
    )
    return replace(usual, **other)


edges = st.builds(
    Edge,
    st.integers(1, 5_000_000),
    st.sampled_from([5, 15, 30, 60, 300, 3600]).map(lambda n: n * SECOND),
    st.sampled_from([1, 2]),
)
fleets = st.builds(
    lambda edges, **other: fleet(edges=tuple(edges), **other),
    st.lists(edges, max_size=60),
    replication_factor=st.sampled_from([1, 2, 3, 5, 7]),
    zones=st.sampled_from([0, 3, 4, 5]),
    shared=st.booleans(),
    tsdb_retention=st.sampled_from([3 * HOUR, DAY, 2 * DAY]),
    out_of_order_window=st.sampled_from([0 * HOUR, HOUR, DAY]),
    raw=st.sampled_from([40 * HOUR, 7 * DAY, 30 * DAY, 0 * DAY]),
    delete_delay=st.sampled_from([HOUR, 12 * HOUR, 2 * DAY]),
    compactions=st.integers(1, 4),
    store_shards=st.integers(1, 4),
    prometheus_writes=st.booleans(),
)
