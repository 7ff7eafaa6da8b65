"""Receive: takes remote write and keeps it. Routers forward, ingesters store; the two scale apart.

The hashring file is reloaded while routers run: a change of the ring rolls no pod. The ring may be smaller than the set
of ingesters, so that pods are there before they get series and stay until theirs are uploaded.
"""

from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s

import labels
from render import hashring, receive_limits, thanos_flags

from . import _ingesters, _routers, _service, _workload
from ._routers import HASHRING_FILE, LIMITS_FILE
from ._workload import ContainerResources, GrpcTls, Part


class WriteRequestLimits(TypedDict):
    """What one remote-write request may hold; 0: no limit."""

    size_bytes: int
    """Bytes, compressed and not."""
    series: int
    """Number of series."""
    samples: int
    """Number of samples."""


class ReceiveLimits(TypedDict):
    """What routers accept."""

    max_concurrency: int
    """Requests that run at a time; 0: no limit."""
    request: WriteRequestLimits
    """Of each request."""
    tenants: dict[str, WriteRequestLimits]
    """Of single tenants, in place of `request`."""
    head_series: int
    """Active series of a tenant, each copy counted once; 0: no limit."""
    meta_monitoring_url: str | None
    """The Prometheus that knows how many there are."""


class ReceiveArgs(TypedDict):
    """How many routers and ingesters run, and where ingesters keep what they get."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace."""
    priority_class: pulumi.Input[str]
    """The pods' PriorityClass."""
    region: str
    """Value of the external label `region` of all series."""
    routers: int
    """Number of router pods."""
    ingesters: int
    """Number of ingester pods, in all zones together."""
    ring: int
    """How many of them share the series, at least `replication_factor`."""
    replication_factor: int
    """Copies of each sample."""
    zones: list[str]
    """One StatefulSet for each, and copies in different ones; empty: zones are not looked at."""
    replication_protocol: str
    """Between routers and ingesters: protobuf or capnproto."""
    tenants: list[str]
    """Who may write; empty: any tenant."""
    limits: ReceiveLimits
    """What routers accept."""
    storage: str
    """Size of each ingester's volume, e.g. 50Gi; it can grow and not shrink."""
    storage_class: str | None
    """Of the volumes; null: the cluster's default."""
    tsdb_retention: str
    """How long ingesters keep blocks, e.g. 24h."""
    out_of_order_window: str
    """How late a sample may come, e.g. 30m; 0s: not at all. Needs vertical compaction."""
    max_exemplars: int
    """Exemplars kept in memory per tenant."""
    router: ContainerResources
    """What each router requests."""
    ingester: ContainerResources
    """What each ingester requests."""
    service_account: str
    """Name of the ingesters' service account, which is made here."""
    role_arn: pulumi.Input[str]
    """The IAM role of that service account."""
    objstore_secret: pulumi.Input[str]
    """Name of the Secret with objstore.yml; a new name rolls the ingesters."""
    tls: GrpcTls | None
    """TLS from routers to ingesters and of their Store APIs; null: plain text."""


