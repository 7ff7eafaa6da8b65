"""Receive: takes remote write and keeps it. Routers forward, ingesters store; the two scale apart.

The hashring file is reloaded while routers run: a change of the ring rolls no pod.
"""

from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s

import labels
import versions
from render import hashring, thanos_flags

from . import _workload
from ._workload import ContainerResources, InternalLoadBalancer

ROUTER, INGESTER = "receive-router", "receive-ingester"
INGESTER_PORTS = {"grpc": thanos_flags.GRPC_PORT, "http": thanos_flags.HTTP_PORT}
ROUTER_PORTS = {"remote-write": thanos_flags.REMOTE_WRITE_PORT, **INGESTER_PORTS}
HASHRING_DIR, HASHRING_FILE = "/etc/thanos/hashring", "hashrings.json"
OBJSTORE_DIR = "/etc/thanos/objstore"
DATA_DIR = "/data"
#: An ingester that stops flushes its head and uploads it; with 30 s, the default, that is lost to a kill.
INGESTER_GRACE_SECONDS = 900
#: An ingester replays its write-ahead log before it is ready; killing it half-way would start that over.
REPLAY_SECONDS = 1800
#: gRPC looks a name up again at most every 30 s.
MIN_READY_SECONDS = 30
POD_NAME = {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}


class ReceiveArgs(TypedDict):
    """How many routers and ingesters run, and where ingesters keep what they get."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace."""
    region: str
    """Value of the external label `region` of all series."""
    routers: int
    """Number of router pods."""
    ingesters: int
    """Number of ingester pods, at least `replication_factor`."""
    replication_factor: int
    """Copies of each sample."""
    storage: str
    """Size of each new ingester volume, e.g. 50Gi."""
    tsdb_retention: str
    """How long ingesters keep blocks, e.g. 24h."""
    router_resources: ContainerResources
    """What each router requests."""
    ingester_resources: ContainerResources
    """What each ingester requests."""
    service_account: str
    """Name of the ingesters' service account, which is made here."""
    role_arn: pulumi.Input[str]
    """The IAM role of that service account."""
    objstore_secret: pulumi.Input[str]
    """Name of the Secret with objstore.yml; a new name rolls the ingesters."""
    load_balancer: InternalLoadBalancer | None
    """Null: remote write is reachable inside the cluster only."""


