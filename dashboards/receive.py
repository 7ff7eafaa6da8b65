"""The write path, from the gateway to the ingesters' volumes and the bucket."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import page
from dashboards.page import row
from dashboards.panels import NEUTRAL, Panel, above, graph, number
from dashboards.targets import Ask, stack

_WRITES = 'job="receive-router",handler="receive"'
_EDGES = 'job="gateway",envoy_http_conn_manager_prefix="edges"'


def dashboard() -> Dashboard:
    about = "Whether what edges write is let in, stored often enough, and uploaded."
    found = page.with_edges(page.page("receive", about))
    row(found, "Now", _now())
    row(found, "Gateway", _gateway())
    row(found, "Routers", _routers())
    row(found, "Ingesters", _ingesters())
    row(found, "Volumes and uploads", _volumes())
    return found


def _per_second(selector: str, by: str) -> str:
    return f"sum by ({by}) (rate({selector}[$__rate_interval]))"


def _failing() -> Ask:
    return stack(f"job_handler:http_requests_failed:ratio_rate5m{{{_WRITES}}}", "{{region}}")


def _now() -> list[Panel]:
    missing = (
        'max(thanos_receive_hashring_nodes{job="receive-router"})'
        ' - sum(thanos_status{job="receive-ingester",check="ready"})'
    )
    return [
        number(
            "Samples",
            "Samples a second that routers take, each counted once.",
            stack("sum(job_pod_tenant:thanos_receive_write_samples:rate5m{})", ""),
            unit="cps",
            thresholds=NEUTRAL,
        ),
        number(
            "Writes that fail",
            "Share of remote write that is answered 5xx: no quorum. Agents try again.",
            stack(f"max(job_handler:http_requests_failed:ratio_rate5m{{{_WRITES}}})", ""),
            unit="percentunit",
            thresholds=above(0.05, 0.01),
        ),
        number(
            "Copies that fail",
            "Share of the copies that an ingester did not store; writes may succeed with the others.",
            stack("max(job:thanos_receive_replications_failed:ratio_rate5m{})", ""),
            unit="percentunit",
            thresholds=above(0.01),
        ),
        number(
            "Ingesters missing",
            "Members of the ring that are not ready. In several regions at once this says nothing: choose one.",
            stack(missing, ""),
            unit="none",
            thresholds=above(2, 1),
        ),
        number(
            "Series",
            "Series in memory, every copy counted.",
            stack('sum(job_pod:prometheus_tsdb_head_series:sum{job="receive-ingester"})', ""),
            unit="short",
            thresholds=NEUTRAL,
        ),
        number(
            "Certificate",
            "How long the gateway's certificate is still valid.",
            stack('min(envoy_listener_ssl_certificate_expiration_unix_time_seconds{job="gateway"}) - time()', ""),
            unit="s",
            thresholds=((None, "red"), (3 * 86400, "orange"), (14 * 86400, "green")),
        ),
    ]


def _gateway() -> list[Panel]:
    # Traces have routes of their own, EDGE/traces; see the dashboard of Tempo.
    route = 'job="gateway",envoy_virtual_host="edges",envoy_route=~"$cluster",envoy_route!~".+/traces"'
    latency = f"envoy_vhost_route_upstream_rq_time_bucket{{{route}}}"
    prefix = "envoy_local_http_ratelimit_prefix"
    limited = f'envoy_http_local_rate_limit_rate_limited{{job="gateway",{prefix}=~"$cluster",{prefix}!~".+/traces"}}'
    return [
        graph(
            "Writes of each edge",
            "Requests that the gateway passes on, by the edge whose token they have.",
            stack(_per_second(f"envoy_vhost_route_upstream_rq_total{{{route}}}", "envoy_route"), "{{envoy_route}}"),
            unit="reqps",
            thresholds=NEUTRAL,
        ),
        graph(
            "Answers",
            "All that the gateway answers, by class of status.",
            stack(
                _per_second(f"envoy_http_downstream_rq_xx{{{_EDGES}}}", "envoy_response_code_class"),
                "{{envoy_response_code_class}}xx",
            ),
            unit="reqps",
            thresholds=NEUTRAL,
        ),
        graph(
            "Latency of each edge",
            "99th percentile of the time that routers take for an edge's writes.",
            stack(f"histogram_quantile(0.99, {_per_second(latency, 'le, envoy_route')})", "{{envoy_route}}"),
            unit="ms",
            thresholds=above(2000),
        ),
        graph(
            "Answered 429, of each edge",
            "Writes above an edge's limit. Agents try these again.",
            stack(_per_second(limited, prefix), "{{envoy_local_http_ratelimit_prefix}}"),
            unit="reqps",
            thresholds=above(1),
        ),
        graph(
            "Answered 401 and 413",
            "Writes without a valid token, whose edge nobody knows, and writes that are too large. Both are lost.",
            stack(_per_second(f"envoy_http_rq_direct_response{{{_EDGES}}}", "region"), "401 {{region}}"),
            stack(_per_second(f"envoy_http_downstream_rq_too_large{{{_EDGES}}}", "region"), "413 {{region}}"),
            unit="reqps",
            thresholds=above(0.01),
        ),
        graph(
            "Memory",
            "Share of its heap that a pod of the gateway has taken. At 90 % it answers 503.",
            stack(
                'max by (pod) (envoy_overload_envoy_resource_monitors_fixed_heap_pressure{job="gateway"})', "{{pod}}"
            ),
            unit="percent",
            thresholds=above(90, 75),
        ),
    ]


def _routers() -> list[Panel]:
    return [
        graph(
            "Samples of each tenant",
            "Samples that were stored, by tenant.",
            stack("sum by (region, tenant) (job_pod_tenant:thanos_receive_write_samples:rate5m{})", "{{tenant}}"),
            unit="cps",
            thresholds=NEUTRAL,
            stacked=True,
        ),
        graph(
            "Writes refused, of each tenant",
            "Writes that routers answer 4xx or 5xx. 429 and 5xx are tried again, all others are lost.",
            stack(_per_second(f'http_requests_total{{{_WRITES},code!~"2.."}}', "tenant, code"), "{{tenant}} {{code}}"),
            unit="reqps",
            thresholds=above(1),
        ),
        graph(
            "Writes that fail, over time",
            "Share of the writes that are answered 5xx: fewer ingesters than a quorum have stored them.",
            _failing(),
            unit="percentunit",
            thresholds=above(0.05),
        ),
        graph(
            "Copies that fail, over time",
            "Share of the copies that an ingester did not store. What has fewer copies is lost with fewer ingesters.",
            stack("job:thanos_receive_replications_failed:ratio_rate5m{}", "{{region}}"),
            unit="percentunit",
            thresholds=above(0.01),
        ),
        graph(
            "Latency",
            "99th percentile of a write, until a quorum has stored it. A copy is given up after 5 s.",
            stack(f"job_handler:http_request_duration_seconds:p99_rate5m{{{_WRITES}}}", "{{region}}"),
            unit="s",
            thresholds=above(2),
        ),
        graph(
            "Ring",
            "Members of the ring, and ingesters that are ready. They differ while their number is changed.",
            stack('max by (region) (thanos_receive_hashring_nodes{job="receive-router"})', "in the ring {{region}}"),
            stack('sum by (region) (thanos_status{job="receive-ingester",check="ready"})', "ready {{region}}"),
            unit="none",
            thresholds=NEUTRAL,
        ),
        graph(
            "Refused by the limit of series",
            "Writes of tenants with more active series than they may have, answered 429.",
            stack(
                _per_second('thanos_receive_head_series_limited_requests_total{job="receive-router"}', "tenant"),
                "{{tenant}}",
            ),
            unit="reqps",
            thresholds=above(0.01),
        ),
        graph(
            "Writes at a time",
            "Writes that routers work on, as a share of receive.maxConcurrency. At 1 others wait.",
            stack(
                "max by (region, pod) ("
                'thanos_receive_write_request_concurrent_gate_write_requests_in_flight{job="receive-router"}'
                ' / thanos_receive_write_request_concurrent_gate_write_requests_max{job="receive-router"})',
                "{{pod}}",
            ),
            unit="percentunit",
            thresholds=above(0.9),
        ),
        graph(
            "Refused by limits of a request",
            "Writes of a tenant with more bytes, series or samples than a request may have, answered 413 and lost.",
            stack(_per_second("thanos_receive_write_limits_hit_count{}", "tenant, limit"), "{{tenant}} {{limit}}"),
            unit="reqps",
            thresholds=above(0.01),
        ),
    ]


def _ingesters() -> list[Panel]:
    lost = "prometheus_tsdb_out_of_order_samples_total", "prometheus_tsdb_too_old_samples_total"
    bound = "prometheus_tsdb_out_of_bound_samples_total"
    job = 'job="receive-ingester"'
    return [
        graph(
            "Series of each ingester",
            "Series in each ingester's memory. One with many more than the others runs out first.",
            stack(f"job_pod:prometheus_tsdb_head_series:sum{{{job}}}", "{{pod}}"),
            unit="short",
            thresholds=NEUTRAL,
        ),
        graph(
            "New series",
            "Series that began, a second: restarts of workloads at edges, or labels that always change.",
            stack(_per_second(f"prometheus_tsdb_head_series_created_total{{{job}}}", "region, tenant"), "{{tenant}}"),
            unit="cps",
            thresholds=NEUTRAL,
        ),
        graph(
            "Samples too late",
            "Samples that were refused: out of order, too old, out of bounds. They are lost.",
            stack(_per_second(f"{lost[0]}{{{job}}}", "tenant"), "out of order {{tenant}}"),
            stack(_per_second(f"{lost[1]}{{{job}}}", "tenant"), "too old {{tenant}}"),
            stack(_per_second(f"{bound}{{{job}}}", "tenant"), "out of bounds {{tenant}}"),
            unit="cps",
            thresholds=above(1),
        ),
    ]


def _volumes() -> list[Panel]:
    job = 'job="receive-ingester"'
    return [
        graph(
            "Write-ahead log",
            "Size of the log on each volume. Replaying it is what makes a restart slow.",
            stack(f"sum by (pod) (prometheus_tsdb_wal_storage_size_bytes{{{job}}})", "{{pod}}"),
            unit="bytes",
            thresholds=NEUTRAL,
        ),
        graph(
            "Uploads",
            "Blocks that were uploaded within 2 h, of each ingester. One is cut every 2 h.",
            stack(f"sum by (pod) (increase(thanos_shipper_uploads_total{{{job}}}[2h]))", "{{pod}}"),
            unit="none",
            thresholds=NEUTRAL,
        ),
        graph(
            "Failures",
            "Uploads, writes to the log, and compactions of the head that failed within 15 min. None is normal.",
            stack(f"sum by (pod) (increase(thanos_shipper_dir_sync_failures_total{{{job}}}[15m]))", "upload {{pod}}"),
            stack(f"sum by (pod) (increase(prometheus_tsdb_wal_writes_failed_total{{{job}}}[15m]))", "log {{pod}}"),
            stack(
                f"sum by (pod) (increase(prometheus_tsdb_compactions_failed_total{{{job}}}[15m]))", "compaction {{pod}}"
            ),
            unit="none",
            thresholds=above(1),
        ),
    ]
