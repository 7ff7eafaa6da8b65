"""The dashboards that are asked."""

from collections.abc import Sequence
from dataclasses import dataclass

HOUR = 3600
DAY = 24 * HOUR
#: Seconds between the samples of the made-up data.
SCRAPE_INTERVAL = 60
#: Panels that a browser asks for at the same time: its connections to one host.
CONCURRENCY = 6
#: Range and step in seconds, as Grafana chooses the step for panels of a thousand points or somewhat more.
LONG = ((DAY, 60), (7 * DAY, 600), (14 * DAY, 1200))
#: What is on the wall all day.
SHORT = ((6 * HOUR, 15),)
EXPRESSIONS = (
    "sum by (cluster) (rate(http_requests_total[{window}s]))",
    "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[{window}s])))",
    "sum by (namespace) (container_memory_working_set_bytes)",
    "sum by (namespace) (rate(container_cpu_usage_seconds_total[{window}s]))",
)


@dataclass(frozen=True)
class Request:
    """A range query; times in Unix seconds, on the grid of the step."""

    query: str
    start: int
    end: int
    step: int


def requests(end: int, *, spans: Sequence = LONG, slid: int = 0, nonce: int | None = None) -> list[Request]:
    """The queries of a dashboard up to `end`: every expression over every span, slid on by `slid` of its own steps.

    A `nonce` makes every query one that was never asked before, and nothing else: it is added to each value. Ends are
    put on the grid of the step, as Grafana does, so that a Query that is asked directly answers for the same times as a
    Query Frontend that aligns them.
    """
    found = []
    for span, step in spans:
        window = max(step + SCRAPE_INTERVAL, 4 * SCRAPE_INTERVAL)  # Grafana's $__rate_interval
        last = (end // step + slid) * step
        for expression in EXPRESSIONS:
            query = expression.format(window=window)
            if nonce is not None:
                query = f"{query} + {nonce}"
            found.append(Request(query, last - span, last, step))
    return found
