"""Who talks to whom: the one table that network policies are made of. What is not in it is refused.

Ports are those of the pods: a policy is applied behind the Service.
"""

from collections.abc import Iterable, Sequence
from typing import TypedDict
from urllib.parse import urlsplit

from render.gateway import HTTPS_PORT as GATEWAY_HTTPS
from render.gateway import METRICS_PORT as GATEWAY_METRICS
from render.grafana import HTTP_PORT as GRAFANA_HTTP
from render.memcached import METRICS_PORT as MEMCACHED_METRICS
from render.memcached import PORT as MEMCACHED_CLIENTS
from render.prometheus import HTTP_PORT as PROMETHEUS_HTTP
from render.tempo import HTTP_PORT as TEMPO_HTTP
from render.tempo import OTLP_GRPC_PORT, OTLP_HTTP_PORT
from render.thanos_flags import CAPNPROTO_PORT as CAPNPROTO
from render.thanos_flags import GRPC_PORT as GRPC
from render.thanos_flags import HTTP_PORT as HTTP
from render.thanos_flags import REMOTE_WRITE_PORT as REMOTE_WRITE

#: The Service of the API server, and the usual port behind it: some networks look before the translation, some after.
API_SERVER = (443, 6443)
HTTPS = 443
DNS = 53

#: Workloads. Except for caches the name is the value of their label `COMPONENT`.
GATEWAY, ROUTER, INGESTER = "gateway", "receive-router", "receive-ingester"
COMPACTOR, STORE = "compactor", "store"
QUERY, QUERY_FRONTEND, RULER, PROMETHEUS = "query", "query-frontend", "ruler", "prometheus"
TEMPO, GRAFANA = "tempo", "grafana"
STORE_CACHE, QUERY_CACHE = "store-cache", "query-cache"
#: In place of a workload: any address, in the cluster or not.
ANYWHERE = None

COMPONENT, INSTANCE = "app.kubernetes.io/component", "app.kubernetes.io/instance"


class Path(TypedDict):
    """A row: pods of `source` may connect to `ports` of `target`."""

    source: str | None
    target: str | None
    ports: list[int]
    protocol: str


class Network(TypedDict):
    """The labels that find the pods of each workload, and all paths between them."""

    workloads: dict[str, dict[str, str]]
    paths: list[Path]


