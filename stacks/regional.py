"""One region: metrics come in by remote write, are kept in S3, and are asked by the regional Query."""

import pulumi

import contract
from components import NetworkPolicies, ObjectStore, Query, Receive
from render import hashring, network, objstore
from settings import RegionSettings
from settings.base import LoadBalancer

from . import _cluster
from ._cluster import READ_PRIORITY, WRITE_PRIORITY

#: An ingester that dies without a word leaves its connections open, and answers would wait for it until they are found
#: dead. Its samples are in the other copies.
RESPONSE_TIMEOUT = "5s"


class RegionalStack(pulumi.ComponentResource):
    """All of a region, in the order in which data flows."""

    outputs: pulumi.Output[dict[str, str]]
    """The region's contract with the global stack."""

    def __init__(self, name: str, settings: RegionSettings, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:RegionalStack", name, {}, opts)
        cluster = _cluster.connect(self)
        child = pulumi.ResourceOptions(parent=self, providers=[cluster])
        secrets, aws_region = pulumi.Config(), pulumi.Config("aws").require("region")
        ingester_account = f"{name}-receive-ingester"

        namespace = _cluster.namespace(settings.namespace, child)
        write_path = _cluster.priority_class(name, "write-path", WRITE_PRIORITY, child)
        read_path = _cluster.priority_class(name, "read-path", READ_PRIORITY, child)
        tls = _cluster.grpc_tls(name, settings.tls, namespace, child)

        store = settings.object_store
        endpoint = store.endpoint or objstore.aws_endpoint(aws_region)
        access_key = secrets.get_secret("objectStoreAccessKey")
        metrics = ObjectStore(
            f"{name}-metrics",
            {
                "region": settings.region,
                "purpose": "metrics",
                "bucket_prefix": store.bucket_prefix,
                "namespace": namespace,
                "aws_region": aws_region,
                "endpoint": endpoint,
                "insecure": store.insecure,
                "access_key": access_key,
                "secret_key": secrets.get_secret("objectStoreSecretKey"),
                "oidc_provider_arn": store.oidc_provider_arn,
                "consumers": [{"name": "ingester", "service_account": ingester_account, "access": "write"}],
                "kms_key_arn": store.kms_key_arn,
                "versioning": store.versioning,
                "force_destroy": store.force_destroy,
                "lifecycle": {
                    "abort_incomplete_upload_days": store.lifecycle.abort_incomplete_upload_days,
                    "noncurrent_version_days": store.lifecycle.noncurrent_version_days,
                    "tiering_after_days": [transition.days for transition in store.lifecycle.transitions],
                },
            },
            child,
        )

        receive = Receive(
            f"{name}-receive",
            {
                "namespace": namespace,
                "priority_class": write_path,
                "region": settings.region,
                "routers": settings.receive.routers,
                "ingesters": settings.receive.ingesters,
                "ring": settings.receive.ring_size,
                "replication_factor": settings.receive.replication_factor,
                "zones": settings.receive.zones,
                "replication_protocol": settings.receive.replication_protocol,
                "tenants": [hashring.DEFAULT_TENANT] if settings.receive.tenancy == "shared" else [],
                "limits": settings.receive.limits.model_dump(),
                "storage": settings.receive.storage,
                "storage_class": settings.storage_class,
                "tsdb_retention": settings.receive.tsdb_retention,
                "out_of_order_window": settings.receive.out_of_order_window,
                "max_exemplars": settings.receive.max_exemplars,
                "router_resources": settings.receive.router.model_dump(),
                "ingester_resources": settings.receive.ingester.model_dump(),
                "service_account": ingester_account,
                "role_arn": metrics.role_arns["ingester"],
                "objstore_secret": metrics.config_secret,
                "load_balancer": _dump(settings.receive.load_balancer),
                "tls": tls,
            },
            child,
        )

        query = Query(
            f"{name}-query",
            {
                "namespace": namespace,
                "priority_class": read_path,
                "replicas": settings.query.replicas,
                "resources": settings.query.resources.model_dump(),
                "endpoints": [{"address": receive.grpc_endpoint, "strict": False}],
                "response_timeout": RESPONSE_TIMEOUT,
                "load_balancer": _dump(settings.query.load_balancer),
                "tls": tls,
            },
            child,
        )

        NetworkPolicies(
            f"{name}-network",
            {
                "namespace": namespace,
                **network.region(
                    replication_protocol=settings.receive.replication_protocol,
                    head_series_limit=settings.receive.limits.head_series > 0,
                    prometheus_mode=settings.prometheus.mode,
                    ruler_mode=settings.ruler.mode,
                    store_cache=f"{name}-store-cache",
                    query_cache=f"{name}-query-cache",
                    redis=settings.caches.redis.address if settings.caches.redis else None,
                    object_store=endpoint,
                    insecure=store.insecure,
                    roles=access_key is None,
                    alertmanagers=settings.alerting.alertmanagers,
                ),
            },
            child,
        )

        self.outputs = pulumi.Output.all(
            region=settings.region,
            namespace=namespace,
            remote_write_url=receive.remote_write_url,
            query_grpc_endpoint=query.grpc_endpoint,
            query_http_url=query.http_url,
            metrics_bucket=metrics.bucket,
        ).apply(lambda known: contract.dump(contract.RegionOutputs(**known)))
        self.register_outputs({"outputs": self.outputs})


def _dump(model: LoadBalancer | None) -> dict | None:
    return model.model_dump() if model else None
