"""The arguments of memcached and the memory of its pod."""

import pytest

from render import memcached


def test_items_are_counted_in_mebibytes():
    arguments = memcached.arguments(memory="2Gi", max_item_size="5Mi", connections=1024)
    assert {"-m2048", "-I5m", "-c1024"} <= set(arguments)


@pytest.mark.parametrize("size", ["5M", "512Ki", "0Mi", "0"])
def test_a_size_that_memcached_would_round_is_refused(size):
    with pytest.raises(ValueError, match="whole Mi"):
        memcached.arguments(memory="2Gi", max_item_size=size, connections=1024)


@pytest.mark.parametrize(
    ("memory", "connections", "measured"),
    [
        ("64Mi", 0, 73),  # answers of 1 B to 5 MB, then many of 100 B
        ("512Mi", 0, 541),  # 2.2 million items of 100 B
        ("1Gi", 0, 1077),  # 4.5 million items of 100 B
        ("64Mi", 1000, 266),  # 1,000 connections, each with an answer of 1,000 keys that nobody reads
    ],
)
def test_a_pod_has_room_for_the_most_that_was_measured(memory, connections, measured):
    assert int(memcached.pod_memory(memory=memory, connections=connections).removesuffix("Mi")) >= measured
