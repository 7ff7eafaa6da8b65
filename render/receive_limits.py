"""limits.yaml: what the routers accept. They read it again when it changes; a wrong one they ignore with a log line."""

from collections.abc import Mapping
from typing import TypedDict

import yaml


class RequestLimits(TypedDict):
    """What one remote-write request may hold."""

    size_bytes: int
    series: int
    samples: int


def document(
    *,
    max_concurrency: int,
    request: RequestLimits,
    tenants: Mapping[str, RequestLimits],
    head_series: int,
    meta_monitoring_url: str | None,
    replication_factor: int,
) -> str:
    """The limits; 0: no limit.

    `head_series` counts each series once; Thanos counts every copy, so it is given the number times the replication
    factor. It asks `meta_monitoring_url` for the count.
    """
    default: dict[str, object] = {"request": _request(request)}
    whole: dict[str, object] = {"max_concurrency": max_concurrency}
    if head_series:
        default["head_series_limit"] = head_series * replication_factor
        whole["meta_monitoring_url"] = meta_monitoring_url
    write: dict[str, object] = {"global": whole, "default": default}
    if tenants:
        write["tenants"] = {name: {"request": _request(limits)} for name, limits in sorted(tenants.items())}
    return yaml.safe_dump({"write": write}, sort_keys=False)


def _request(limits: RequestLimits) -> dict[str, int]:
    return {f"{name}_limit": int(limits[name]) for name in ("size_bytes", "series", "samples")}
