"""The routers of Receive: a Deployment that keeps nothing and reads its ring and its limits again when they change."""

import versions
from render import thanos_flags

from . import _probes, _workload
from ._manifest import Manifest
from ._workload import POD_NAME, ContainerResources, GrpcTls

COMPONENT = "receive-router"
PORTS = {
    "remote-write": thanos_flags.REMOTE_WRITE_PORT,
    "grpc": thanos_flags.GRPC_PORT,
    "http": thanos_flags.HTTP_PORT,
}
HASHRING_DIR, HASHRING_FILE = "/etc/thanos/hashring", "hashrings.json"
LIMITS_DIR, LIMITS_FILE = "/etc/thanos/limits", "limits.yaml"


def container(
    *,
    region: str,
    replication_factor: int,
    replication_protocol: str,
    resources: ContainerResources,
    tls: GrpcTls | None,
) -> Manifest:
    """The one container of a router."""
    return _workload.container(
        "router",
        versions.THANOS,
        thanos_flags.receive_router(
            region=region,
            hashring_file=f"{HASHRING_DIR}/{HASHRING_FILE}",
            limits_file=f"{LIMITS_DIR}/{LIMITS_FILE}",
            replication_factor=replication_factor,
            replication_protocol=replication_protocol,
            tls=tls["server_name"] if tls else None,
        ),
        PORTS,
        resources,
        _probes.http(),
        env=[POD_NAME],
        lifecycle=_workload.drain(),
        volumeMounts=[
            _workload.mount("hashring", HASHRING_DIR),
            _workload.mount("limits", LIMITS_DIR),
            *_workload.tls_mounts(tls),
        ],
    )