def region(
    *,
    replication_protocol: str,
    head_series_limit: bool,
    prometheus_mode: str,
    ruler_mode: str,
    store_cache: str,
    query_cache: str,
    redis: str | None,
    tempo: bool,
    object_store: str,
    insecure: bool,
    roles: bool,
    alertmanagers: Sequence[str],
    grafana: bool,
    logins: Sequence[str],
) -> Network:
    """A region's network.

    `store_cache` and `query_cache`: the instances of memcached, unless `redis` (host:port) is in their place.
    `tempo`, `grafana`: there is one. `object_store`: host or host:port, by plain HTTP if `insecure`; `roles`: pods get
    their keys by IAM roles.
    `alertmanagers`: URLs; `logins`: those at which Grafana asks who logs in. Modes and protocol as in the settings.
    """
    sidecar, stateful = prometheus_mode == "sidecar", ruler_mode == "stateful"
    bucket_users = [INGESTER, COMPACTOR, STORE, *[PROMETHEUS] * sidecar, *[RULER] * stateful, *[TEMPO] * tempo]
    # Keys for a role come from STS.
    bucket_ports = {_port(f"//{object_store}", 80 if insecure else HTTPS), *[HTTPS] * roles}
    alertmanager_ports = {_port(url) for url in alertmanagers}
    thanos = [ROUTER, INGESTER, COMPACTOR, STORE, QUERY, QUERY_FRONTEND, RULER]
    # A policy cannot tell a host from another: all that is outside is allowed by its port.
    grafana_ports = {*alertmanager_ports, *map(_port, logins)}
    caches = {} if redis else {STORE_CACHE: store_cache, QUERY_CACHE: query_cache}

    rows = [
        # Entrances. Edges and the global Query come through load balancers, people from other namespaces: there is no
        # label to know them by. The API server's pod proxy is no entrance: `kubectl port-forward` ends inside the pod.
        _row(ANYWHERE, GATEWAY, GATEWAY_HTTPS),
        _row(ANYWHERE, QUERY, GRPC, HTTP),
        _row(ANYWHERE, QUERY_FRONTEND, HTTP),
        *[_row(ANYWHERE, TEMPO, TEMPO_HTTP)] * tempo,
        *[_row(ANYWHERE, GRAFANA, GRAFANA_HTTP)] * grafana,
        # Writing.
        _row(GATEWAY, ROUTER, REMOTE_WRITE),
        _row(ROUTER, INGESTER, CAPNPROTO if replication_protocol == "capnproto" else GRPC),
        *[_row(PROMETHEUS, ROUTER, REMOTE_WRITE)] * (not sidecar),
        *[_row(RULER, ROUTER, REMOTE_WRITE)] * (not stateful),
        *[_row(GATEWAY, TEMPO, OTLP_GRPC_PORT, OTLP_HTTP_PORT), _row(TEMPO, ROUTER, REMOTE_WRITE)] * tempo,
        # It has to be the Prometheus of this stack: nobody else may scrape the ingesters.
        *[_row(ROUTER, PROMETHEUS, PROMETHEUS_HTTP)] * head_series_limit,
        # Asking.
        _row(QUERY_FRONTEND, QUERY, HTTP),
        _row(RULER, QUERY, HTTP),
        *[_row(GRAFANA, QUERY_FRONTEND, HTTP)] * grafana,
        *[_row(GRAFANA, TEMPO, TEMPO_HTTP)] * (grafana and tempo),
        *(_row(QUERY, asked, GRPC) for asked in (INGESTER, STORE, RULER, *[PROMETHEUS] * sidecar)),
        # Caching.
        *(
            [_row(user, ANYWHERE, _port(f"//{redis}")) for user in (STORE, QUERY_FRONTEND)]
            if redis
            else [_row(STORE, STORE_CACHE, MEMCACHED_CLIENTS), _row(QUERY_FRONTEND, QUERY_CACHE, MEMCACHED_CLIENTS)]
        ),
        # Scraping, and finding out whom.
        *(_row(PROMETHEUS, workload, HTTP) for workload in thanos),
        *(_row(PROMETHEUS, cache, MEMCACHED_METRICS) for cache in caches),
        _row(PROMETHEUS, GATEWAY, GATEWAY_METRICS),
        *[_row(PROMETHEUS, TEMPO, TEMPO_HTTP)] * tempo,
        *[_row(PROMETHEUS, GRAFANA, GRAFANA_HTTP)] * grafana,
        _row(PROMETHEUS, PROMETHEUS, PROMETHEUS_HTTP, *[HTTP] * sidecar),
        _row(PROMETHEUS, ANYWHERE, *API_SERVER),
        # The bucket. A policy cannot name its addresses.
        *(_row(user, ANYWHERE, *sorted(bucket_ports)) for user in bucket_users),
        # Alerting, and who logs in.
        *(_row(who, ANYWHERE, *sorted(alertmanager_ports)) for who in (RULER, PROMETHEUS) if alertmanager_ports),
        *[_row(GRAFANA, ANYWHERE, *sorted(grafana_ports))] * bool(grafana and grafana_ports),
    ]
    return {
        "workloads": {
            name: {COMPONENT: name} for name in (GATEWAY, *thanos, PROMETHEUS, *[TEMPO] * tempo, *[GRAFANA] * grafana)
        }
        | {name: {COMPONENT: "memcached", INSTANCE: instance} for name, instance in caches.items()},
        "paths": [*rows, *_dns(rows)],
    }


def global_stack(*, grafana: bool, tempo: bool, logins: Sequence[str]) -> Network:
    """The network of the global stack: one Query, open as those of regions are, which asks them, and Grafana.

    `tempo`: regions have one that Grafana asks; `logins`: URLs at which it asks who logs in.
    """
    outside = sorted({*[TEMPO_HTTP] * tempo, *map(_port, logins)})
    rows = [
        _row(ANYWHERE, QUERY, GRPC, HTTP),
        _row(QUERY, ANYWHERE, GRPC),
        *[_row(ANYWHERE, GRAFANA, GRAFANA_HTTP), _row(GRAFANA, QUERY, HTTP)] * grafana,
        *[_row(GRAFANA, ANYWHERE, *outside)] * bool(grafana and outside),
    ]
    workloads = (QUERY, *[GRAFANA] * grafana)
    return {"workloads": {name: {COMPONENT: name} for name in workloads}, "paths": [*rows, *_dns(rows)]}


def _row(source: str | None, target: str | None, *ports: int, protocol: str = "TCP") -> Path:
    return {"source": source, "target": target, "ports": list(ports), "protocol": protocol}


def _dns(rows: Iterable[Path]) -> list[Path]:
    """Whoever reaches anything looks up its name. A server may be a pod, a node's cache or a cloud's: by port alone."""
    sources = dict.fromkeys(row["source"] for row in rows if row["source"])
    return [_row(source, ANYWHERE, DNS, protocol=protocol) for source in sources for protocol in ("UDP", "TCP")]


def _port(url: str, default: int | None = None) -> int:
    parts = urlsplit(url)
    return parts.port or default or {"http": 80, "https": HTTPS}[parts.scheme]
