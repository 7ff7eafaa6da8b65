"""One region: metrics come in by remote write, are kept in S3, and are asked by the regional Query."""

from pathlib import Path

import pulumi

import contract
from components import (
    Compactor,
    Memcached,
    NetworkPolicies,
    Prometheus,
    Query,
    QueryFrontend,
    Receive,
    Ruler,
    Store,
    ruler,
)
from render import Document, alerts, hashring
from settings import RegionSettings

from . import _buckets, _cluster, edges, grafana, paths, tracing
from ._args import args
from ._cluster import READ_PRIORITY, WRITE_PRIORITY

#: An ingester that dies without a word leaves its connections open, and answers would wait for it until they are found
#: dead. Its samples are in the other copies.
RESPONSE_TIMEOUT = "5s"
ALERTS = Path(__file__).resolve().parent.parent / "alerts"


class RegionalStack(pulumi.ComponentResource):
    """All of a region, in the order in which data flows."""

    outputs: pulumi.Output[dict[str, str]]
    """The region's contract with the global stack."""
    edges: pulumi.Output[dict[str, dict[str, str]]]
    """For each edge, where it writes to (url) and by which token; a secret."""
    grafana_admin_password: pulumi.Output[str] | None
    """Of Grafana's user `admin`; None without a Grafana."""

    def __init__(self, name: str, settings: RegionSettings, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:RegionalStack", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self, providers=[_cluster.connect(self, settings.cluster_id)])
        secrets = pulumi.Config()

        namespace = _cluster.namespace(settings.namespace, protect=settings.protect, opts=child)
        everywhere = {"namespace": namespace}
        writing = {
            **everywhere,
            "priority_class": _cluster.priority_class(name, "write-path", WRITE_PRIORITY, child),
            "region": settings.region,
        }
        reading = {
            **everywhere,
            "priority_class": _cluster.priority_class(name, "read-path", READ_PRIORITY, child),
        }
        grpc = {"tls": _cluster.grpc_tls(name, settings.tls, namespace, child)}
        volume = {"storage_class": settings.storage_class}
        at = _buckets.location(settings)
        # Who uses the bucket, and how.
        consumers = {"receive-ingester": "write", "compactor": "compact", "store": "read"}
        if settings.prometheus.mode == "sidecar":
            consumers["prometheus"] = "write"
        if settings.ruler.mode == "stateful":
            consumers["ruler"] = "write"

        metrics = _buckets.bucket(name, "metrics", settings, consumers, namespace, child)

        def bucket(consumer: str) -> Document:
            return {
                "service_account": f"{name}-{consumer}",
                "role_arn": metrics.role_arns[consumer] if consumer in consumers else None,
                "objstore_secret": metrics.config_secret,
            }

        def cache(use: str) -> Document:
            """A cache of the stack's own, or the Redis that is there."""
            if redis := settings.caches.redis:
                found = {"kind": "redis", "max_item_size": "0", **redis.model_dump()}
                return {"cache": {**found, "password": secrets.get_secret("redisPassword")}}
            size = getattr(settings.caches, use)
            memcached = Memcached(f"{name}-{use}-cache", args({**reading, **size.model_dump()}), child)
            found = {"kind": "memcached", "address": memcached.address, "max_item_size": size.max_item_size}
            return {"cache": {**found, "username": "", "password": None, "tls": False}}

        receive = Receive(
            f"{name}-receive",
            args(
                {
                    **writing,
                    **settings.receive.model_dump(exclude={"ring", "tenancy", "limits"}),
                    "limits": edges.limits(settings),
                    "ring": settings.receive.ring_size,
                    "tenants": [hashring.DEFAULT_TENANT] if settings.receive.tenancy == "shared" else [],
                    **bucket("receive-ingester"),
                    **volume,
                    **grpc,
                }
            ),
            child,
        )

        tempo = tracing.tempo(name, settings, receive, {**writing, **volume}, child)
        gateway = edges.gateway(name, settings, receive, tempo, namespace, writing["priority_class"], child)
        edges.agents(name, settings, gateway.tokens, secrets.get_secret_object("edgeCredentials"), child)

        Compactor(
            f"{name}-compactor",
            args({**reading, **settings.compactor.model_dump(), **bucket("compactor"), **volume}),
            child,
        )

        store = Store(
            f"{name}-store",
            args(
                {
                    **reading,
                    **settings.store.model_dump(),
                    "delete_delay": settings.compactor.delete_delay,
                    **cache("store"),
                    **bucket("store"),
                    **volume,
                    **grpc,
                }
            ),
            child,
        )

        watched = alerts.load(ALERTS / "prometheus", settings.alerting.runbook_url)
        if not tempo:
            # What is not there would be missed.
            del watched["tempo.yaml"]
        prometheus = Prometheus(
            f"{name}-prometheus",
            args(
                {
                    **writing,
                    **settings.prometheus.model_dump(),
                    "rules": watched,
                    "alertmanagers": settings.alerting.alertmanagers,
                    "remote_write_url": receive.remote_write_url,
                    **bucket("prometheus"),
                    **volume,
                    **grpc,
                }
            ),
            child,
        )

        sidecars = [prometheus.grpc_endpoint] if settings.prometheus.mode == "sidecar" else []
        query = Query(
            f"{name}-query",
            args(
                {
                    **reading,
                    **settings.query.model_dump(),
                    "endpoints": [receive.grpc_endpoint, *sidecars, ruler.endpoint(f"{name}-ruler", namespace)],
                    "strict_endpoints": store.endpoints,
                    "response_timeout": RESPONSE_TIMEOUT,
                    **grpc,
                }
            ),
            child,
        )

        frontend = QueryFrontend(
            f"{name}-query-frontend",
            args(
                {
                    **reading,
                    **settings.query_frontend.model_dump(),
                    "downstream_url": query.cluster_http_url,
                    **cache("query"),
                }
            ),
            child,
        )

        Ruler(
            f"{name}-ruler",
            args(
                {
                    **writing,
                    **settings.ruler.model_dump(),
                    "rules": alerts.load(ALERTS / "ruler", settings.alerting.runbook_url),
                    "query_url": query.cluster_http_url,
                    "alertmanagers": settings.alerting.alertmanagers,
                    "alert_query_url": frontend.http_url,
                    "remote_write_url": receive.remote_write_url,
                    **bucket("ruler"),
                    **volume,
                    **grpc,
                }
            ),
            child,
        )

        looking = grafana.make(
            name,
            settings.grafana,
            where={**reading, **volume},
            thanos_url=frontend.cluster_http_url,
            scrape_intervals=[found.scrape_interval for found in (settings.prometheus, *settings.edges)],
            tempos={settings.region: tempo.cluster_http_url} if tempo else {},
            alertmanagers=settings.alerting.alertmanagers,
            opts=child,
        )
        self.grafana_admin_password = looking.admin_password if looking else None

        allowed = paths.region(name, settings, object_store=at["endpoint"], roles=at["access_key"] is None)
        NetworkPolicies(f"{name}-network", args({**everywhere, **allowed}), child)

        self.outputs = pulumi.Output.all(
            region=settings.region,
            namespace=namespace,
            remote_write_url=gateway.remote_write_url,
            query_grpc_endpoint=query.grpc_endpoint,
            query_http_url=query.http_url,
            query_frontend_http_url=frontend.http_url,
            metrics_bucket=metrics.bucket,
            tempo_http_url=tempo.http_url if tempo else "",
            otlp_url=gateway.otlp_url,
            grafana_url=grafana.url(looking),
        ).apply(lambda known: contract.dump(contract.RegionOutputs(**known)))
        self.edges = pulumi.Output.all(gateway.remote_write_url, gateway.tokens).apply(
            lambda known: {edge: {"url": known[0], "token": token} for edge, token in known[1].items()}
        )
        self.register_outputs({"outputs": self.outputs, "edges": self.edges})
