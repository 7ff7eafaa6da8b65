"""Who may write through the gateway: its routes, which Envoy watches.

There is one for each token, found by the whole Authorization header; what none of them matches is refused. Envoy's
documentation of routes (v1.39) has every key.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from render.gateway import EDGES, ROUTERS, typed
from render.thanos_flags import REMOTE_WRITE_PATH

#: A Secret has at most 1 MiB (k8s.io/api/core/v1, MaxSecretSize), and a route with the longest name 950 bytes.
MOST_TOKENS = 1000
TENANT_HEADER = "THANOS-TENANT"
#: Routers ask their ingesters for at most 5 s (Receive's forward timeout); a retry included.
_TIMEOUT = "15s"


@dataclass(frozen=True)
class Pass:
    """What one token opens."""

    token: str
    edge: str
    tenant: str
    requests_per_second: int
    """Of each gateway pod."""


def document(passes: Iterable[Pass]) -> str:
    """The file of the routes. It has the tokens in it: a secret."""
    table = typed(
        "config.route.v3.RouteConfiguration",
        name=EDGES,
        virtual_hosts=[{"name": EDGES, "domains": ["*"], "routes": [*map(_admitted, passes), _refused()]}],
    )
    # Not YAML: in the one that Envoy reads, an edge named n or 1e3 is false or a number, and the file is refused.
    return json.dumps({"resources": [table]}, separators=(",", ":"))


def _admitted(found: Pass) -> dict:
    bucket = {
        "max_tokens": found.requests_per_second,
        "tokens_per_fill": found.requests_per_second,
        "fill_interval": "1s",
    }
    always = {"default_value": {"numerator": 100}}
    limit = typed(
        "extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix=found.edge,
        token_bucket=bucket,
        filter_enabled=always,
        filter_enforced=always,
    )
    return {
        "match": {
            "path": REMOTE_WRITE_PATH,
            "headers": [{"name": "authorization", "string_match": {"exact": f"Bearer {found.token}"}}],
        },
        "stat_prefix": found.edge,
        "route": {
            "cluster": ROUTERS,
            "timeout": _TIMEOUT,
            # Nothing has been written by then.
            "retry_policy": {"retry_on": "connect-failure,refused-stream", "num_retries": 2},
        },
        "request_headers_to_remove": ["authorization"],
        # Whatever the edge itself says it is.
        "request_headers_to_add": [
            {"header": {"key": TENANT_HEADER, "value": found.tenant}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        ],
        "typed_per_filter_config": {"envoy.filters.http.local_ratelimit": limit},
    }


def _refused() -> dict:
    """No token, or one that opens nothing. Nobody's request is held in memory until that is known."""
    unbuffered = typed("extensions.filters.http.buffer.v3.BufferPerRoute", disabled=True)
    return {
        "match": {"path": REMOTE_WRITE_PATH},
        "direct_response": {"status": 401},
        "response_headers_to_add": [{"header": {"key": "www-authenticate", "value": "Bearer"}}],
        "typed_per_filter_config": {"envoy.filters.http.buffer": unbuffered},
    }
