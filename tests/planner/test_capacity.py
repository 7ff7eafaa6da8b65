"""What is proposed for fleets, and what they need at least."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import capacity
from planner.capacity import NEEDS, plan
from planner.fleet import Edge
from render import units
from tests.planner.fleets import COUNTS, DAY, HOUR, SECOND, edges, fleet, fleets

GIB = 2**30


def numbers(pods: capacity.Pods) -> tuple[float, ...]:
    return tuple(float(units.quantity(size or "0")) for size in (pods.cpu, pods.memory, pods.storage))


def no_smaller(more: dict, less: dict) -> bool:
    return all(
        more[name].count >= less[name].count
        and all(new >= old for new, old in zip(numbers(more[name]), numbers(less[name]), strict=True))
        for name in less
    )


@given(fleets, edges)
def test_one_more_edge_makes_no_component_smaller(some, another):
    assert no_smaller(plan(some.grown(len(some.edges) + 1, another), COUNTS), plan(some, COUNTS))


@given(fleets, st.floats(1, 10))
def test_more_series_make_no_component_smaller(some, factor):
    more = replace(some, edges=tuple(replace(edge, series=edge.series * factor) for edge in some.edges))
    assert no_smaller(plan(more, COUNTS), plan(some, COUNTS))


@given(fleets, st.sampled_from([1, 2, 3, 5, 7]))
def test_more_copies_make_no_component_smaller(some, factor):
    more = replace(some, replication_factor=max(factor, some.replication_factor))
    assert no_smaller(plan(more, COUNTS), plan(some, COUNTS))


@given(fleets)
def test_what_is_proposed_holds_the_fleet_with_half_as_much_again(some):
    for name, pods in plan(some, COUNTS).items():
        need = NEEDS[name](some, pods.count)
        for size, least in zip(numbers(pods), (need.cpu, need.memory, need.storage), strict=True):
            assert size >= least * capacity.HEADROOM * (1 - 1e-9), name


@given(fleets, st.integers(1, 60), st.integers(2, 9))
def test_what_receivers_need_is_a_share_of_the_load_alone(some, count, factor):
    """As many times the edges on as many times the pods: each has what it had."""
    many = replace(some, edges=some.edges * factor, prometheus_writes=False)
    once = replace(some, prometheus_writes=False)
    for name in ("ingester", "router"):
        one, other = NEEDS[name](once, count), NEEDS[name](many, count * factor)
        assert (other.cpu, other.memory, other.storage) == pytest.approx((one.cpu, one.memory, one.storage))


def test_ingesters_have_their_size_by_the_fleet_and_not_by_their_number():
    assert plan(fleet(50), {**COUNTS, "ingester": 3}) == plan(fleet(50), {**COUNTS, "ingester": 60})


@settings(max_examples=300)
@given(st.floats(0, 1e15))
def test_a_size_is_at_least_what_was_asked_and_less_than_twice_that(amount):
    size = float(units.quantity(capacity.binary(amount)))
    assert size >= amount * (1 - 1e-9)
    assert size < 2 * amount or size == 64 * 2**20


def test_steps_are_coarse():
    assert [capacity.binary(count * GIB) for count in (0.9, 1, 1.1, 2.5, 5, 7, 9, 17, 33)] == [
        "1Gi", "1Gi", "1536Mi", "3Gi", "6Gi", "8Gi", "12Gi", "24Gi", "48Gi"
    ]  # fmt: skip
    assert [capacity.cores(amount) for amount in (0.3, 0.6, 1.2, 5)] == ["375m", "750m", "1500m", "6"]


def test_the_rules_of_their_sources_are_kept():
    million = fleet(5)  # 1 million series, 3 million in memory
    each = NEEDS["ingester"](million, 10)
    assert (each.cpu, each.memory) == pytest.approx((1, 2.5e9))
    # At 15 s and for a day Mimir's disk of 5 GB: late samples are 4 h of it, and blocks are cut up to 3 h later.
    assert NEEDS["ingester"](fleet(5, seconds=15, tsdb_retention=17 * HOUR), 10).storage == pytest.approx(5e9, rel=0.05)
    assert NEEDS["ingester"](fleet(5, seconds=5), 10).cpu == pytest.approx(3), "samples cost, too"
    assert NEEDS["router"](fleet(5, series=150_000), 1) == capacity.Need(1, 1e9)
    assert NEEDS["compactor"](fleet(100), 1).memory == 4e9
    # Twice two weeks of samples of 2 bytes.
    assert NEEDS["compactor"](fleet(1, series=1), 1).storage == 28 * 2880 * 2
    assert NEEDS["query"](fleet(50), 1).cpu == 1


def test_each_prometheus_server_has_the_stacks_own_series_once():
    one, three = (NEEDS["prometheus"](fleet(prometheus_servers=servers), servers) for servers in (1, 3))
    assert one == three
    assert one.memory == pytest.approx(fleet().own.series / 300_000 * 2.5e9)


def test_late_samples_and_a_longer_local_retention_need_larger_volumes():
    usual = NEEDS["ingester"](fleet(), 3).storage
    assert NEEDS["ingester"](fleet(out_of_order_window=DAY), 3).storage > usual
    assert NEEDS["ingester"](fleet(tsdb_retention=2 * DAY), 3).storage > usual


def test_a_compactor_of_one_stream_for_each_edge_works_on_the_largest():
    mixed = fleet(edges=(Edge(100_000, 30 * SECOND), Edge(900_000, 30 * SECOND)))
    together, apart = NEEDS["compactor"](mixed, 1), NEEDS["compactor"](replace(mixed, shared=False), 1)
    assert apart.storage == pytest.approx(together.storage * 0.9)
    assert NEEDS["compactor"](replace(mixed, compactions=2), 1).storage == 2 * together.storage


def test_each_store_has_the_headers_of_its_shard():
    assert NEEDS["store"](fleet(store_shards=4), 8).storage == NEEDS["store"](fleet(), 2).storage / 4


def test_the_old_plans_receivers_cannot_hold_what_it_says_they_store():
    """50 clusters, 700 GB a week: about 10 million series at 15 s, on 3 to 5 receivers of 1 core and 2Gi."""
    old = fleet(50, seconds=15)
    for count in (3, 5):
        single, tripled = NEEDS["ingester"](replace(old, replication_factor=1), count), NEEDS["ingester"](old, count)
        assert single.memory > 7 * 2 * GIB, "even a single copy"
        assert tripled.memory > 23 * 2 * GIB
        assert single.cpu > 6
    proposed = plan(old, COUNTS)["ingester"]
    assert (proposed.count, proposed.cpu, proposed.memory) == (30, "6", "12Gi")
