"""The files of the gateway, an Envoy: its bootstrap, which it reads once, and its certificate and routes, which it
watches.

Who may write is a matter of routes: one for each token, found by the whole Authorization header; what none of them
matches is refused. Envoy's documentation of bootstrap, HTTP connection manager and routes (v1.39) has every key.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import yaml

HTTPS_PORT, METRICS_PORT = 8443, 9902
REMOTE_WRITE_PATH = "/api/v1/receive"
TENANT_HEADER = "THANOS-TENANT"
#: The label `envoy_http_conn_manager_prefix` and `envoy_virtual_host` of the gateway's metrics.
EDGES = "edges"
ROUTERS = "routers"
#: A socket that has no port: it would show the routes, and with them the tokens, to whoever reaches it.
_ADMIN = "@envoy-admin"
#: Routers ask their ingesters for at most 5 s (Receive's forward timeout); a retry included.
_TIMEOUT = "15s"
#: Of each pod. An agent keeps some ten open.
MAX_CONNECTIONS = 10_000
_TYPE = "type.googleapis.com/envoy."


@dataclass(frozen=True)
class Pass:
    """What one token opens."""

    token: str
    edge: str
    tenant: str
    requests_per_second: int
    """Of each gateway pod."""


def bootstrap(
    *,
    certificate_file: str,
    routes_file: str,
    routes_dir: str,
    routers: str,
    router_port: int,
    max_request_bytes: int,
    max_heap_bytes: int,
) -> str:
    """envoy.yaml. `routers`: a name that stands for the addresses of all ready routers.

    `routes_dir`: the volume with `routes_file`; it is watched, because a volume changes as a whole.
    """
    routes = {"path": routes_file, "watched_directory": {"path": routes_dir}}
    edges = _http(
        EDGES,
        rds={"route_config_name": EDGES, "config_source": {"path_config_source": routes, "resource_api_version": "V3"}},
        filters=[
            _filter("local_ratelimit", "local_ratelimit.v3.LocalRateLimit", stat_prefix=EDGES),
            _filter("buffer", "buffer.v3.Buffer", max_request_bytes=max_request_bytes),
        ],
        use_remote_address=True,
        normalize_path=True,
        common_http_protocol_options={"headers_with_underscores_action": "REJECT_REQUEST", "idle_timeout": "300s"},
        request_headers_timeout="10s",
        request_timeout="60s",
    )
    tls = {
        "common_tls_context": {
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificate_sds_secret_configs": [
                {
                    "name": "certificate",
                    "sds_config": {"path_config_source": {"path": certificate_file}, "resource_api_version": "V3"},
                }
            ],
        }
    }
    # The two that are asked of a pod; the rest of the admin interface stays inside.
    metrics = _http(
        "metrics",
        route_config={
            "virtual_hosts": [
                {
                    "name": "metrics",
                    "domains": ["*"],
                    "routes": [
                        {"match": {"path": "/metrics"}, "route": _route("admin", prefix_rewrite="/stats/prometheus")},
                        {"match": {"path": "/ready"}, "route": _route("admin")},
                    ],
                }
            ]
        },
        filters=[],
    )
    document = {
        "node": {"id": "gateway", "cluster": "gateway"},
        "admin": {"address": {"pipe": {"path": _ADMIN}}},
        "static_resources": {
            "listeners": [
                _listener(EDGES, HTTPS_PORT, edges, tls),
                _listener("metrics", METRICS_PORT, metrics),
            ],
            "clusters": [
                {
                    "name": ROUTERS,
                    # Each request goes to the next router: a connection that is kept open pins nobody.
                    "type": "STRICT_DNS",
                    "dns_lookup_family": "V4_PREFERRED",
                    "connect_timeout": "2s",
                    "load_assignment": _endpoint(
                        ROUTERS, {"socket_address": {"address": routers, "port_value": router_port}}
                    ),
                    # A router that went away leaves the name some seconds later.
                    "outlier_detection": {
                        "consecutive_local_origin_failure": 3,
                        "split_external_local_origin_errors": True,
                    },
                },
                {"name": "admin", "load_assignment": _endpoint("admin", {"pipe": {"path": _ADMIN}})},
            ],
        },
        # Bodies are held in memory; beyond this Envoy answers 503, which agents try again, and is not killed.
        "overload_manager": {
            "resource_monitors": [
                _monitor("fixed_heap", "fixed_heap.v3.FixedHeapConfig", max_heap_size_bytes=max_heap_bytes),
                _monitor(
                    "global_downstream_max_connections",
                    "downstream_connections.v3.DownstreamConnectionsConfig",
                    max_active_downstream_connections=MAX_CONNECTIONS,
                ),
            ],
            "actions": [
                {
                    "name": "envoy.overload_actions.stop_accepting_requests",
                    "triggers": [{"name": "envoy.resource_monitors.fixed_heap", "threshold": {"value": 0.9}}],
                }
            ],
        },
    }
    return yaml.safe_dump(document, sort_keys=False)


def certificate(*, directory: str) -> str:
    """The file that names the certificate, which is read again when it is renewed."""
    secret = {
        "@type": f"{_TYPE}extensions.transport_sockets.tls.v3.Secret",
        "name": "certificate",
        "tls_certificate": {
            "certificate_chain": {"filename": f"{directory}/tls.crt"},
            "private_key": {"filename": f"{directory}/tls.key"},
            "watched_directory": {"path": directory},
        },
    }
    return yaml.safe_dump({"resources": [secret]}, sort_keys=False)


def routes(passes: Iterable[Pass]) -> str:
    """The file of the routes. It has the tokens in it: a secret."""
    table = {
        "@type": f"{_TYPE}config.route.v3.RouteConfiguration",
        "name": EDGES,
        "virtual_hosts": [{"name": EDGES, "domains": ["*"], "routes": [*map(_admitted, passes), _refused()]}],
    }
    return yaml.safe_dump({"resources": [table]}, sort_keys=False)


def _admitted(found: Pass) -> dict:
    bucket = {
        "max_tokens": found.requests_per_second,
        "tokens_per_fill": found.requests_per_second,
        "fill_interval": "1s",
    }
    always = {"default_value": {"numerator": 100}}
    limit = _config(
        "extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix=EDGES,
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
        "route": _route(
            ROUTERS,
            timeout=_TIMEOUT,
            # Nothing has been written by then.
            retry_policy={"retry_on": "connect-failure,refused-stream", "num_retries": 2},
        ),
        "request_headers_to_remove": ["authorization"],
        # Whatever the edge itself says it is.
        "request_headers_to_add": [
            {"header": {"key": TENANT_HEADER, "value": found.tenant}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        ],
        "typed_per_filter_config": {"envoy.filters.http.local_ratelimit": limit},
    }


def _refused() -> dict:
    """No token, or one that opens nothing. Nobody's request is held in memory until that is known."""
    unbuffered = _config("extensions.filters.http.buffer.v3.BufferPerRoute", disabled=True)
    return {
        "match": {"path": REMOTE_WRITE_PATH},
        "direct_response": {"status": 401},
        "response_headers_to_add": [{"header": {"key": "www-authenticate", "value": "Bearer"}}],
        "typed_per_filter_config": {"envoy.filters.http.buffer": unbuffered},
    }