class Receive(pulumi.ComponentResource):
    """Routers (Deployment), ingesters (StatefulSet) and the ring between them."""

    remote_write_url: pulumi.Output[str]
    """Where Prometheus servers write to."""
    grpc_endpoint: pulumi.Output[str]
    """The ingesters' Store APIs, as one DNS name for Query."""

    def __init__(self, name: str, args: ReceiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Receive", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = args["namespace"]
        ingester = labels.safe_name(name, "ingester", limit=labels.STATEFUL_SET_NAME)
        router = labels.safe_name(name, "router", limit=labels.SERVICE_NAME)
        replication_factor = int(args["replication_factor"])

        peers = self._headless_service(ingester, name, namespace, child)
        peers_host = pulumi.Output.concat(peers.metadata["name"], ".", peers.metadata["namespace"], ".svc")
        self._ingesters(ingester, name, args, peers.metadata["name"], child)
        # Never 0: with a single copy a drain of nodes would wait for ever.
        spare = max(1, hashring.tolerated_losses(replication_factor))
        _workload.disruption_budget(ingester, namespace, INGESTER, name, spare, child)

        ring = self._hashring(name, args, ingester, peers_host, child)
        self._routers(router, name, args, ring.metadata["name"], child)
        _workload.disruption_budget(router, namespace, ROUTER, name, 1, child)
        service = _workload.service(router, namespace, ROUTER, name, ROUTER_PORTS, args.get("load_balancer"), child)

        host = _workload.host(service, args.get("load_balancer"))
        self.remote_write_url = pulumi.Output.concat("http://", host, f":{ROUTER_PORTS['remote-write']}/api/v1/receive")
        self.grpc_endpoint = pulumi.Output.concat("dnssrv+_grpc._tcp.", peers_host)
        self.register_outputs({"remote_write_url": self.remote_write_url, "grpc_endpoint": self.grpc_endpoint})

    def _headless_service(
        self, ingester: str, name: str, namespace: pulumi.Input[str], child: pulumi.ResourceOptions
    ) -> k8s.core.v1.Service:
        # Only ready pods have an address in it: Query drops an ingester that is away, and does not wait for it.
        return k8s.core.v1.Service(
            ingester,
            metadata=_workload.metadata(ingester, namespace, INGESTER, name),
            spec={
                "clusterIP": "None",
                "selector": labels.selector(INGESTER, name),
                "ports": _workload.service_ports(INGESTER_PORTS),
            },
            opts=child,
        )

    def _ingesters(
        self, ingester: str, name: str, args: ReceiveArgs, service: pulumi.Input[str], child: pulumi.ResourceOptions
    ) -> None:
        account = k8s.core.v1.ServiceAccount(
            args["service_account"],
            metadata=_workload.metadata(
                args["service_account"],
                args["namespace"],
                INGESTER,
                name,
                annotations={"eks.amazonaws.com/role-arn": args["role_arn"]},
            ),
            automount_service_account_token=False,
            opts=child,
        )
        container = _workload.container(
            "ingester",
            versions.THANOS,
            thanos_flags.receive_ingester(
                region=args["region"],
                data_dir=DATA_DIR,
                retention=args["tsdb_retention"],
                objstore_file=f"{OBJSTORE_DIR}/objstore.yml",
            ),
            INGESTER_PORTS,
            args["ingester_resources"],
            env=[POD_NAME],
            startupProbe=_workload.startup_probe(seconds=REPLAY_SECONDS),
            volumeMounts=[
                {"name": "data", "mountPath": DATA_DIR},
                {"name": "objstore", "mountPath": OBJSTORE_DIR, "readOnly": True},
            ],
        )
        k8s.apps.v1.StatefulSet(
            ingester,
            metadata=_workload.metadata(ingester, args["namespace"], INGESTER, name),
            spec={
                "serviceName": service,
                "replicas": int(args["ingesters"]),
                # A ring is of use only when a quorum of it is up; one by one would wait for each replay.
                "podManagementPolicy": "Parallel",
                # In a rollout the next ingester stops only once the routers have found the last one again; with
                # two out of reach there is no quorum.
                "minReadySeconds": MIN_READY_SECONDS,
                "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
                "selector": {"matchLabels": labels.selector(INGESTER, name)},
                "template": _workload.pod_template(
                    INGESTER,
                    name,
                    [container],
                    serviceAccountName=account.metadata["name"],
                    terminationGracePeriodSeconds=INGESTER_GRACE_SECONDS,
                    volumes=[{"name": "objstore", "secret": {"secretName": args["objstore_secret"]}}],
                ),
                "volumeClaimTemplates": [
                    {
                        "metadata": {"name": "data"},
                        "spec": {
                            "accessModes": ["ReadWriteOnce"],
                            "resources": {"requests": {"storage": args["storage"]}},
                        },
                    }
                ],
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                # A change would replace the StatefulSet, i.e. stop the whole ring, and not resize existing claims.
                ignore_changes=["spec.volumeClaimTemplates"],
                # Pods are rolled one by one, each with its grace period and its replay.
                custom_timeouts=pulumi.CustomTimeouts(create="30m", update="2h", delete="30m"),
            ),
        )

    def _hashring(
        self, name: str, args: ReceiveArgs, ingester: str, host: pulumi.Output[str], child: pulumi.ResourceOptions
    ) -> k8s.core.v1.ConfigMap:
        ring_name = labels.safe_name(name, "hashring", limit=labels.SERVICE_NAME)
        count, factor, port = int(args["ingesters"]), int(args["replication_factor"]), INGESTER_PORTS["grpc"]
        document = host.apply(
            lambda host: hashring.document([f"{ingester}-{index}.{host}:{port}" for index in range(count)], factor)
        )
        return k8s.core.v1.ConfigMap(
            ring_name,
            metadata=_workload.metadata(ring_name, args["namespace"], ROUTER, name),
            data={HASHRING_FILE: document},
            opts=child,
        )

    def _routers(
        self, router: str, name: str, args: ReceiveArgs, ring: pulumi.Input[str], child: pulumi.ResourceOptions
    ) -> None:
        container = _workload.container(
            "router",
            versions.THANOS,
            thanos_flags.receive_router(
                region=args["region"],
                hashring_file=f"{HASHRING_DIR}/{HASHRING_FILE}",
                replication_factor=int(args["replication_factor"]),
            ),
            ROUTER_PORTS,
            args["router_resources"],
            env=[POD_NAME],
            startupProbe=_workload.startup_probe(seconds=120),
            lifecycle=_workload.drain(),
            volumeMounts=[{"name": "hashring", "mountPath": HASHRING_DIR, "readOnly": True}],
        )
        k8s.apps.v1.Deployment(
            router,
            metadata=_workload.metadata(router, args["namespace"], ROUTER, name),
            spec={
                "replicas": int(args["routers"]),
                "selector": {"matchLabels": labels.selector(ROUTER, name)},
                "template": _workload.pod_template(
                    ROUTER,
                    name,
                    [container],
                    terminationGracePeriodSeconds=_workload.STATELESS_GRACE_SECONDS,
                    volumes=[{"name": "hashring", "configMap": {"name": ring}}],
                ),
            },
            opts=child,
        )
