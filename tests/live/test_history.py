"""Blocks of the past on the local platform: compacted, downsampled, asked, cached."""

import time

import pytest

from local import object_storage, platform
from render import units
from tests.live import history
from tests.live.cluster import api, get, kubectl, metric, pods, query, until

pytestmark = pytest.mark.live

REGION = "eu"
#: Resolutions as blocks have them, in milliseconds.
FIVE_MINUTES, ONE_HOUR = 300_000, 3_600_000


@pytest.fixture(scope="module")
def past(machine, tmp_path_factory) -> tuple[int, int]:
    """Begin and end of 15 days that are in the region's bucket. The Compactor has just been started."""
    begin, end = history.window(time.time())
    folder = tmp_path_factory.mktemp("history")
    history.make(folder, begin, end)
    bucket = platform.outputs(machine, REGION)["metrics_bucket"]
    history.upload(machine, folder / "blocks", bucket, REGION)
    (compactor,) = pods(REGION, "compactor")
    kubectl("delete", "pod", compactor, f"--namespace={REGION}")  # it looks at the bucket as it starts
    return begin, end


@pytest.fixture(scope="module")
def direct(machine) -> str:
    return platform.query_url(machine, REGION)


@pytest.fixture(scope="module")
def frontend(machine) -> str:
    return platform.reached(platform.outputs(machine, REGION)["query_frontend_http_url"])


def values(answer: dict) -> dict[str, list]:
    """sensor -> [[time, value], …]"""
    return {series["metric"]["sensor"]: series["values"] for series in answer["data"]["result"]}


def ranged(url: str, begin: int, end: int, step: int, **parameters: str) -> dict:
    return api(url, "query_range", query=history.METRIC, start=str(begin), end=str(end), step=str(step), **parameters)


def test_blocks_of_15_days_become_5m_and_1h_blocks(machine, past):
    bucket = platform.outputs(machine, REGION)["metrics_bucket"]

    def resolutions() -> dict[int, int]:
        """resolution -> length of the longest block, in milliseconds"""
        longest: dict[int, int] = {}
        for meta in object_storage.block_metas(machine, bucket):
            if meta["thanos"]["labels"].get("tenant_id") == "default-tenant":
                resolution = meta["thanos"]["downsample"]["resolution"]
                longest[resolution] = max(longest.get(resolution, 0), meta["maxTime"] - meta["minTime"])
        return longest

    found = until(lambda: (now := resolutions()).get(ONE_HOUR) and now, seconds=600, every=5)

    assert found[FIVE_MINUTES] > 10 * history.DAY * 1000
    assert found[ONE_HOUR] > 10 * history.DAY * 1000
    assert metric(REGION, pods(REGION, "compactor")[0], "thanos_compact_halted") == 0


def test_a_query_reads_the_resolution_that_it_asks_for(machine, past, direct):
    begin, _ = past
    at = begin + 10 * history.DAY
    expected = sum(history.value(0, second) for second in range(at - history.DAY, at, 60)) / 1440

    def ask(resolution: str) -> tuple[int, float] | None:
        """Samples read, and the answer."""
        # What the Compactor has made has no replica label. What it was made of has one, and is read until its deletion.
        promql = f'avg_over_time({history.METRIC}{{sensor="0", receive_replica=""}}[1d])'
        data = query(direct, promql, time=str(at), max_source_resolution=resolution, stats="all")["data"]
        if not data["result"]:
            return None
        return data["stats"]["samples"]["totalQueryableSamples"], float(data["result"][0]["value"][1])

    # The Store looks at the bucket every 15 s, maybe at a list as old as that. Until then it answers from what it
    # knows.
    for resolution, most in (("5m", 300), ("1h", 30)):
        read, answer = until(
            lambda resolution=resolution, most=most: (got := ask(resolution)) and got[0] <= most and got, seconds=120
        )
        assert read >= 0.9 * history.DAY / units.duration(resolution).total_seconds()
        assert answer == pytest.approx(expected, abs=0.05)


def test_a_repeated_range_query_is_answered_from_memcached(past, direct, frontend):
    begin, _ = past
    (pod,) = pods(REGION, "query-frontend")
    span = (begin + history.DAY, begin + 12 * history.DAY, 2 * history.HOUR)
    until(lambda: len(values(ranged(direct, *span))) == history.SENSORS, seconds=120)

    first = ranged(frontend, *span)
    time.sleep(2)  # answers are written to the cache behind the request's back

    def count(name: str, having: str = 'tripperware="query_range"') -> float:
        return metric(REGION, pod, name, having)

    def asked() -> float:
        return count("cortex_frontend_query_range_duration_seconds_count", 'method="retry"')

    hits, keys, before = count("cortex_cache_hits_total"), count("cortex_cache_fetched_keys_total"), asked()
    second = ranged(frontend, *span)

    assert values(first) == values(second) == values(ranged(direct, *span))
    new_keys = count("cortex_cache_fetched_keys_total") - keys
    assert new_keys >= 2, "so long a range has parts"
    assert count("cortex_cache_hits_total") - hits == new_keys, "every part comes from the cache"
    assert asked() == before, "Query was asked again"


def test_a_store_that_dies_leaves_no_empty_answer_in_the_cache(past, direct, frontend):
    begin, _ = past
    # A range and a step that nobody has asked for.
    span = (begin + history.DAY, begin + 11 * history.DAY, 3 * history.HOUR)
    complete = values(ranged(direct, *span))
    assert len(complete) == history.SENSORS
    (store,) = get("statefulsets", f"--namespace={REGION}", "--selector=app.kubernetes.io/component=store")
    name = store["metadata"]["name"]

    kubectl("scale", "statefulset", name, f"--namespace={REGION}", "--replicas=0")
    until(lambda: not pods(REGION, "store"), seconds=120)
    incomplete = 0
    for _ in range(15):
        answer = ranged(frontend, *span)
        if values(answer) != complete:
            incomplete += 1
            assert answer.get("warnings"), "an answer without its history says so"
        time.sleep(1)
    assert incomplete, "while the only Store is away, history cannot be there"

    kubectl("scale", "statefulset", name, f"--namespace={REGION}", "--replicas=1")
    until(lambda: values(ranged(direct, *span)) == complete, seconds=180)
    assert values(ranged(frontend, *span)) == complete, "the cache kept an answer of the time without a Store"