class Receive(pulumi.ComponentResource):
    """Routers (Deployment), ingesters (StatefulSets) and the ring between them."""

    remote_write_url: pulumi.Output[str]
    """Where the pods of the namespace write to."""
    routers: pulumi.Output[str]
    """A name that stands for the addresses of all ready routers, for the gateway."""
    grpc_endpoint: pulumi.Output[str]
    """The ingesters' Store APIs, as one DNS name for Query."""

    def __init__(self, name: str, args: ReceiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Receive", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = args["namespace"]
        ingester = Part(
            labels.safe_name(name, "ingester", limit=labels.STATEFUL_SET_NAME), namespace, _ingesters.COMPONENT, name
        )
        router = Part(labels.safe_name(name, "router", limit=labels.SERVICE_NAME), namespace, _routers.COMPONENT, name)

        # Only ready pods have an address in it: Query drops an ingester that is away, and does not wait for it.
        peers = _service.headless(ingester, _ingesters.PORTS, child)
        pods = self._ingesters(ingester, args, peers.metadata["name"], child)
        # Never 0: with a single copy a drain of nodes would wait for ever.
        spare = max(1, hashring.tolerated_losses(int(args["replication_factor"])))
        _workload.disruption_budget(ingester, spare, child)

        ring = self._hashring(router, name, args, pods, _service.host(peers), child)
        limits = self._limits(router, name, args, child)
        tls = args.get("tls")
        container = _routers.container(
            region=args["region"],
            replication_factor=int(args["replication_factor"]),
            replication_protocol=args["replication_protocol"],
            resources=args["router"],
            tls=tls,
        )
        _workload.deployment(
            router,
            replicas=int(args["routers"]),
            container=container,
            priority_class=args["priority_class"],
            volumes=[
                _workload.config_volume("hashring", ring.metadata["name"]),
                _workload.config_volume("limits", limits.metadata["name"]),
                *_workload.tls_volumes(tls),
            ],
            opts=child,
        )
        _workload.disruption_budget(router, 1, child)
        service = _service.balanced(router, _routers.PORTS, None, child)
        # A connection through the one address of the other stays with the router that it came to.
        each = labels.safe_name(name, "routers", limit=labels.SERVICE_NAME)
        routers = _service.headless(router, {"remote-write": _routers.PORTS["remote-write"]}, child, each)

        port = _routers.PORTS["remote-write"]
        self.remote_write_url = pulumi.Output.concat(
            "http://", _service.host(service), f":{port}{thanos_flags.REMOTE_WRITE_PATH}"
        )
        self.routers = _service.host(routers)
        self.grpc_endpoint = pulumi.Output.concat("dnssrv+_grpc._tcp.", _service.host(peers))
        self.register_outputs(
            {
                "remote_write_url": self.remote_write_url,
                "routers": self.routers,
                "grpc_endpoint": self.grpc_endpoint,
            }
        )

    def _ingesters(
        self, part: Part, args: ReceiveArgs, service: pulumi.Input[str], child: pulumi.ResourceOptions
    ) -> dict[str | None, list[str]]:
        """The names of the pods by zone."""
        tls = args.get("tls")
        account = _workload.account(part, args["role_arn"], child, name=args["service_account"])
        container = _ingesters.container(
            region=args["region"],
            retention=args["tsdb_retention"],
            out_of_order_window=args["out_of_order_window"],
            max_exemplars=int(args["max_exemplars"]),
            resources=args["ingester"],
            tls=tls,
        )
        zones = args["zones"] or [None]
        return {
            zone: _ingesters.stateful_set(
                part,
                zone=zone,
                replicas=int(args["ingesters"]) // len(zones),
                storage=args["storage"],
                storage_class=args.get("storage_class"),
                service=service,
                container=container,
                account=account,
                priority_class=args["priority_class"],
                volumes=[_workload.secret_volume("objstore", args["objstore_secret"]), *_workload.tls_volumes(tls)],
                parent=self,
            )
            for zone in zones
        }

    def _hashring(
        self,
        router: Part,
        name: str,
        args: ReceiveArgs,
        pods: dict[str | None, list[str]],
        host: pulumi.Output[str],
        child: pulumi.ResourceOptions,
    ) -> k8s.core.v1.ConfigMap:
        ring_name = labels.safe_name(name, "hashring", limit=labels.SERVICE_NAME)
        ring, factor = int(args["ring"]), int(args["replication_factor"])
        document = host.apply(
            lambda host: hashring.document(
                hashring.members({zone: [f"{pod}.{host}" for pod in names] for zone, names in pods.items()}, ring),
                replication_factor=factor,
                grpc_port=_ingesters.PORTS["grpc"],
                capnproto_port=_ingesters.PORTS["capnproto"],
                tenants=args["tenants"],
            )
        )
        return k8s.core.v1.ConfigMap(
            ring_name, metadata=router.metadata(ring_name), data={HASHRING_FILE: document}, opts=child
        )

    def _limits(
        self, router: Part, name: str, args: ReceiveArgs, child: pulumi.ResourceOptions
    ) -> k8s.core.v1.ConfigMap:
        limits_name = labels.safe_name(name, "limits", limit=labels.SERVICE_NAME)
        limits = args["limits"]
        document = receive_limits.document(
            max_concurrency=int(limits["max_concurrency"]),
            request=limits["request"],
            tenants=limits["tenants"],
            head_series=int(limits["head_series"]),
            meta_monitoring_url=limits.get("meta_monitoring_url"),
            replication_factor=int(args["replication_factor"]),
        )
        return k8s.core.v1.ConfigMap(
            limits_name, metadata=router.metadata(limits_name), data={LIMITS_FILE: document}, opts=child
        )
