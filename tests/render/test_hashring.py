"""The ring that routers read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render import hashring

ENDPOINTS = st.lists(st.integers(0, 999).map("ingester-{}.ring.svc:10901".format), min_size=1, max_size=20, unique=True)


@given(ENDPOINTS, st.randoms())
def test_the_order_of_endpoints_does_not_matter(endpoints, random):
    shuffled = list(endpoints)
    random.shuffle(shuffled)
    assert hashring.document(shuffled, 1) == hashring.document(endpoints, 1)


@given(ENDPOINTS)
def test_every_endpoint_is_in_the_ring_once(endpoints):
    (ring,) = json.loads(hashring.document(endpoints, 1))
    assert sorted(endpoint["address"] for endpoint in ring["endpoints"]) == sorted(endpoints)


@given(ENDPOINTS, st.integers(1, 25))
def test_a_ring_is_refused_exactly_when_it_is_smaller_than_the_replication_factor(endpoints, factor):
    if factor <= len(endpoints):
        assert json.loads(hashring.document(endpoints, factor))
    else:
        with pytest.raises(ValueError, match=f"{len(endpoints)} ingesters cannot hold {factor} copies"):
            hashring.document(endpoints, factor)


def test_an_endpoint_that_occurs_twice_is_refused():
    with pytest.raises(ValueError, match="must differ"):
        hashring.document(["a:1", "a:1"], 1)


def test_the_algorithm_is_one_that_thanos_knows():
    (ring,) = json.loads(hashring.document(["a:1"], 1))
    assert ring["algorithm"] == "ketama", "an unknown name would fall back to hashmod without a word"


@pytest.mark.parametrize(("factor", "quorum", "losses"), [(1, 1, 0), (2, 1, 1), (3, 2, 1), (5, 3, 2), (7, 4, 3)])
def test_the_quorum_is_thanoss(factor, quorum, losses):
    assert hashring.write_quorum(factor) == quorum
    assert hashring.tolerated_losses(factor) == losses


@given(st.integers(2, 50).map(lambda half: 2 * half))
def test_an_even_factor_tolerates_no_more_losses_than_the_odd_one_below(factor):
    assert hashring.tolerated_losses(factor) == hashring.tolerated_losses(factor - 1)
