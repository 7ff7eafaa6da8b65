"""The ring that routers read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render import hashring
from render.hashring import Endpoint

ENDPOINTS = st.lists(
    st.integers(0, 999).map(lambda index: Endpoint(f"ingester-{index}.ring.svc")), min_size=1, max_size=20, unique=True
)


def document(endpoints, factor=1, **more) -> str:
    return hashring.document(endpoints, replication_factor=factor, grpc_port=10901, capnproto_port=19391, **more)


@given(ENDPOINTS, st.randoms())
def test_the_order_of_endpoints_does_not_matter(endpoints, random):
    shuffled = list(endpoints)
    random.shuffle(shuffled)
    assert document(shuffled) == document(endpoints)


@given(ENDPOINTS)
def test_every_endpoint_is_in_the_ring_once(endpoints):
    (ring,) = json.loads(document(endpoints))
    assert sorted(endpoint["address"] for endpoint in ring["endpoints"]) == sorted(
        f"{endpoint.host}:10901" for endpoint in endpoints
    )


@given(ENDPOINTS, st.integers(1, 25))
def test_a_ring_is_refused_exactly_when_it_is_smaller_than_the_replication_factor(endpoints, factor):
    if factor <= len(endpoints):
        assert json.loads(document(endpoints, factor))
    else:
        with pytest.raises(ValueError, match=f"{len(endpoints)} ingesters cannot hold {factor} copies"):
            document(endpoints, factor)


def test_an_endpoint_that_occurs_twice_is_refused():
    with pytest.raises(ValueError, match="must differ"):
        document([Endpoint("a"), Endpoint("a")])


def test_the_algorithm_is_one_that_thanos_knows():
    (ring,) = json.loads(document([Endpoint("a")]))
    assert ring["algorithm"] == "ketama", "an unknown name would fall back to hashmod without a word"


@pytest.mark.parametrize(("factor", "quorum", "losses"), [(1, 1, 0), (2, 1, 1), (3, 2, 1), (5, 3, 2), (7, 4, 3)])
def test_the_quorum_is_thanoss(factor, quorum, losses):
    assert hashring.write_quorum(factor) == quorum
    assert hashring.tolerated_losses(factor) == losses


@given(st.integers(2, 50).map(lambda half: 2 * half))
def test_an_even_factor_tolerates_no_more_losses_than_the_odd_one_below(factor):
    assert hashring.tolerated_losses(factor) == hashring.tolerated_losses(factor - 1)


ZONES = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True)


@given(ZONES, st.integers(1, 9), st.integers(1, 9))
def test_a_ring_takes_the_same_number_of_each_zone_and_those_with_the_lowest_ordinals(zones, pods, each):
    hosts = {zone: [f"{zone}-{ordinal}" for ordinal in range(pods)] for zone in zones}
    if each > pods:
        with pytest.raises(ValueError, match="cannot be made evenly"):
            hashring.members(hosts, each * len(zones))
        return
    ring = hashring.members(hosts, each * len(zones))
    assert {endpoint.zone for endpoint in ring} == set(zones)
    assert {endpoint.host for endpoint in ring} == {f"{zone}-{n}" for zone in zones for n in range(each)}


def test_a_ring_that_cannot_be_even_is_refused():
    with pytest.raises(ValueError, match="a ring of 4 cannot be made evenly of 2, 2, 2 pods"):
        hashring.members({zone: [f"{zone}-0", f"{zone}-1"] for zone in "abc"}, 4)


def test_zones_reach_the_file_and_their_absence_leaves_no_trace():
    zoned = json.loads(document([Endpoint("a", "eu-1"), Endpoint("b", "eu-2")]))[0]["endpoints"]
    assert [endpoint["az"] for endpoint in zoned] == ["eu-1", "eu-2"]
    assert "az" not in document([Endpoint("a")])
    with pytest.raises(ValueError, match="either all endpoints of a ring have a zone or none"):
        document([Endpoint("a", "eu-1"), Endpoint("b")])


def test_tenants_that_may_write_are_named_and_otherwise_anyone_may():
    assert json.loads(document([Endpoint("a")], tenants=["b", "a"]))[0]["tenants"] == ["a", "b"]
    assert "tenants" not in json.loads(document([Endpoint("a")]))[0]
