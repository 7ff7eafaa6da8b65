"""Tempo itself: what comes in, what is refused, what it makes of it, and how fast it answers."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import page
from dashboards.page import row
from dashboards.panels import NEUTRAL, Panel, above, graph, number
from dashboards.targets import stack

_HTTP = 'job="tempo",route=~"api_.*"'


def dashboard() -> Dashboard:
    found = page.page("tempo", "Whether Tempo takes all spans, keeps them, and makes metrics of them.")
    row(found, "Now", _now())
    row(found, "At the gateway", _gateway())
    row(found, "Spans that come in", _incoming())
    row(found, "Traces that are kept", _kept())
    row(found, "Queries", _queries())
    row(found, "Metrics that are made of spans", _generator())
    return found


def _rate(metric: str, by: str) -> str:
    return f'sum by ({by}) (rate({metric}{{job="tempo"}}[$__rate_interval]))'


def _quantile(by: str) -> str:
    """How long answers to Grafana take, but for one in a hundred."""
    buckets = f"rate(tempo_request_duration_seconds_bucket{{{_HTTP}}}[$__rate_interval])"
    return f"histogram_quantile(0.99, sum by ({by}) ({buckets}))"


def _now() -> list[Panel]:
    return [
        number(
            "Spans",
            "Spans that come in.",
            stack('sum(rate(tempo_distributor_spans_received_total{job="tempo"}[$__rate_interval]))', ""),
            unit="cps",
            thresholds=NEUTRAL,
        ),
        number(
            "Spans refused",
            "Spans that were not taken, mostly because of a limit.",
            stack('sum(rate(tempo_discarded_spans_total{job="tempo"}[$__rate_interval])) or vector(0)', ""),
            unit="cps",
            thresholds=above(1, 0.01),
        ),
        number(
            "Live traces",
            "Traces in memory that may still get spans.",
            stack('sum(tempo_live_store_live_traces{job="tempo"})', ""),
            unit="none",
            thresholds=NEUTRAL,
        ),
        number(
            "In the bucket",
            "Bytes of all blocks, those that only wait to be deleted included.",
            stack('sum(tempodb_backend_bytes_total{job="tempo"})', ""),
            unit="bytes",
            thresholds=NEUTRAL,
        ),
        number(
            "Series made",
            "Series that are made of spans, as a share of those that are allowed. At 1 new services get none.",
            stack(
                'max(tempo_metrics_generator_registry_active_series{job="tempo"}'
                ' / (tempo_metrics_generator_registry_max_active_series{job="tempo"} > 0))',
                "",
            ),
            unit="percentunit",
            thresholds=above(0.9, 0.75),
        ),
        number(
            "99th percentile",
            "Of the answers to Grafana.",
            stack(
                _quantile("le"),
                "",
            ),
            unit="s",
            thresholds=above(10, 3),
        ),
    ]


def _gateway() -> list[Panel]:
    route = 'job="gateway",envoy_virtual_host="edges",envoy_route=~".+/traces"'
    rate = f"rate(envoy_vhost_route_upstream_rq_total{{{route}}}[$__rate_interval])"
    answers = f'rate(envoy_vhost_route_upstream_rq_xx{{{route},envoy_response_code_class!="2"}}[$__rate_interval])'
    buckets = f"rate(envoy_vhost_route_upstream_rq_time_bucket{{{route}}}[$__rate_interval])"
    return [
        graph(
            "Requests of each edge",
            "Requests with spans that the gateway passes on, by the edge whose token they have.",
            stack(f"sum by (region, envoy_route) ({rate})", "{{envoy_route}}"),
            unit="reqps",
            thresholds=NEUTRAL,
        ),
        graph(
            "Refused, of each edge",
            "Requests with spans that Tempo has not taken. A refusal by gRPC has the HTTP status 200, and is not here.",
            stack(
                f"sum by (envoy_route, envoy_response_code_class) ({answers})",
                "{{envoy_route}} {{envoy_response_code_class}}xx",
            ),
            unit="reqps",
            thresholds=above(1),
        ),
        graph(
            "Latency of each edge",
            "99th percentile of the time that Tempo takes for an edge's requests.",
            stack(f"histogram_quantile(0.99, sum by (le, envoy_route) ({buckets}))", "{{envoy_route}}"),
            unit="ms",
            thresholds=above(2000),
        ),
    ]


def _incoming() -> list[Panel]:
    return [
        graph(
            "Spans of each region",
            "Spans that come in.",
            stack(_rate("tempo_distributor_spans_received_total", "region"), "{{region}}"),
            unit="cps",
            thresholds=NEUTRAL,
        ),
        graph(
            "Bytes",
            "Bytes of the spans that come in.",
            stack(_rate("tempo_distributor_bytes_received_total", "region"), "{{region}}"),
            unit="Bps",
            thresholds=NEUTRAL,
        ),
        graph(
            "Refused",
            "Spans that were not taken, with the reason, and those that could not be read.",
            stack(_rate("tempo_discarded_spans_total", "region, reason"), "{{region}} {{reason}}"),
            stack(_rate("tempo_receiver_refused_spans", "region, receiver"), "{{region}} {{receiver}}"),
            unit="cps",
            thresholds=above(1),
        ),
    ]


def _kept() -> list[Panel]:
    completion = "tempo_live_store_completion_duration_seconds"
    return [
        graph(
            "Live traces of each region",
            "Traces in memory that may still get spans.",
            stack('sum by (region) (tempo_live_store_live_traces{job="tempo"})', "{{region}}"),
            unit="none",
            thresholds=NEUTRAL,
        ),
        graph(
            "Blocks completed",
            "Blocks that were completed and written, and attempts that failed.",
            stack(_rate("tempo_live_store_blocks_completed_total", "region"), "completed {{region}}"),
            stack(_rate("tempo_live_store_failed_completions_total", "region"), "failed {{region}}"),
            unit="cps",
            thresholds=NEUTRAL,
        ),
        graph(
            "Time to complete",
            "99th percentile of completing a block.",
            stack(
                f"histogram_quantile(0.99, {_rate(f'{completion}_bucket', 'le, region')})",
                "{{region}}",
            ),
            unit="s",
            thresholds=above(60),
        ),
        graph(
            "Blocks",
            "Blocks in the bucket. Compaction keeps their number down.",
            stack('max by (region) (tempodb_blocklist_length{job="tempo"})', "{{region}}"),
            unit="none",
            thresholds=NEUTRAL,
        ),
        graph(
            "Retention",
            "Blocks that were marked and deleted within a day.",
            stack('sum by (region) (increase(tempodb_retention_marked_for_deletion_total{job="tempo"}[1d]))', "marked"),
            stack('sum by (region) (increase(tempodb_retention_deleted_total{job="tempo"}[1d]))', "deleted"),
            unit="none",
            thresholds=NEUTRAL,
        ),
        graph(
            "Errors",
            "Compactions, deletions and looks at the bucket that failed within an hour.",
            stack(
                'sum by (region) (increase(tempodb_compaction_errors_total{job="tempo"}[1h]))', "compaction {{region}}"
            ),
            stack('sum by (region) (increase(tempodb_retention_errors_total{job="tempo"}[1h]))', "deletion {{region}}"),
            stack(
                'sum by (region) (increase(tempodb_blocklist_poll_errors_total{job="tempo"}[1h]))', "looks {{region}}"
            ),
            unit="none",
            thresholds=above(1),
        ),
    ]


def _queries() -> list[Panel]:
    asked = f"rate(tempo_request_duration_seconds_count{{{_HTTP}}}[$__rate_interval])"
    return [
        graph(
            "Queries",
            "What Grafana asks, by kind and status.",
            stack(
                f"sum by (route, status_code) ({asked})",
                "{{route}} {{status_code}}",
            ),
            unit="reqps",
            thresholds=NEUTRAL,
        ),
        graph(
            "Latency",
            "99th percentile, by kind. A search looks at all blocks of its time.",
            stack(_quantile("le, route"), "{{route}}"),
            unit="s",
            thresholds=above(10),
        ),
        graph(
            "Bytes looked at",
            "What queries read of blocks.",
            stack(_rate("tempo_query_frontend_bytes_inspected_total", "region, op"), "{{region}} {{op}}"),
            unit="Bps",
            thresholds=NEUTRAL,
        ),
    ]


def _generator() -> list[Panel]:
    return [
        graph(
            "Series",
            "Series that are made of spans, and how many there may be.",
            stack('sum by (region) (tempo_metrics_generator_registry_active_series{job="tempo"})', "made {{region}}"),
            stack(
                'max by (region) (tempo_metrics_generator_registry_max_active_series{job="tempo"})',
                "allowed {{region}}",
            ),
            unit="short",
            thresholds=NEUTRAL,
        ),
        graph(
            "Not counted",
            "Spans that came too late to be counted, and series above the limit.",
            stack(_rate("tempo_metrics_generator_spans_discarded_total", "region, reason"), "{{region}} {{reason}}"),
            stack(_rate("tempo_metrics_generator_registry_series_limited_total", "region"), "{{region}} series"),
            unit="cps",
            thresholds=above(1),
        ),
        graph(
            "Edges of the service map",
            "Pairs of a call and its answer that were found, and calls whose other side never came.",
            stack(_rate("tempo_metrics_generator_processor_service_graphs_edges", "region"), "found {{region}}"),
            stack(
                _rate("tempo_metrics_generator_processor_service_graphs_expired_edges", "region"), "alone {{region}}"
            ),
            unit="cps",
            thresholds=NEUTRAL,
        ),
        graph(
            "Samples written",
            "Samples that Tempo writes to Receive, and those that were refused for good.",
            stack(_rate("prometheus_remote_storage_samples_total", "region"), "written {{region}}"),
            stack(_rate("prometheus_remote_storage_samples_failed_total", "region"), "lost {{region}}"),
            unit="cps",
            thresholds=NEUTRAL,
        ),
        graph(
            "Exemplars written",
            "Exemplars that Tempo writes to Receive: what leads from a panel to a trace.",
            stack(_rate("prometheus_remote_storage_exemplars_total", "region"), "written {{region}}"),
            stack(_rate("prometheus_remote_storage_exemplars_failed_total", "region"), "lost {{region}}"),
            unit="cps",
            thresholds=NEUTRAL,
        ),
        graph(
            "Behind",
            "Samples that wait to be written.",
            stack('sum by (region) (prometheus_remote_storage_samples_pending{job="tempo"})', "{{region}}"),
            unit="short",
            thresholds=NEUTRAL,
        ),
    ]
