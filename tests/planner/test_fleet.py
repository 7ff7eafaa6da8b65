"""How many receivers a fleet should have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.fleet import SAMPLES_PER_INGESTER, SERIES_PER_INGESTER, SERIES_PER_POD, Edge, mean
from tests.planner.fleets import SECOND, edges, fleet, fleets


@given(fleets)
def test_a_ring_is_never_smaller_than_the_copies_and_even_over_zones(fleet):
    assert fleet.ingesters >= fleet.replication_factor
    assert fleet.ingesters % (fleet.zones or 1) == 0
    assert fleet.ingesters >= fleet.zones


@given(fleets)
def test_no_ingester_of_the_proposed_ring_has_more_series_than_one_should(fleet):
    assert fleet.copies / fleet.ingesters <= SERIES_PER_INGESTER * (1 + 1e-9)
    assert fleet.rate * fleet.replication_factor / fleet.ingesters <= SAMPLES_PER_INGESTER * (1 + 1e-9)


@given(fleets, edges)
def test_one_more_edge_never_takes_a_receiver_away(fleet, another):
    more = fleet.grown(len(fleet.edges) + 1, another)
    assert more.ingesters >= fleet.ingesters
    assert more.routers >= fleet.routers
    assert more.own.series >= fleet.own.series


def test_both_replicas_of_an_edge_are_kept():
    assert Edge(100, 10 * SECOND, 2).sent == 200
    assert Edge(100, 10 * SECOND, 2).rate == 20


@given(st.lists(edges, min_size=1, max_size=20))
def test_as_many_mean_edges_send_what_the_edges_send(some):
    each = mean(tuple(some))
    assert len(some) * each.sent == pytest.approx(sum(edge.sent for edge in some))
    assert len(some) * each.rate == pytest.approx(sum(edge.rate for edge in some), rel=1e-6)


def test_no_edges_have_no_mean():
    with pytest.raises(ValueError, match="no mean of no edges"):
        mean(())


def test_a_fleet_of_fewer_edges_has_the_first_ones():
    grown = fleet(3).grown(5, Edge(1, SECOND))
    assert [edge.series for edge in grown.edges] == [200_000] * 3 + [1, 1]
    assert grown.grown(2, Edge(1, SECOND)).edges == grown.edges[:2]


def test_the_stacks_own_series_grow_with_its_pods_and_go_to_receive_if_prometheus_writes():
    small, large = fleet(1), fleet(50)
    assert (large.own.series - small.own.series) / SERIES_PER_POD == 30 + 7 - 3 - 2
    assert fleet(1, prometheus_writes=True).series == small.series + small.own.sent
