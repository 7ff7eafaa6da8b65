"""The read path: Query Frontend and its cache, Query, Stores and theirs, memcached."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import page
from dashboards.page import row
from dashboards.panels import NEUTRAL, Panel, above, below, graph, number
from dashboards.targets import stack

_P99 = "job_handler:http_request_duration_seconds:p99_rate5m"


def dashboard() -> Dashboard:
    found = page.page("query", "How fast answers are, and what of them comes from caches.")
    row(found, "Now", _now())
    row(found, "Query Frontend", _frontend())
    row(found, "Query", _query())
    row(found, "Stores", _stores())
    row(found, "memcached", _memcached())
    return found


def _rate(metric: str, by: str) -> str:
    return f"sum by ({by}) (rate({metric}[$__rate_interval]))"


def _now() -> list[Panel]:
    errors = 'max(job_handler:http_requests_failed:ratio_rate5m{job="query-frontend"})'
    gate = (
        'max(thanos_query_concurrent_gate_queries_in_flight{job="query"}'
        ' / thanos_query_concurrent_gate_queries_max{job="query"})'
    )
    return [
        number(
            "Queries",
            "Requests that Query Frontends answer.",
            stack('sum(job_handler_code:http_requests:rate5m{job="query-frontend"})', ""),
            unit="reqps",
            thresholds=NEUTRAL,
        ),
        number(
            "Queries that fail",
            "Share that is answered 5xx, of the worst handler.",
            stack(errors, ""),
            unit="percentunit",
            thresholds=above(0.05, 0.01),
        ),
        number(
            "99th percentile",
            "Of the slowest handler of the Query Frontend.",
            stack(f'max({_P99}{{job="query-frontend"}})', ""),
            unit="s",
            thresholds=above(30, 10),
        ),
        number(
            "Places taken",
            "Queries that the busiest Query works on, as a share of those it may. At 1 others wait.",
            stack(gate, ""),
            unit="percentunit",
            thresholds=above(0.9, 0.7),
        ),
        number(
            "Answers from the cache",
            "Share of the parts of answers that the Query Frontend's cache had.",
            stack('min(job_tripperware:cortex_cache_hits:ratio_rate5m{tripperware="query_range"})', ""),
            unit="percentunit",
            thresholds=below(0.3, 0.6),
        ),
        number(
            "Stores' caches",
            "Share of the reads that memcached had, of the worst of the Stores' caches.",
            stack("min(job_name:thanos_cache_memcached_hits:ratio_rate5m{})", ""),
            unit="percentunit",
            thresholds=below(0.3, 0.6),
        ),
    ]


def _frontend() -> list[Panel]:
    return [
        graph(
            "Latency of Query Frontends",
            "99th percentile, by handler.",
            stack(f'{_P99}{{job="query-frontend"}}', "{{region}} {{handler}}"),
            unit="s",
            thresholds=above(30),
        ),
        graph(
            "Answers",
            "Requests by status.",
            stack('sum by (code) (job_handler_code:http_requests:rate5m{job="query-frontend"})', "{{code}}"),
            unit="reqps",
            thresholds=NEUTRAL,
            stacked=True,
        ),
        graph(
            "Hits of the cache",
            "Share of the parts of answers that were in the cache. The newest minutes never are (cache freshness).",
            stack("job_tripperware:cortex_cache_hits:ratio_rate5m{}", "{{region}} {{tripperware}}"),
            unit="percentunit",
            thresholds=NEUTRAL,
        ),
        graph(
            "Split",
            "Parts that queries were split into, a second, and queries that were asked again at a finer resolution.",
            stack(_rate('thanos_frontend_split_queries_total{job="query-frontend"}', "tripperware"), "{{tripperware}}"),
            stack(
                _rate('thanos_frontend_downsampled_extra_queries_total{job="query-frontend"}', "tripperware"),
                "again {{tripperware}}",
            ),
            unit="cps",
            thresholds=NEUTRAL,
        ),
        graph(
            "Latency of the cache",
            "99th percentile of the requests to memcached.",
            stack(
                "histogram_quantile(0.99, "
                + _rate('cortex_memcache_request_duration_seconds_bucket{job="query-frontend"}', "le, method")
                + ")",
                "{{method}}",
            ),
            unit="s",
            thresholds=above(0.1),
        ),
        graph(
            "Not cached",
            "Answers that were too large for the cache, or were dropped because its queue was full.",
            stack(
                _rate('cortex_memcache_client_set_skip_total{job="query-frontend"}', "tripperware"),
                "too large {{tripperware}}",
            ),
            stack(
                _rate('cortex_cache_dropped_background_writes_total{job="query-frontend"}', "tripperware"),
                "dropped {{tripperware}}",
            ),
            unit="cps",
            thresholds=above(0.01),
        ),
    ]


def _query() -> list[Panel]:
    connections = 'thanos_store_nodes_grpc_connections{job="query"}'
    return [
        graph(
            "Latency of Queries",
            "99th percentile, by handler.",
            stack(f'{_P99}{{job="query"}}', "{{region}} {{handler}}"),
            unit="s",
            thresholds=above(30),
        ),
        graph(
            "Queries at a time, of each Query",
            "Queries that each Query works on, as a share of those it may.",
            stack(
                'max by (pod) (thanos_query_concurrent_gate_queries_in_flight{job="query"}'
                ' / thanos_query_concurrent_gate_queries_max{job="query"})',
                "{{pod}}",
            ),
            unit="percentunit",
            thresholds=above(0.9),
        ),
        graph(
            "Who is asked",
            "Connections to ingesters, Stores, sidecars and other Queries. Fewer than there are: answers are partial.",
            stack(
                f"max by (region, store_type) (sum by (region, pod, store_type) ({connections}))",
                "{{region}} {{store_type}}",
            ),
            unit="none",
            thresholds=NEUTRAL,
        ),
    ]


def _stores() -> list[Panel]:
    gate = "thanos_bucket_store_series_gate_queries"
    fetch = 'thanos_objstore_bucket_operation_duration_seconds_bucket{job="store",operation="get_range"}'
    return [
        graph(
            "Queries at a time, of each Store",
            "Queries that each Store works on, as a share of those it may. At 1 others wait.",
            stack(f'max by (pod) ({gate}_in_flight{{job="store"}} / {gate}_max{{job="store"}})', "{{pod}}"),
            unit="percentunit",
            thresholds=above(0.9),
        ),
        graph(
            "Latency of the bucket",
            "99th percentile of reading a part of an object.",
            stack(f"histogram_quantile(0.99, {_rate(fetch, 'le, region')})", "{{region}}"),
            unit="s",
            thresholds=above(1),
        ),
        graph(
            "Blocks",
            "Blocks that each Store has loaded.",
            stack('max by (pod) (thanos_bucket_store_blocks_loaded{job="store"})', "{{pod}}"),
            unit="none",
            thresholds=NEUTRAL,
        ),
        graph(
            "Hits of the caches",
            "Share of the reads that memcached had, by cache.",
            stack("job_name:thanos_cache_memcached_hits:ratio_rate5m{}", "{{region}} {{name}}"),
            unit="percentunit",
            thresholds=NEUTRAL,
        ),
        graph(
            "Hits of the index cache",
            "Share of what was looked up of blocks' indexes: postings, series.",
            stack(
                f"{_rate('thanos_store_index_cache_hits_total{}', 'item_type')}"
                f" / {_rate('thanos_store_index_cache_requests_total{}', 'item_type')}",
                "{{item_type}}",
            ),
            unit="percentunit",
            thresholds=NEUTRAL,
        ),
        graph(
            "Failures",
            "Queries that were refused by limits, blocks that could not be loaded, looks at the bucket that failed.",
            stack(_rate('thanos_bucket_store_queries_dropped_total{job="store"}', "reason"), "refused: {{reason}}"),
            stack(_rate('thanos_bucket_store_block_load_failures_total{job="store"}', "region"), "blocks {{region}}"),
            stack(_rate('thanos_blocks_meta_sync_failures_total{job="store"}', "region"), "looks {{region}}"),
            unit="cps",
            thresholds=above(0.01),
        ),
    ]


def _memcached() -> list[Panel]:
    return [
        graph(
            "Hits",
            "Share of the keys asked for that each server had.",
            stack(
                _rate('memcached_commands_total{job="memcached",command="get",status="hit"}', "pod")
                + " / "
                + _rate('memcached_commands_total{job="memcached",command="get"}', "pod"),
                "{{pod}}",
            ),
            unit="percentunit",
            thresholds=NEUTRAL,
        ),
        graph(
            "Evictions",
            "Items that had to go for new ones. All the time: the cache is too small for what is asked.",
            stack(_rate('memcached_items_evicted_total{job="memcached"}', "pod"), "{{pod}}"),
            unit="cps",
            thresholds=NEUTRAL,
        ),
        graph(
            "Memory",
            "Share of its memory that each server has filled. Full is normal after a while.",
            stack(
                'max by (pod) (memcached_current_bytes{job="memcached"} / memcached_limit_bytes{job="memcached"})',
                "{{pod}}",
            ),
            unit="percentunit",
            thresholds=NEUTRAL,
        ),
    ]
