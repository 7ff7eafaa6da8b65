"""Who may write through the gateway: its routes, which Envoy watches.

There is one for each token and kind of write, found by the path and the whole Authorization header; what none of them
matches is refused. Envoy's documentation of routes (v1.39) has every key.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import yaml

from render import Document, _yaml
from render.gateway import EDGES, ROUTERS, TEMPO_GRPC, TEMPO_HTTP, typed
from render.tempo import OTLP_GRPC_PATH, OTLP_HTTP_PATH
from render.thanos_flags import REMOTE_WRITE_PATH

#: A Secret has at most 1 MiB (k8s.io/api/core/v1, MaxSecretSize), and the routes of a token with the longest name have
#: 1.2 kB.
MOST_TOKENS = 800
TENANT_HEADER = "THANOS-TENANT"
#: Routers ask their ingesters for at most 5 s (Receive's forward timeout); a retry included.
_TIMEOUT = "15s"
#: Where a write goes to, by its path.
_METRICS = {REMOTE_WRITE_PATH: {"cluster": ROUTERS, "timeout": _TIMEOUT}}
_TRACES = {
    OTLP_HTTP_PATH: {"cluster": TEMPO_HTTP, "timeout": _TIMEOUT},
    OTLP_GRPC_PATH: {"cluster": TEMPO_GRPC, "timeout": _TIMEOUT},
}
#: After the name of an edge, which has no such character: its traces are counted apart from its metrics.
TRACES_SUFFIX = "/traces"
_ALWAYS = {"default_value": {"numerator": 100}}


class _Dumper(_yaml.Dumper):
    """What occurs more than once is written once (`&id001`, `*id001`): three routes of a token in the room of two."""


# In quotes: the YAML that Envoy reads takes an edge named n or 1e3 for false or a number, and refuses the file.
def _in_quotes(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # PyYAML's stub says nothing of the parameters.
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')  # pyright: ignore[reportUnknownMemberType]


_Dumper.add_representer(str, _in_quotes)


@dataclass(frozen=True)
class Pass:
    """What one token opens."""

    token: str
    edge: str
    tenant: str
    requests_per_second: int
    """Of each gateway pod: of metrics, and as many of traces by each protocol."""


def document(passes: Iterable[Pass], *, traces: bool) -> str:
    """The file of the routes. It has the tokens in it: a secret. `traces`: there is a Tempo that takes them."""
    paths = [*_METRICS, *(_TRACES if traces else ())]
    host = {
        "name": EDGES,
        "domains": ["*"],
        "routes": [route for found in passes for route in _admitted(found, traces)]
        + [_refused(path) for path in paths],
        "request_headers_to_remove": ["authorization"],
        # Nothing has been written by then.
        "retry_policy": {"retry_on": "connect-failure,refused-stream", "num_retries": 2},
    }
    table = typed("config.route.v3.RouteConfiguration", name=EDGES, virtual_hosts=[host])
    return yaml.dump({"resources": [table]}, Dumper=_Dumper, default_flow_style=True, sort_keys=False, width=2**31 - 1)


def _admitted(found: Pass, traces: bool) -> list[Document]:
    headers = [{"name": "authorization", "string_match": {"exact": f"Bearer {found.token}"}}]
    bucket = {
        "max_tokens": found.requests_per_second,
        "tokens_per_fill": found.requests_per_second,
        "fill_interval": "1s",
    }
    limit = typed(
        "extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix=found.edge,
        token_bucket=bucket,
        filter_enabled=_ALWAYS,
        filter_enforced=_ALWAYS,
    )
    filters = {"envoy.filters.http.local_ratelimit": limit}
    # Whatever the edge itself says it is. Traces have no tenant: a region's are one.
    tenant = {"header": {"key": TENANT_HEADER, "value": found.tenant}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}

    def route(path: str, action: Document, counted_as: str, **more: object) -> Document:
        return {
            "match": {"path": path, "headers": headers},
            "stat_prefix": counted_as,
            "route": action,
            "typed_per_filter_config": filters,
            **more,
        }

    return [
        *(route(path, action, found.edge, request_headers_to_add=[tenant]) for path, action in _METRICS.items()),
        *(route(path, action, f"{found.edge}{TRACES_SUFFIX}") for path, action in _TRACES.items() if traces),
    ]


def _refused(path: str) -> Document:
    """No token, or one that opens nothing. Nobody's request is held in memory until that is known.

    To a gRPC request Envoy says it in gRPC's own words: UNAUTHENTICATED.
    """
    unbuffered = typed("extensions.filters.http.buffer.v3.BufferPerRoute", disabled=True)
    return {
        "match": {"path": path},
        "direct_response": {"status": 401},
        "response_headers_to_add": [{"header": {"key": "www-authenticate", "value": "Bearer"}}],
        "typed_per_filter_config": {"envoy.filters.http.buffer": unbuffered},
    }
