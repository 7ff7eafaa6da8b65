"""What it costs: series and samples, the bytes that they come to in the bucket, requests, and prices to put in.

Thanos has no metric for what is in a bucket. It is estimated as the capacity plan does (planner/bucket.py), from the
samples that are written now: right once the fleet has been as it is for as long as data is kept.
"""

from grafana_foundation_sdk.builders.dashboard import Dashboard, TextBoxVariable

from dashboards import page
from dashboards.page import figure, row
from dashboards.panels import NEUTRAL, Column, Panel, graph, number, rows
from dashboards.targets import edges, stack
from planner import bucket

#: S3 Standard's public list prices in us-east-1, in USD: for the first 50 TB a month, and for 1,000 requests.
_STORAGE, _WRITES, _READS = 0.023, 0.005, 0.0004
_LIST_PRICE = "S3 Standard's list price in us-east-1, to be replaced by yours."
_MONTH = 30 * 86400
#: The defaults of retention: 7 d, 30 d, 180 d and a delete delay of 48 h, in days.
_RAW, _FIVE_MINUTES, _ONE_HOUR, _DELAY = 7, 30, 180, 2
#: Of raw data, at a sample each 30 s.
_INTERVAL = 30

_AT_30S = "For a day, at a sample each 30 s; twice as much at 60 s."

_SAMPLES = "job_pod_tenant:thanos_receive_write_samples:rate5m{}"
#: Bytes that a day of samples takes at full resolution, one copy.
_DAILY = f"sum {{by}} ({_SAMPLES}) * 86400 * $bytes_per_sample"
#: Operations that cost what a PUT costs, and those that cost what a GET does; deletions are free.
_PUT, _GET = 'operation=~"upload|iter.*"', 'operation=~"get.*|exists|attributes"'
_TEMPO_PUT, _TEMPO_GET = 'operation=~"PUT|POST|LIST"', 'operation=~"GET|HEAD"'


def dashboard() -> Dashboard:
    about = "What the platform costs and whom for. Prices are variables: the defaults are list prices to be replaced."
    found = page.with_edges(page.page("cost", about, since="now-7d"))
    for variable in _figures():
        found.with_variable(variable)
    row(found, "A month", _month())
    row(found, "Who", [_who()])
    row(found, "Bucket", _bucket())
    row(found, "Requests", _requests())
    return found


def _figures() -> list[TextBoxVariable]:
    share = bucket.FIVE_MINUTES_SAMPLE / bucket.RAW_SAMPLE * _INTERVAL / bucket.FIVE_MINUTES.total_seconds()
    hourly = bucket.ONE_HOUR_SAMPLE / bucket.RAW_SAMPLE * _INTERVAL / bucket.ONE_HOUR.total_seconds()
    raw_days = _RAW + bucket.RAW_SPAN + bucket.RAW_DELAYS * _DELAY
    return [
        figure("price_gb_month", "Price of a GB-month", _STORAGE, f"Of 2^30 bytes. Default: {_LIST_PRICE}"),
        figure("price_puts", "Price of 1,000 PUTs", _WRITES, f"PUT, POST and LIST. Default: {_LIST_PRICE}"),
        figure("price_gets", "Price of 1,000 GETs", _READS, f"GET and HEAD. Default: {_LIST_PRICE}"),
        figure("bytes_per_sample", "Bytes a sample", bucket.RAW_SAMPLE, "In compacted blocks (planner/bucket.py)."),
        figure("raw_days", "Days of raw data", round(raw_days, 1), "In the bucket: for 7 d, and 48 h of delay."),
        figure(
            "days_5m",
            "Days of 5m data",
            round(_FIVE_MINUTES + bucket.FIVE_MINUTES_SPAN + _DELAY, 1),
            "In the bucket: for 30 d, and 48 h of delay.",
        ),
        figure(
            "days_1h",
            "Days of 1h data",
            round(_ONE_HOUR + bucket.ONE_HOUR_SPAN + _DELAY, 1),
            "In the bucket: for 180 d, and 48 h of delay.",
        ),
        figure("share_5m", "5m data to raw", round(share, 3), _AT_30S),
        figure("share_1h", "1h data to raw", round(hourly, 3), _AT_30S),
    ]


def _bytes(by: str = "") -> dict[str, str]:
    """Bytes in the bucket by resolution."""
    daily = _DAILY.replace("{by}", by)
    return {
        "raw": f"{daily} * $raw_days",
        "5m": f"{daily} * $share_5m * $days_5m",
        "1h": f"{daily} * $share_1h * $days_1h",
    }


def _operations(kind: str, range_: str, by: str = "") -> str:
    return f"sum {by} (rate(thanos_objstore_bucket_operations_total{{{kind}}}[{range_}]))"


