"""Traces of a region: Tempo and its bucket."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components import Receive, Tempo
from settings import RegionSettings

from . import _buckets
from ._args import args

CONSUMER = "tempo"


def tempo(
    name: str,
    settings: RegionSettings,
    receive: Receive,
    common: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> Tempo | None:
    """None if the region keeps no traces. `common`: arguments that all of the write path has."""
    if not settings.tempo.enabled:
        return None
    traces = _buckets.bucket(name, "traces", settings, {CONSUMER: "compact"}, common["namespace"], opts)
    return Tempo(
        f"{name}-{CONSUMER}",
        args(
            {
                **common,
                **settings.tempo.model_dump(exclude={"enabled"}),
                **_buckets.location(settings),
                "max_request_bytes": settings.gateway.max_request_bytes,
                "remote_write_url": receive.remote_write_url,
                "bucket": traces.bucket,
                "service_account": f"{name}-{CONSUMER}",
                "role_arn": traces.role_arns[CONSUMER],
            }
        ),
        opts,
    )
