"""What each component needs for a fleet, and the sizes that are proposed for it.

There is no official number for Thanos Receive (thanos-io/thanos#4802). "Mimir" below is Grafana's "Planning Grafana
Mimir capacity", about programs on the same TSDB at a 15 s interval; it calls its figures rough, and minimum
requirements. The functions of a component give what each of `count` pods needs, bare: what is less will not do.
`plan` adds `HEADROOM` and rounds up in coarse steps.

What edges do not tell, how much is asked, is assumed (`QUERIES_PER_EDGE`): such sizes are proposed and never demanded.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from planner import bucket
from planner.fleet import (
    FEWEST_ROUTERS,
    SAMPLES_PER_INGESTER,
    SAMPLES_PER_ROUTER,
    SECOND,
    SERIES_PER_INGESTER,
    Fleet,
)

#: Mimir: "to gracefully handle traffic peaks, run with 50% extra capacity"; we add it to CPU, too.
HEADROOM = 1.5
GB, MEBI = 10**9, 2**20
#: Mimir's ingester: a core, 2.5 GB of memory and 5 GB of disk for so many series at a 15 s interval; so the core is
#: also for so many samples a second.
INGESTER_SERIES, INGESTER_SAMPLES = 300_000, 20_000
#: On disk, write-ahead log and blocks together: Mimir's 5 GB for 300,000 series at 15 s are 2.9 bytes for each sample
#: of a day.
SAMPLE_ON_DISK = 3
#: A block is cut up to so long after its first sample.
CUT = timedelta(hours=3)
#: Mimir's distributor: a core and 1 GB for so many samples a second.
DISTRIBUTOR_SAMPLES = 25_000
#: Mimir's compactor: a core and 4 GB for so many series.
COMPACTOR_SERIES = 20_000_000
#: Thanos (components/compact.md): twice the blocks of two weeks for each compaction at a time.
COMPACTION_DAYS = 2 * 14
#: Index headers: Mimir's 13 GB for 1 million series are those of three copies of a year's blocks at 15 s.
HEADERS_PER_SERIES = 13_000 / 3
#: A dashboard of twelve panels that somebody always has open, refreshed each minute. An assumption.
QUERIES_PER_EDGE = 12 / 60
#: Ten dashboards, each 86,475 points of 12 bytes (docs/query-path.md). The ten are an assumption.
ANSWERS_PER_EDGE = 10 * 86_475 * 12
#: What is asked of a day's blocks over and over. An assumption.
HOT_SHARE = 0.1
#: Series in a request are 500 to 2,000 (remote write's own default is 2,000 samples). The core for so many requests a
#: second, TLS and tokens included, and two buffers of 1 MiB (Envoy's default) for each request under way, which takes
#: up to a second, are assumptions.
SAMPLES_PER_REQUEST, GATEWAY_REQUESTS = 500, 1000


@dataclass(frozen=True)
class Need:
    """Of one pod: cores, bytes of memory, bytes of its volume."""

    cpu: float
    memory: float
    storage: float = 0


@dataclass(frozen=True)
class Pods:
    """The pods of a component: how many, and the Kubernetes quantities of each; no storage: it has no volume."""

    count: int
    cpu: str
    memory: str
    storage: str | None


def ingester(fleet: Fleet, count: float) -> Need:
    """By its share of the copies of all series and samples."""
    return _tsdb(fleet.copies / count, fleet.rate * fleet.replication_factor / count, _on_ingesters(fleet))


def router(fleet: Fleet, count: float) -> Need:
    """By its share of the samples that come in, each counted once."""
    return _forwarding(fleet.rate / count)


def compactor(fleet: Fleet, count: float) -> Need:
    """By its largest stream of blocks, for as many compactions as run at a time. Copies are merged on the way in."""
    streams = [fleet.writers] if fleet.shared else [(edge,) for edge in fleet.writers]
    series = max((sum(edge.sent for edge in stream) for stream in streams), default=0)
    blocks = max((bucket.daily(stream).raw for stream in streams), default=0) * COMPACTION_DAYS
    memory = series / COMPACTOR_SERIES * 4 * GB
    return Need(fleet.series / COMPACTOR_SERIES, memory * fleet.compactions, blocks * fleet.compactions)


def store(fleet: Fleet, count: float) -> Need:
    """Its volume by the index headers of its shard; the rest by queries: Mimir, a core and 1 GB for ten a second."""
    queries = _queries(fleet) / fleet.store_shards
    return Need(queries / 10, queries / 10 * GB, fleet.series * HEADERS_PER_SERIES / fleet.store_shards)


def prometheus(fleet: Fleet, count: float) -> Need:
    """Each server has all of the stack's own series, and is taken for an ingester of them."""
    own = fleet.own
    return _tsdb(own.series, own.rate / own.replicas, fleet.prometheus_retention)


