"""The flags of the Thanos processes that work on blocks in the bucket: the Compactor and the Store gateway."""

from render.thanos_flags import COMMON, REPLICA_LABELS, grpc_server


def compact(
    *,
    data_dir: str,
    objstore_file: str,
    retention_raw: str,
    retention_5m: str,
    retention_1h: str,
    delete_delay: str,
    vertical_compaction: bool,
    concurrency: int = 1,
    downsample_concurrency: int = 1,
) -> list[str]:
    """The Compactor, running for ever. Retention 0s keeps a resolution for ever.

    Deduplication is one-to-one (no --deduplication.func): copies of Receive have equal timestamps, and what is merged
    can never be parted again. Of the replica labels only Receive's is named: a pair of Prometheus servers scrapes at
    different times, so its two streams stay two.
    """
    flags = [
        "compact",
        *COMMON,
        "--wait",
        f"--data-dir={data_dir}",
        f"--objstore.config-file={objstore_file}",
        f"--retention.resolution-raw={retention_raw}",
        f"--retention.resolution-5m={retention_5m}",
        f"--retention.resolution-1h={retention_1h}",
        f"--delete-delay={delete_delay}",
        f"--compact.concurrency={concurrency}",
        f"--downsample.concurrency={downsample_concurrency}",
    ]
    if vertical_compaction:
        flags += ["--compact.enable-vertical-compaction", f"--deduplication.replica-label={REPLICA_LABELS[0]}"]
    return flags


def store(
    *,
    data_dir: str,
    objstore_file: str,
    index_cache_file: str,
    caching_bucket_file: str,
    selector_file: str,
    min_time: str | None = None,
    max_time: str | None = None,
    ignore_deletion_marks_delay: str,
    block_sync_interval: str,
    series_limit: int = 0,
    samples_limit: int = 0,
    tls: str | None = None,
) -> list[str]:
    """A Store gateway over the blocks that its selector keeps, for samples from `min_time` to `max_time`.

    Times are relative to now ("-14d"), None: no bound. Index headers are fetched and mapped only when a query needs
    them, so a start does not read the whole bucket.
    """
    flags = [
        "store",
        *COMMON,
        *grpc_server(tls),
        f"--data-dir={data_dir}",
        f"--objstore.config-file={objstore_file}",
        f"--index-cache.config-file={index_cache_file}",
        f"--store.caching-bucket.config-file={caching_bucket_file}",
        f"--selector.relabel-config-file={selector_file}",
        f"--ignore-deletion-marks-delay={ignore_deletion_marks_delay}",
        f"--sync-block-duration={block_sync_interval}",
        "--store.enable-index-header-lazy-reader",
        "--store.index-header-lazy-download-strategy=lazy",
    ]
    if min_time:
        flags.append(f"--min-time={min_time}")
    if max_time:
        flags.append(f"--max-time={max_time}")
    if series_limit:
        flags.append(f"--store.limits.request-series={series_limit}")
    if samples_limit:
        flags.append(f"--store.limits.request-samples={samples_limit}")
    return flags