def _route(cluster: str, **more: object) -> dict:
    return {"cluster": cluster, **more}


def _config(kind: str, **fields: object) -> dict:
    return {"@type": _TYPE + kind, **fields}


def _filter(name: str, kind: str, **fields: object) -> dict:
    return {
        "name": f"envoy.filters.http.{name}",
        "typed_config": _config(f"extensions.filters.http.{kind}", **fields),
    }


def _monitor(name: str, kind: str, **fields: object) -> dict:
    return {
        "name": f"envoy.resource_monitors.{name}",
        "typed_config": _config(f"extensions.resource_monitors.{kind}", **fields),
    }


def _http(prefix: str, filters: list[dict], **fields: object) -> dict:
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": _config(
            "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            stat_prefix=prefix,
            http_filters=[*filters, _filter("router", "router.v3.Router")],
            **fields,
        ),
    }


def _listener(name: str, port: int, manager: dict, tls: dict | None = None) -> dict:
    chain: dict[str, object] = {"filters": [manager]}
    if tls:
        kind = "extensions.transport_sockets.tls.v3.DownstreamTlsContext"
        chain["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": _config(kind, **tls)}
    return {
        "name": name,
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": port}},  # noqa: S104 - a pod's own address
        "per_connection_buffer_limit_bytes": 1024 * 1024,
        "filter_chains": [chain],
    }


def _endpoint(cluster: str, address: dict) -> dict:
    return {"cluster_name": cluster, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}
