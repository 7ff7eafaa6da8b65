"""The ingesters of Receive: one StatefulSet, or one a zone, behind one headless Service."""

from dataclasses import replace

import pulumi

import labels
import versions
from render import thanos_flags

from . import _probes, _volumes, _workload
from ._manifest import Manifest
from ._workload import OBJSTORE_DIR, OBJSTORE_FILE, POD_NAME, ContainerResources, GrpcTls, Part

COMPONENT = "receive-ingester"
PORTS = {
    "grpc": thanos_flags.GRPC_PORT,
    "http": thanos_flags.HTTP_PORT,
    "capnproto": thanos_flags.CAPNPROTO_PORT,
}
DATA_DIR = "/data"
ZONE = "topology.kubernetes.io/zone"
#: An ingester that stops flushes its head and uploads it; with 30 s, the default, that is lost to a kill.
GRACE_SECONDS = 900
#: An ingester replays its write-ahead log before it is ready; killing it half-way would start that over.
REPLAY_SECONDS = 1800
#: gRPC looks a name up again at most every 30 s.
MIN_READY_SECONDS = 30


def container(
    *,
    region: str,
    retention: str,
    out_of_order_window: str,
    max_exemplars: int,
    resources: ContainerResources,
    tls: GrpcTls | None,
) -> Manifest:
    """The one container of an ingester."""
    return _workload.container(
        "ingester",
        versions.THANOS,
        thanos_flags.receive_ingester(
            region=region,
            data_dir=DATA_DIR,
            retention=retention,
            objstore_file=OBJSTORE_FILE,
            out_of_order_window=out_of_order_window,
            max_exemplars=max_exemplars,
            tls=tls["server_name"] if tls else None,
        ),
        PORTS,
        resources,
        _probes.http(startup_seconds=REPLAY_SECONDS),
        env=[POD_NAME],
        lifecycle=_workload.drain(_workload.LEAVE_SECONDS),
        volumeMounts=[
            {"name": _volumes.VOLUME, "mountPath": DATA_DIR},
            _workload.mount("objstore", OBJSTORE_DIR),
            *_workload.tls_mounts(tls),
        ],
    )


def stateful_set(
    part: Part,
    *,
    zone: str | None,
    replicas: int,
    storage: str,
    storage_class: str | None,
    service: pulumi.Input[str],
    container: Manifest,
    account: pulumi.Input[str],
    priority_class: pulumi.Input[str],
    volumes: list[Manifest],
    parent: pulumi.Resource,
) -> list[str]:
    """Makes the ingesters of one zone (None: of all) with their claims; returns the names of the pods by ordinal."""
    named = replace(part, name=labels.safe_name(part.name, *([zone] if zone else []), limit=labels.STATEFUL_SET_NAME))
    placed: Manifest = {}
    if zone:
        placed["nodeSelector"] = {ZONE: zone}
    template = _workload.pod_template(
        part,
        [container],
        account=account,
        priority_class=priority_class,
        terminationGracePeriodSeconds=GRACE_SECONDS,
        volumes=volumes,
        **placed,
    )
    selector = part.selector
    if zone:
        # Each set has to find its own pods; the Service and the disruption budget find those of all zones.
        selector = {**selector, ZONE: zone}
        template["metadata"]["labels"] = {**template["metadata"]["labels"], ZONE: zone}
    _volumes.stateful_set(
        named,
        service=service,
        replicas=replicas,
        template=template,
        storage=storage,
        storage_class=storage_class,
        parent=parent,
        selector=selector,
        # A ring is of use only when a quorum of it is up; one by one would wait for each replay.
        podManagementPolicy="Parallel",
        # In a rollout the next ingester stops only once the routers have found the last one again; with
        # two out of reach there is no quorum.
        minReadySeconds=MIN_READY_SECONDS,
    )
    return [f"{named.name}-{index}" for index in range(replicas)]
