"""A region's fleet, as far as sizes follow from it."""

import math
from dataclasses import dataclass, replace
from datetime import timedelta

SECOND = timedelta(seconds=1)
#: In memory on one ingester, with headroom to come. Mimir has no such bound: this is what a pod of 12 GiB holds, which
#: replays its write-ahead log in minutes and fits on common nodes.
SERIES_PER_INGESTER = 1_000_000
#: And so many samples a second: those of the same series at 15 s, the interval that Mimir's figures are for.
SAMPLES_PER_INGESTER = SERIES_PER_INGESTER / 15
#: What one router forwards, with headroom to come: two cores by Mimir's rule.
SAMPLES_PER_ROUTER = 50_000
FEWEST_ROUTERS = 2
#: Measured: a Thanos 0.42.5 that has just begun has 667 (Receive) to 784 (Query) series; more come with use.
SERIES_PER_POD = 1000


@dataclass(frozen=True)
class Edge:
    """One cluster that sends."""

    series: float
    """Of each replica."""
    interval: timedelta
    """Between two samples of a series."""
    replicas: float = 1
    """Agents that send the same. Their streams stay apart, also in the bucket (render/history_flags.py)."""

    @property
    def sent(self) -> float:
        """Series of all replicas."""
        return self.series * self.replicas

    @property
    def rate(self) -> float:
        """Samples a second of all replicas."""
        return self.sent / (self.interval / SECOND)


@dataclass(frozen=True)
class Fleet:
    """The edges of a region, and how it keeps what they send."""

    edges: tuple[Edge, ...]
    replication_factor: int
    zones: int
    """0: none are named."""
    shared: bool
    """One stream of blocks, not one for each edge."""
    tsdb_retention: timedelta
    """Of ingesters."""
    out_of_order_window: timedelta
    raw: timedelta
    """How long the bucket keeps each resolution; zero: for ever."""
    five_minutes: timedelta
    one_hour: timedelta
    delete_delay: timedelta
    compactions: int
    """At a time."""
    store_shards: int
    """Parts by hash; each Store has the headers of one."""
    pods: int
    """Of the stack, beside ingesters and routers: Prometheus scrapes them all."""
    prometheus_servers: int
    prometheus_interval: timedelta
    prometheus_retention: timedelta
    prometheus_writes: bool
    """To Receive, in place of blocks of its own."""

    @property
    def own(self) -> Edge:
        """The stack's own series, scraped by its Prometheus servers."""
        edges = replace(self, prometheus_writes=False)
        receivers = edges.ingesters + edges.routers
        return Edge((self.pods + receivers) * SERIES_PER_POD, self.prometheus_interval, self.prometheus_servers)

    @property
    def writers(self) -> tuple[Edge, ...]:
        """All that write to Receive."""
        return (*self.edges, self.own) if self.prometheus_writes else self.edges

    @property
    def series(self) -> float:
        """Of all that write to Receive, each once."""
        return sum(edge.sent for edge in self.writers)

    @property
    def copies(self) -> float:
        """Series in the memory of all ingesters together."""
        return self.series * self.replication_factor

    @property
    def rate(self) -> float:
        """Samples a second that come in."""
        return sum(edge.rate for edge in self.writers)

    @property
    def ingesters(self) -> int:
        """How many the fleet should have: never fewer than copies, and as many in each zone."""
        once = max(self.series / SERIES_PER_INGESTER, self.rate / SAMPLES_PER_INGESTER)
        return even(max(self.replication_factor, math.ceil(once * self.replication_factor)), self.zones)

    @property
    def routers(self) -> int:
        """How many the fleet should have."""
        return max(FEWEST_ROUTERS, math.ceil(self.rate / SAMPLES_PER_ROUTER))

    def grown(self, count: int, like: Edge) -> "Fleet":
        """The fleet with `count` edges: the first ones, and beyond those there are more like `like`."""
        more = (like,) * (count - len(self.edges))
        return replace(self, edges=(*self.edges[:count], *more))


def mean(edges: tuple[Edge, ...]) -> Edge:
    """The edge which, as often as there are edges, sends as many series and samples as they. ValueError if none are."""
    if not edges:
        raise ValueError("there is no mean of no edges")
    sent = sum(edge.sent for edge in edges)
    return Edge(sent / len(edges), sent / sum(edge.rate for edge in edges) * SECOND)


def even(count: int, zones: int) -> int:
    """`count` or the next number with as many in each zone."""
    return math.ceil(count / max(zones, 1)) * max(zones, 1)
