"""What the gateway, an Envoy, is told: its flags, its bootstrap, which it reads once, and where its certificate is.

Who may write is in `gateway_routes`. Envoy's documentation of bootstrap and HTTP connection manager (v1.39) has every
key.
"""

import yaml

from render import Document
from render.tempo import OTLP_GRPC_PORT, OTLP_HTTP_PORT

HTTPS_PORT, METRICS_PORT = 8443, 9902
#: The label `envoy_http_conn_manager_prefix` and `envoy_virtual_host` of the gateway's metrics.
EDGES = "edges"
ROUTERS = "routers"
TEMPO_HTTP, TEMPO_GRPC = "tempo-http", "tempo-grpc"
#: A socket that has no port: it would show the routes, and with them the tokens, to whoever reaches it.
_ADMIN = "@envoy-admin"
#: Of each pod. An agent keeps some ten open.
MAX_CONNECTIONS = 10_000


def bootstrap(
    *,
    certificate_file: str,
    routes_file: str,
    routes_dir: str,
    routers: str,
    router_port: int,
    tempo: str | None,
    max_request_bytes: int,
    max_heap_bytes: int,
) -> str:
    """envoy.yaml. `routers`, `tempo`: names that stand for the addresses of all that are ready.

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
        # A pod that starts with a file that it cannot read knows no route, and agents give up what is answered 404.
        local_reply_config={
            "mappers": [{"filter": {"response_flag_filter": {"flags": ["NR"]}}, "status_code": 503}],
        },
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
                        {
                            "match": {"path": "/metrics"},
                            "route": {"cluster": "admin", "prefix_rewrite": "/stats/prometheus"},
                        },
                        {"match": {"path": "/ready"}, "route": {"cluster": "admin"}},
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
                # Also while edges are held off: a gateway that is short of memory is to be watched, not restarted.
                _listener("metrics", METRICS_PORT, metrics) | {"bypass_overload_manager": True},
            ],
            "clusters": [
                {
                    **_named(ROUTERS, routers, router_port),
                    # A router that went away leaves the name some seconds later.
                    "outlier_detection": {
                        "consecutive_local_origin_failure": 3,
                        "split_external_local_origin_errors": True,
                    },
                },
                *_tempo(tempo),
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


def flags(*, config_file: str) -> list[str]:
    """Flags of `envoy`."""
    return [
        *("--config-path", config_file),
        *("--log-level", "warning"),
        # What it says of routes that it cannot read is all of them, and their tokens.
        *("--component-log-level", "config:critical"),
        # Threads; unless told, as many as the node has cores.
        *("--concurrency", "2"),
        "--disable-hot-restart",
    ]


def certificate(*, directory: str) -> str:
    """The file that names the certificate, which is read again when it is renewed."""
    secret = typed(
        "extensions.transport_sockets.tls.v3.Secret",
        name="certificate",
        tls_certificate={
            "certificate_chain": {"filename": f"{directory}/tls.crt"},
            "private_key": {"filename": f"{directory}/tls.key"},
            "watched_directory": {"path": directory},
        },
    )
    return yaml.safe_dump({"resources": [secret]}, sort_keys=False)


def typed(kind: str, **fields: object) -> Document:
    """A configuration that names its own type, below `envoy.`."""
    return {"@type": f"type.googleapis.com/envoy.{kind}", **fields}


def _filter(name: str, kind: str, **fields: object) -> Document:
    return {
        "name": f"envoy.filters.http.{name}",
        "typed_config": typed(f"extensions.filters.http.{kind}", **fields),
    }


def _monitor(name: str, kind: str, **fields: object) -> Document:
    return {
        "name": f"envoy.resource_monitors.{name}",
        "typed_config": typed(f"extensions.resource_monitors.{kind}", **fields),
    }


def _http(prefix: str, filters: list[Document], **fields: object) -> Document:
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": typed(
            "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            stat_prefix=prefix,
            http_filters=[*filters, _filter("router", "router.v3.Router")],
            **fields,
        ),
    }


def _listener(name: str, port: int, manager: Document, tls: Document | None = None) -> Document:
    chain: dict[str, object] = {"filters": [manager]}
    if tls:
        kind = "extensions.transport_sockets.tls.v3.DownstreamTlsContext"
        chain["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": typed(kind, **tls)}
    return {
        "name": name,
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": port}},  # noqa: S104 - a pod's own address
        "per_connection_buffer_limit_bytes": 1024 * 1024,
        "filter_chains": [chain],
    }


def _named(cluster: str, name: str, port: int) -> Document:
    """What a name stands for. Each request goes to the next of its addresses: a connection that is kept pins nobody."""
    return {
        "name": cluster,
        "type": "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "connect_timeout": "2s",
        "load_assignment": _endpoint(cluster, {"socket_address": {"address": name, "port_value": port}}),
    }


def _tempo(name: str | None) -> list[Document]:
    """Tempo's two ports for OTLP; one of them speaks gRPC, that is HTTP/2, and nothing else."""
    if not name:
        return []
    kind = "extensions.upstreams.http.v3.HttpProtocolOptions"
    options = typed(kind, explicit_http_config={"http2_protocol_options": {}})
    return [
        _named(TEMPO_HTTP, name, OTLP_HTTP_PORT),
        {
            **_named(TEMPO_GRPC, name, OTLP_GRPC_PORT),
            "typed_extension_protocol_options": {f"envoy.{kind}": options},
        },
    ]


def _endpoint(cluster: str, address: Document) -> Document:
    return {"cluster_name": cluster, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}
