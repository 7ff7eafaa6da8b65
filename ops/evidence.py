"""What metrics of Thanos prove. Pure: from the text of /metrics.

How Receive keeps its samples, as read in Thanos v0.42 and seen on its binary:

- A ring file is loaded when `thanos_receive_config_hash` is its hash.
- A receiver that ends makes a block of its head and uploads it, but leaves out the samples of the head's last
  millisecond; those are in its write-ahead log and become a block when it ends once more. Samples that came late are
  not made a block then at all: only the cycle every two hours does that, and only once the oldest sample is 3 h old.
  Either way `prometheus_tsdb_head_series` is 0 exactly when every sample is in a block.
- Each tenant's shipper goes through all local blocks as the receiver starts and every 30 s.
  `thanos_shipper_dir_syncs_total` counts the times that each block was found in the bucket or uploaded;
  `thanos_shipper_dir_sync_failures_total` those that failed. Two more passes than at some moment mean one that began
  after it.
- A Store counts its looks at the bucket as they begin (`thanos_blocks_meta_syncs_total`), as they end (the count of
  `thanos_blocks_meta_sync_duration_seconds`) and as they fail. If more ended well than could have of those begun at
  some moment, one began after it. What it sees may come from a cache: the list of blocks for as long as the interval
  between looks (`blocks_iter_ttl`), that a block is unfinished for 15 minutes.
"""

import hashlib
import re
from collections.abc import Iterable

LINE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)", re.MULTILINE)
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')

Passes = dict[str, tuple[float, float]]
"""tenant -> passes of its shipper that found or uploaded all, and those that failed."""


class Metrics:
    """The metrics of one process."""

    def __init__(self, text: str) -> None:
        self._found = [(name, dict(LABEL.findall(given)), float(value)) for name, given, value in LINE.findall(text)]

    def values(self, name: str, label: str = "") -> dict[str, float]:
        """The values of a metric by one of its labels. Empty if the process has none."""
        return {labels.get(label, ""): value for found, labels, value in self._found if found == name}

    def value(self, name: str, **labels: str) -> float:
        """The value with these labels; 0 if there is none."""
        return next((value for found, has, value in self._found if found == name and labels.items() <= has.items()), 0)


def ring_hash(file: str) -> float:
    """The metric of a router that has loaded this ring file: the first 48 bits of its SHA-256, little-endian."""
    return float(int.from_bytes(hashlib.sha256(file.encode()).digest()[:6], "little"))


def has_ring(router: Metrics, file: str) -> bool:
    """Whether a router has loaded this ring file."""
    return router.value("thanos_receive_config_hash") == ring_hash(file)


def series_left(ingester: Metrics) -> float | None:
    """Series of all tenants with samples that are in no block; None while no TSDB is open."""
    tenants = ingester.values("prometheus_tsdb_head_series", "tenant")
    return sum(tenants.values()) if tenants else None


def passes(ingester: Metrics) -> Passes:
    """How often the shipper of each tenant went through all blocks."""
    failures = ingester.values("thanos_shipper_dir_sync_failures_total", "tenant")
    shipped = ingester.values("thanos_shipper_dir_syncs_total", "tenant")
    return {tenant: (count, failures.get(tenant, 0)) for tenant, count in shipped.items()}


def not_shipped(before: Passes, now: Passes) -> list[str]:
    """Tenants without a complete pass that began since `before`. A receiver that has restarted counts anew."""
    return [
        tenant
        for tenant, (count, _) in now.items()
        if count < (before[tenant][0] if tenant in before and before[tenant][0] <= count else 0) + 2
    ]


def skipped(ingester: Metrics) -> float:
    """Blocks that a pass left out although it counts: only flags that this program does not set allow that."""
    names = ("thanos_shipper_upload_failures_total", "thanos_shipper_corrupted_blocks_total")
    return sum(value for name in names for value in ingester.values(name, "tenant").values())


def looks(store: Metrics) -> float:
    """How many of a Store's looks at the bucket that have begun may turn out well."""
    return store.value("thanos_blocks_meta_syncs_total") - store.value("thanos_blocks_meta_sync_failures_total")


def has_looked(store: Metrics, before: float) -> bool:
    """Whether a look ended well that was not among the `before` first, and all that it found is loaded."""
    ended = store.value("thanos_blocks_meta_sync_duration_seconds_count")
    went_well = ended - store.value("thanos_blocks_meta_sync_failures_total")
    return (
        went_well > (before if before <= looks(store) else 0)  # one that has restarted counts anew
        and store.value("thanos_blocks_meta_synced", state="failed") == 0
        and store.value("thanos_blocks_meta_synced", state="too-fresh") == 0
        and store.value("thanos_bucket_store_blocks_loaded") == store.value("thanos_blocks_meta_synced", state="loaded")
    )


def half_uploaded(store: Metrics) -> float:
    """Blocks without the file that is uploaded last, as the Store's last look had it."""
    return store.value("thanos_blocks_meta_synced", state="no-meta-json")


def behind(routers: Iterable[tuple[str, Metrics | None]], file: str) -> frozenset[str]:
    """Names of routers that have not loaded this ring file, or cannot be asked."""
    return frozenset(name for name, metrics in routers if metrics is None or not has_ring(metrics, file))
