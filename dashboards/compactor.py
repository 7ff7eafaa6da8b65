"""The Compactor: compaction, downsampling, retention, and the bucket that they work on."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import page
from dashboards.page import row
from dashboards.panels import NEUTRAL, Panel, above, graph, number
from dashboards.targets import stack


def dashboard() -> Dashboard:
    about = "Whether the Compactor keeps up: what waits is asked slowly, and may expire before it is downsampled."
    found = page.page("compactor", about, since="now-7d")
    row(found, "Now", _now())
    row(found, "Work that is done", _done())
    row(found, "Work that waits", _waiting())
    row(found, "Bucket", _bucket())
    return found


def _day(metric: str, by: str) -> str:
    return f'sum by ({by}) (increase({metric}{{job="compactor"}}[1d]))'


def _now() -> list[Panel]:
    return [
        number(
            "Halted",
            "1: it has met blocks that it must not touch, and does nothing any more until somebody looks.",
            stack('max(thanos_compact_halted{job="compactor"})', ""),
            unit="none",
            thresholds=above(1),
        ),
        number(
            "Compactors",
            "Processes that are up. Never two on one bucket.",
            stack('max(count by (region) (up{job="compactor"} == 1)) or vector(0)', ""),
            unit="none",
            thresholds=((None, "red"), (1, "green"), (2, "red")),
        ),
        number(
            "Runs in a day",
            "Runs that were finished within 24 h. Retention comes last in a run.",
            stack('min(sum by (region) (increase(thanos_compact_iterations_total{job="compactor"}[1d])))', ""),
            unit="none",
            thresholds=((None, "red"), (1, "green")),
        ),
        number(
            "Wait for downsampling",
            "Blocks that should be downsampled and are not yet.",
            stack('sum(max by (region) (thanos_compact_todo_downsample_blocks{job="compactor"}))', ""),
            unit="none",
            thresholds=above(10, 1),
        ),
        number(
            "Wait for deletion",
            "Blocks that have expired or were replaced. Each waits for the delete delay, 48 h by default.",
            stack('sum(max by (region) (thanos_compact_todo_deletion_blocks{job="compactor"}))', ""),
            unit="none",
            thresholds=NEUTRAL,
        ),
        number(
            "Blocks",
            "Blocks in the bucket that the Compactor works with.",
            stack('sum(max by (region) (thanos_blocks_meta_synced{job="compactor",state="loaded"}))', ""),
            unit="none",
            thresholds=NEUTRAL,
        ),
    ]


def _done() -> list[Panel]:
    return [
        graph(
            "Runs",
            "Runs that were finished within a day.",
            stack(_day("thanos_compact_iterations_total", "region"), "{{region}}"),
            unit="none",
            thresholds=NEUTRAL,
        ),
        graph(
            "Runs that failed",
            "Runs within an hour that failed and are tried again. What comes after the step that fails is not done.",
            stack('sum by (region) (increase(thanos_compact_retries_total{job="compactor"}[1h]))', "{{region}}"),
            unit="none",
            thresholds=above(3),
        ),
        graph(
            "Compactions by resolution",
            "Groups of blocks that were merged within a day, by their resolution (0: raw; milliseconds).",
            stack(_day("thanos_compact_group_compactions_total", "region, resolution"), "{{region}} {{resolution}}"),
            unit="none",
            thresholds=NEUTRAL,
        ),
        graph(
            "Downsampled by resolution",
            "Blocks that were downsampled within a day, by the resolution they had.",
            stack(_day("thanos_compact_downsample_total", "region, resolution"), "{{region}} {{resolution}}"),
            unit="none",
            thresholds=NEUTRAL,
        ),
        graph(
            "Downsampling that failed",
            "Blocks that could not be downsampled, within a day.",
            stack(_day("thanos_compact_downsample_failures_total", "region, resolution"), "{{region}} {{resolution}}"),
            unit="none",
            thresholds=above(1),
        ),
        graph(
            "Marked",
            "Blocks that were marked within a day: for deletion, or never to be compacted, with the reason.",
            stack(_day("thanos_compact_blocks_marked_total", "marker, reason"), "{{marker}} {{reason}}"),
            unit="none",
            thresholds=NEUTRAL,
        ),
    ]


def _waiting() -> list[Panel]:
    def todo(what: str) -> str:
        return f'max by (region) (thanos_compact_todo_{what}{{job="compactor"}})'

    return [
        graph(
            "Compactions",
            "Compactions that wait. It falls to 0 after each run that keeps up.",
            stack(todo("compactions"), "{{region}}"),
            unit="none",
            thresholds=NEUTRAL,
        ),
        graph(
            "Blocks to downsample",
            "Blocks that wait to be downsampled. Above 0 for days: raw data may expire first, and is gone.",
            stack(todo("downsample_blocks"), "{{region}}"),
            unit="none",
            thresholds=NEUTRAL,
        ),
        graph(
            "Blocks to delete",
            "Blocks that have expired, and how many were deleted within a day.",
            stack(todo("deletion_blocks"), "waiting {{region}}"),
            stack(_day("thanos_compact_blocks_cleaned_total", "region"), "deleted {{region}}"),
            stack(_day("thanos_compact_block_cleanup_failures_total", "region"), "failed {{region}}"),
            unit="none",
            thresholds=NEUTRAL,
        ),
    ]


def _bucket() -> list[Panel]:
    uploads = "thanos_objstore_bucket_operation_transferred_bytes_sum"
    last = "thanos_objstore_bucket_last_successful_upload_time"
    return [
        graph(
            "Blocks by state",
            "What the Compactor finds when it looks at the bucket. loaded: it works with them.",
            stack('max by (region, state) (thanos_blocks_meta_synced{job="compactor"})', "{{region}} {{state}}"),
            unit="none",
            thresholds=NEUTRAL,
        ),
        graph(
            "Bytes uploaded in a day",
            "By whom. Thanos has no metric for the size of the bucket; the dashboard of costs estimates it.",
            stack(f'sum by (job) (increase({uploads}{{operation="upload"}}[1d]))', "{{job}}"),
            unit="bytes",
            thresholds=NEUTRAL,
        ),
        graph(
            "Last upload",
            "How long ago an ingester's last block reached the bucket. One is cut every 2 h.",
            stack(f'time() - max by (pod) ({last}{{job="receive-ingester"}} > 0)', "{{pod}}"),
            unit="s",
            thresholds=above(5 * 3600),
        ),
    ]