def _month() -> list[Panel]:
    whole = " + ".join(f"({each})" for each in _bytes().values())
    storage = f"({whole}) / 2^30 * $price_gb_month"
    puts = f"{_operations(_PUT, '1d')} * {_MONTH} / 1000 * $price_puts"
    gets = f"{_operations(_GET, '1d')} * {_MONTH} / 1000 * $price_gets"
    return [
        number(
            "Storage of metrics",
            "USD a month for what the samples of now come to in the bucket, once it is full. An estimate.",
            stack(storage, ""),
            unit="currencyUSD",
            thresholds=NEUTRAL,
        ),
        number(
            "Storage of traces",
            "USD a month for what Tempo has in its bucket now.",
            stack('sum(tempodb_backend_bytes_total{job="tempo"}) / 2^30 * $price_gb_month', ""),
            unit="currencyUSD",
            thresholds=NEUTRAL,
        ),
        number(
            "PUT and LIST",
            "USD a month for Thanos's writes and lists, at the last day's rate. A large upload is several requests.",
            stack(puts, ""),
            unit="currencyUSD",
            thresholds=NEUTRAL,
        ),
        number(
            "GET",
            "USD a month for Thanos's reads, at the rate of the last day.",
            stack(gets, ""),
            unit="currencyUSD",
            thresholds=NEUTRAL,
        ),
        number(
            "Samples",
            "Samples a second that come in, those of both agents of a pair.",
            stack(f"sum({_SAMPLES})", ""),
            unit="cps",
            thresholds=NEUTRAL,
        ),
        number(
            "Series",
            "Series in the ingesters' memory, every copy counted: what they need memory for.",
            stack('sum(job_pod:prometheus_tsdb_head_series:sum{job="receive-ingester"})', ""),
            unit="short",
            thresholds=NEUTRAL,
        ),
    ]


def _who() -> Panel:
    scraped = "sum by (region, cluster) (scrape_samples_post_metric_relabeling{})"
    ratio = f"{scraped} / on () group_left () sum({scraped})"
    sent = "sum by (region, cluster) (rate(prometheus_remote_storage_samples_total{}[1d]))"
    size = "sum by (region, cluster) (rate(prometheus_remote_storage_bytes_total{}[1d]))"
    return rows(
        "Edges",
        "What each edge is a cause of. What agents say of themselves is missing where they do not send it.",
        Column("Series scraped", edges(scraped, ""), "short", NEUTRAL),
        Column("Share of all chosen", edges(ratio, ""), "percentunit", NEUTRAL),
        Column("Samples sent", edges(sent, ""), "cps", NEUTRAL),
        Column("Bytes sent", edges(size, ""), "Bps", NEUTRAL),
        unit="none",
        thresholds=NEUTRAL,
    )


def _bucket() -> list[Panel]:
    uploads = 'thanos_objstore_bucket_operation_transferred_bytes_sum{operation="upload"}'
    return [
        graph(
            "Bytes by resolution",
            "Estimated from the samples of each moment: what they come to once all of the bucket is like this.",
            *(stack(each, name) for name, each in _bytes().items()),
            unit="bytes",
            thresholds=NEUTRAL,
            stacked=True,
        ),
        graph(
            "Bytes of each tenant",
            "The same for all resolutions, by tenant. With shared tenancy there is only one.",
            stack(" + ".join(f"({each})" for each in _bytes("by (region, tenant)").values()), "{{region}} {{tenant}}"),
            unit="bytes",
            thresholds=NEUTRAL,
            stacked=True,
        ),
        graph(
            "Bytes of traces",
            "What Tempo has in its bucket.",
            stack('sum by (region, status) (tempodb_backend_bytes_total{job="tempo"})', "{{region}} {{status}}"),
            unit="bytes",
            thresholds=NEUTRAL,
            stacked=True,
        ),
        graph(
            "Uploaded",
            "By whom. The Compactor writes again what it merges.",
            stack(f"sum by (job) (rate({uploads}[$__rate_interval]))", "{{job}}"),
            unit="Bps",
            thresholds=NEUTRAL,
            span=24,
        ),
    ]


def _requests() -> list[Panel]:
    tempo = "tempodb_backend_request_duration_seconds_count"
    return [
        graph(
            "Operations",
            "Operations on the bucket, by kind. Deletions cost nothing.",
            stack(_operations("", "$__rate_interval", "by (operation)"), "{{operation}}"),
            unit="ops",
            thresholds=NEUTRAL,
        ),
        graph(
            "Who operates",
            "Operations on the bucket, by component. Stores that read much lack memory for their caches.",
            stack(_operations("", "$__rate_interval", "by (job)"), "{{job}}"),
            unit="ops",
            thresholds=NEUTRAL,
        ),
        graph(
            "Tempo's requests",
            "Requests of Tempo to its bucket, as they are paid for.",
            stack(f"sum(rate({tempo}{{{_TEMPO_PUT}}}[$__rate_interval]))", "PUT, LIST"),
            stack(f"sum(rate({tempo}{{{_TEMPO_GET}}}[$__rate_interval]))", "GET"),
            unit="ops",
            thresholds=NEUTRAL,
        ),
    ]
