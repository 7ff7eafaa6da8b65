"""The edges: whether each is heard of, how late, how much it sends, and what the gateway makes of it."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import page
from dashboards.page import row
from dashboards.panels import NEUTRAL, Column, Panel, above, graph, number, rows
from dashboards.targets import edges, stack

#: How late each agent's remote write is, as in alerts/ruler/fleet.yaml (EdgeAgentBehind): 0 sent is not sent yet.
_LAG = (
    "max by (region, cluster, instance) (prometheus_remote_storage_highest_timestamp_in_seconds{}"
    " - ignoring (remote_name, url) group_right ()"
    " (prometheus_remote_storage_queue_highest_sent_timestamp_seconds{} > 0))"
)
_DOWN = "count by (region, cluster) (up{} == 0) or 0 * cluster:up:count{}"
_SERIES = "sum by (region, cluster) (scrape_samples_post_metric_relabeling{})"
_SAMPLES = "sum by (region, cluster) (rate(prometheus_remote_storage_samples_total{}[$__rate_interval]))"
_FAILED = "sum by (region, cluster) (rate(prometheus_remote_storage_samples_failed_total{}[$__rate_interval]))"


def _at_gateway(metric: str, label: str, more: str = "") -> str:
    """A second, of a counter of the gateway that has an edge's name in `label`, under the edge's own label.

    Without what is counted of its traces, under EDGE/traces.
    """
    rate = f'rate({metric}{{job="gateway",{label}=~"$cluster",{label}!~".+/traces"{more}}}[$__rate_interval])'
    return f'label_replace(sum by (region, {label}) ({rate}), "cluster", "$1", "{label}", "(.*)")'


_WRITES = _at_gateway("envoy_vhost_route_upstream_rq_total", "envoy_route", ',envoy_virtual_host="edges"')
_LIMITED = _at_gateway("envoy_http_local_rate_limit_rate_limited", "envoy_local_http_ratelimit_prefix")


def dashboard() -> Dashboard:
    found = page.with_edges(page.page("fleet", "Which edges are heard of, and what each sends."))
    row(found, "All chosen edges", _summary())
    row(found, "Each edge", [_table()])
    row(found, "What arrives", _arriving())
    row(found, "Agents, where they send their own metrics", _agents())
    return found


def _summary() -> list[Panel]:
    refused = 'job="gateway",envoy_http_conn_manager_prefix="edges"'
    silent = "count(last_over_time(cluster:up:count{}[1d]) unless on (region, cluster) cluster:up:count{})"
    return [
        number(
            "Edges", "Edges that are heard of.", edges("count(cluster:up:count{})", ""), unit="none", thresholds=NEUTRAL
        ),
        number(
            "Silent",
            "Edges that were heard of within a day, and are not now.",
            edges(f"{silent} or vector(0)", ""),
            unit="none",
            thresholds=above(1),
        ),
        number(
            "Oldest newest sample",
            "Of the edge that is furthest behind: how old its newest sample is.",
            edges("max(cluster:up:lag_seconds{})", ""),
            unit="s",
            thresholds=above(180, 120),
        ),
        number(
            "Targets down",
            "Targets of edges that cannot be scraped.",
            edges("count(up{} == 0) or vector(0)", ""),
            unit="none",
            thresholds=above(10, 1),
        ),
        number(
            "Held back",
            "Writes that the gateway has answered 429, a second. Agents try these again.",
            stack('sum(rate(envoy_http_local_rate_limit_rate_limited{job="gateway"}[$__rate_interval]))', ""),
            unit="reqps",
            thresholds=above(1, 0.01),
            opens="receive",
        ),
        number(
            "No valid token",
            "Writes that were answered 401, a second: by whom is not known. Agents do not try these again.",
            stack(f"sum(rate(envoy_http_rq_direct_response{{{refused}}}[$__rate_interval]))", ""),
            unit="reqps",
            thresholds=above(0.01),
            opens="receive",
        ),
    ]


def _table() -> Panel:
    lag = _LAG.replace("max by (region, cluster, instance)", "max by (region, cluster)")
    return rows(
        "Each edge",
        "Each edge, at the end of the chosen time. The last four are missing where agents keep that to themselves.",
        Column("Targets", edges("cluster:up:count{}", ""), "none", NEUTRAL),
        Column("Down", edges(_DOWN, ""), "none", above(10, 1)),
        Column("Newest sample", edges("cluster:up:lag_seconds{}", ""), "s", above(180, 120)),
        Column("Series scraped", edges(_SERIES, ""), "short", NEUTRAL),
        Column("Samples sent", edges(_SAMPLES, ""), "cps", NEUTRAL),
        Column("Writes", stack(_WRITES, ""), "reqps", NEUTRAL),
        Column("Answered 429", stack(_LIMITED, ""), "reqps", above(1, 0.01)),
        Column("Agent behind", edges(lag, ""), "s", above(120, 60)),
        Column("Samples lost", edges(_FAILED, ""), "cps", above(0.01)),
        unit="none",
        thresholds=NEUTRAL,
    )


def _arriving() -> list[Panel]:
    return [
        graph(
            "Newest sample",
            "How old each edge's newest sample is; it grows while an edge catches up from an outage.",
            edges("cluster:up:lag_seconds{}", "{{region}} {{cluster}}"),
            unit="s",
            thresholds=above(180),
        ),
        graph(
            "Series",
            "What an edge's agents scrape, before filters; both agents of a pair count once.",
            edges(_SERIES, "{{region}} {{cluster}}"),
            unit="short",
            thresholds=NEUTRAL,
        ),
        graph(
            "Targets",
            "Targets of each edge, up or not.",
            edges("cluster:up:count{}", "{{region}} {{cluster}}"),
            unit="none",
            thresholds=NEUTRAL,
        ),
        graph(
            "Writes",
            "Requests of each edge that the gateway passes on, of all its agents.",
            stack(_WRITES, "{{region}} {{cluster}}"),
            unit="reqps",
            thresholds=NEUTRAL,
            span=12,
        ),
        graph(
            "Answered 429",
            "Writes above an edge's limit. Normal for a while after an outage.",
            stack(_LIMITED, "{{region}} {{cluster}}"),
            unit="reqps",
            thresholds=above(1),
            span=12,
        ),
    ]


def _agents() -> list[Panel]:
    return [
        graph(
            "Behind",
            "How much newer the agent's samples are than what it has sent.",
            edges(_LAG, "{{cluster}} {{instance}}"),
            unit="s",
            thresholds=above(120),
        ),
        graph(
            "Samples",
            "Samples that each edge sends; of a pair of agents, one's.",
            edges(_SAMPLES, "{{region}} {{cluster}}"),
            unit="cps",
            thresholds=NEUTRAL,
        ),
        graph(
            "Samples lost",
            "Samples that were refused for good: 400, 401, 409, 413.",
            edges(_FAILED, "{{region}} {{cluster}}"),
            unit="cps",
            thresholds=above(0.01),
        ),
        graph(
            "Shards",
            "Connections that an agent writes by, as a share of those it may have. At 1 it can be no faster.",
            edges(
                "max by (region, cluster, instance)"
                " (prometheus_remote_storage_shards{} / prometheus_remote_storage_shards_max{})",
                "{{cluster}} {{instance}}",
            ),
            unit="percentunit",
            thresholds=above(0.9),
            span=12,
        ),
        graph(
            "Samples tried again",
            "Samples that had to be sent again: the region was away, or answered 429.",
            edges(
                "sum by (region, cluster) (rate(prometheus_remote_storage_samples_retried_total{}[$__rate_interval]))",
                "{{region}} {{cluster}}",
            ),
            unit="cps",
            thresholds=NEUTRAL,
            span=12,
        ),
    ]
