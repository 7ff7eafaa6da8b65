"""Services as their callers see them, from what Tempo makes of their spans, and the traces behind the numbers."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import page
from dashboards.page import choice, figure, row
from dashboards.panels import NEUTRAL, Column, Panel, above, found_traces, graph, number, rows, service_map
from dashboards.targets import Ask, edges, services, stack

#: What is answered for others: each request counts once, at its receiver.
_SERVED = 'span_kind=~"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER"'
_FAILED = f'{_SERVED},status_code="STATUS_CODE_ERROR"'
#: One that has never failed has no series of failures.
_ERRORS = """
(sum {by} (rate(traces_spanmetrics_calls_total{{{failed}}}[$__rate_interval])) or
0 * sum {by} (rate(traces_spanmetrics_calls_total{{{served}}}[$__rate_interval])))
/ sum {by} (rate(traces_spanmetrics_calls_total{{{served}}}[$__rate_interval]))
"""
#: With no edge chosen also traces that name none: `".*"` is what "all" stands for here.
_TRACES = (
    '{resource.service.name=~"$service" && duration>$min_duration'
    ' && (resource.k8s.cluster.name=~"$cluster" || ".*"="$cluster")%s}'
)


def dashboard() -> Dashboard:
    found = page.with_tempo(page.page("overview", "How services do, and what they were doing when they did not."))
    cluster = 'label_values(traces_spanmetrics_calls_total{region=~"$region"}, cluster)'
    found.with_variable(choice("cluster", "Cluster", cluster, all_value=".*"))
    service = 'label_values(traces_spanmetrics_calls_total{region=~"$region",cluster=~"$cluster"}, service)'
    found.with_variable(choice("service", "Service", service, all_value=".*"))
    found.with_variable(figure("min_duration", "Traces longer than", "1ms", "A duration of TraceQL, e.g. 250ms."))
    row(found, "Chosen services", _summary())
    row(found, "Rate, errors, duration", _red())
    row(found, "Traces", _traces())
    row(found, "Operations", [_operations()])
    row(found, "The platform itself", _platform())
    return found


def _errors(by: str) -> str:
    return " ".join(_ERRORS.format(by=by, served=_SERVED, failed=_FAILED).split())


def _rate(by: str) -> str:
    return f"sum {by} (rate(traces_spanmetrics_calls_total{{{_SERVED}}}[$__rate_interval]))"


def _quantile(quantile: str, by: str) -> str:
    buckets = f"rate(traces_spanmetrics_latency_bucket{{{_SERVED}}}[$__rate_interval])"
    return f"histogram_quantile({quantile}, sum by ({by}) ({buckets}))"


def _summary() -> list[Panel]:
    return [
        number(
            "Requests",
            "What the chosen services answer, all together.",
            services(_rate(""), ""),
            unit="reqps",
            thresholds=NEUTRAL,
            span=6,
        ),
        number(
            "Share of errors",
            "Share of the answers whose span has the status error.",
            services(_errors(""), ""),
            unit="percentunit",
            thresholds=above(0.05, 0.01),
            span=6,
        ),
        number(
            "95th percentile",
            "19 of 20 answers take less.",
            services(_quantile("0.95", "le"), ""),
            unit="s",
            thresholds=above(1, 0.3),
            span=6,
        ),
        number(
            "Services",
            "Services that have answered somebody in the last 15 min.",
            services(f"count(sum by (service) (rate(traces_spanmetrics_calls_total{{{_SERVED}}}[15m])) > 0)", ""),
            unit="none",
            thresholds=NEUTRAL,
            span=6,
        ),
    ]


def _red() -> list[Panel]:
    return [
        graph(
            "Rate",
            "Requests that each service answers (spans of the kinds server and consumer).",
            services(_rate("by (service)"), "{{service}}"),
            unit="reqps",
            thresholds=NEUTRAL,
        ),
        graph(
            "Errors",
            "Share of the answers whose span has the status error.",
            services(_errors("by (service)"), "{{service}}"),
            unit="percentunit",
            thresholds=above(0.05),
        ),
        graph(
            "Duration",
            "Percentiles over the chosen services. The dots are single requests (exemplars): a click opens the trace.",
            services(_quantile("0.5", "le"), "50 %"),
            services(_quantile("0.95", "le"), "95 %"),
            services(_quantile("0.99", "le"), "99 %", exemplars=True),
            unit="s",
            thresholds=above(1),
        ),
    ]


def _traces() -> list[Panel]:
    return [
        service_map(
            "Service map",
            "Who calls whom: the chosen services and their neighbours, in the chosen regions. It knows no clusters.",
            '{region=~"${region:regex}",client=~"${service:regex}"}',
            '{region=~"${region:regex}",server=~"${service:regex}"}',
            unit="none",
            thresholds=NEUTRAL,
        ),
        found_traces(
            "Traces",
            "The newest traces with a span of a chosen service in a chosen cluster, by one region's Tempo.",
            _TRACES % "",
            unit="ms",
            thresholds=NEUTRAL,
        ),
        found_traces(
            "Traces with errors",
            "The newest traces in which a span of a chosen service failed, by one region's Tempo.",
            _TRACES % " && status=error",
            unit="ms",
            thresholds=NEUTRAL,
        ),
        found_traces(
            "Traces that wait for others",
            "The newest traces in which a call that a chosen service made took more than half a second.",
            _TRACES % " && kind=client && duration>500ms",
            unit="ms",
            thresholds=NEUTRAL,
        ),
    ]


def _operations() -> Panel:
    by = "service, span_name"
    return rows(
        "Operations",
        "Each operation of the chosen services, at the end of the chosen time.",
        Column("Requests", services(_rate(f"by ({by})"), ""), "reqps", NEUTRAL),
        Column("Errors", services(_errors(f"by ({by})"), ""), "percentunit", above(0.05, 0.01)),
        Column("95 %", services(_quantile("0.95", f"{by}, le"), ""), "s", above(1, 0.3)),
        unit="none",
        thresholds=NEUTRAL,
    )


def _platform() -> list[Panel]:
    writes = 'max(job_handler:http_requests_failed:ratio_rate5m{job="receive-router",handler="receive"})'
    reads = 'max(job_handler:http_request_duration_seconds:p99_rate5m{job="query-frontend"})'
    silent = "count(last_over_time(cluster:up:count{}[1d]) unless on (region, cluster) cluster:up:count{})"
    firing = 'count(ALERTS{alertstate="firing",alertname!="Watchdog"}) or vector(0)'
    refused = "sum(rate(tempo_discarded_spans_total{}[$__rate_interval])) or vector(0)"
    return [
        number(
            "Writes that fail",
            "Share of remote write that Receive answers 5xx.",
            stack(writes, ""),
            unit="percentunit",
            thresholds=above(0.05, 0.01),
            opens="receive",
        ),
        number(
            "Slowest queries",
            "99th percentile of the Query Frontend's slowest handler.",
            stack(reads, ""),
            unit="s",
            thresholds=above(30, 10),
            opens="query",
        ),
        number(
            "Spans refused",
            "Spans that Tempo has not taken.",
            stack(refused, ""),
            unit="cps",
            thresholds=above(1, 0.01),
            opens="tempo",
        ),
        number(
            "Compactor halted",
            "1: it has met blocks that it must not touch, and waits for somebody.",
            stack('max(thanos_compact_halted{job="compactor"})', ""),
            unit="none",
            thresholds=above(1),
            opens="compactor",
        ),
        number(
            "Silent edges",
            "Edges that were heard of within a day, and are not now.",
            edges(f"{silent} or vector(0)", ""),
            unit="none",
            thresholds=above(1),
            opens="fleet",
        ),
        number(
            "Alerts",
            "Alerts that fire in the chosen regions, the stack's and those about edges.",
            Ask(firing.replace("{", '{region=~"$region",'), ""),
            unit="none",
            thresholds=above(1),
            opens="fleet",
        ),
    ]