def query(fleet: Fleet, count: float) -> Need:
    """Mimir's querier: a core and 1 GB for ten queries a second."""
    return Need(_queries(fleet) / 10 / count, _queries(fleet) / 10 * GB / count)


def query_frontend(fleet: Fleet, count: float) -> Need:
    """Mimir: a core and 1 GB for 250 queries a second."""
    return Need(_queries(fleet) / 250 / count, _queries(fleet) / 250 * GB / count)


def query_cache(fleet: Fleet, count: float) -> Need:
    """The answers of the day's dashboards."""
    return Need(0, len(fleet.edges) * ANSWERS_PER_EDGE / count)


def store_cache(fleet: Fleet, count: float) -> Need:
    """The part of a day's raw blocks that is asked over and over."""
    return Need(0, bucket.daily(fleet.writers).raw * HOT_SHARE / count)


def gateway(fleet: Fleet, count: float) -> Need:
    """By requests a second, and the buffers of those under way."""
    requests = sum(edge.rate for edge in fleet.edges) / SAMPLES_PER_REQUEST / count
    return Need(requests / GATEWAY_REQUESTS, requests * 2 * MEBI)


#: By component, in the order in which data flows.
NEEDS: Mapping[str, Callable[[Fleet, float], Need]] = {
    "gateway": gateway,
    "router": router,
    "ingester": ingester,
    "compactor": compactor,
    "store": store,
    "prometheus": prometheus,
    "query": query,
    "query frontend": query_frontend,
    "query cache": query_cache,
    "store cache": store_cache,
}


def plan(fleet: Fleet, counts: Mapping[str, int]) -> dict[str, Pods]:
    """What is proposed, by component. `counts`: the pods of those whose number does not follow from the fleet.

    A router or ingester has its size by the fleet alone, whatever their number: so that another number, which takes
    several steps, rolls no pod and shrinks no volume. It is for the most that one should get, or for all if that is
    less; as many as are proposed get no more.
    """
    proposed = {"router": fleet.routers, "ingester": fleet.ingesters}
    largest = {
        "router": _forwarding(min(fleet.rate / FEWEST_ROUTERS, SAMPLES_PER_ROUTER)),
        "ingester": _tsdb(
            min(fleet.series, SERIES_PER_INGESTER), min(fleet.rate, SAMPLES_PER_INGESTER), _on_ingesters(fleet)
        ),
    }
    return {
        name: sizes(largest.get(name) or need(fleet, counts[name]), proposed.get(name) or counts[name])
        for name, need in NEEDS.items()
    }


def sizes(need: Need, count: int) -> Pods:
    """A bare need with headroom, in coarse steps."""
    return Pods(
        count,
        cores(need.cpu * HEADROOM),
        binary(need.memory * HEADROOM),
        binary(need.storage * HEADROOM) if need.storage else None,
    )


def cores(amount: float) -> str:
    """The next of 63m, 94m, 125m ... 500m, 750m, 1, 1500m, 2, 3, 4, 6 ... cores that is at least `amount`."""
    thousandths = math.ceil(step(amount, 1 / 16) * 1000)
    return f"{thousandths}m" if thousandths % 1000 else f"{thousandths // 1000}"


def binary(amount: float) -> str:
    """The next of 64Mi, 96Mi, 128Mi ... 1Gi, 1536Mi, 2Gi, 3Gi, 4Gi, 6Gi ... that is at least `amount` bytes."""
    mebibytes = round(step(amount, 64 * MEBI) / MEBI)
    return f"{mebibytes}Mi" if mebibytes % 1024 else f"{mebibytes // 1024}Gi"


def step(amount: float, smallest: float) -> float:
    """The least of smallest times 1, 1.5, 2, 3, 4, 6, 8, 12 ... that is at least `amount`.

    Coarse, because another size rolls the pods: most new edges change none.
    """
    size = smallest
    while size * 1.5 < amount:
        size *= 2
    return size if size >= amount else size * 1.5


def _tsdb(series: float, rate: float, kept: timedelta) -> Need:
    """A TSDB with so many series in memory, so many samples a second, and blocks of the last `kept` on its volume."""
    cpu = max(series / INGESTER_SERIES, rate / INGESTER_SAMPLES)
    return Need(cpu, series / INGESTER_SERIES * 2.5 * GB, rate * ((kept + CUT) / SECOND) * SAMPLE_ON_DISK)


def _on_ingesters(fleet: Fleet) -> timedelta:
    return fleet.tsdb_retention + fleet.out_of_order_window


def _forwarding(rate: float) -> Need:
    """So many samples a second through a router."""
    return Need(rate / DISTRIBUTOR_SAMPLES, rate / DISTRIBUTOR_SAMPLES * GB)


def _queries(fleet: Fleet) -> float:
    """A second."""
    return len(fleet.edges) * QUERIES_PER_EDGE
