"""The routers of Receive: a Deployment that keeps nothing and reads its ring and its limits again when they change."""

import pulumi
import pulumi_kubernetes as k8s

import versions
from render import thanos_flags

from . import _workload
from ._workload import POD_NAME, ContainerResources, GrpcTls, Part

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
) -> dict:
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
        _workload.http_probes(),
        env=[POD_NAME],
        lifecycle=_workload.drain(),
        volumeMounts=[
            _workload.mount("hashring", HASHRING_DIR),
            _workload.mount("limits", LIMITS_DIR),
            *_workload.tls_mounts(tls),
        ],
    )


def deployment(
    part: Part,
    *,
    replicas: int,
    container: dict,
    priority_class: pulumi.Input[str],
    volumes: list[dict],
    opts: pulumi.ResourceOptions,
) -> None:
    """Makes the routers and their service account."""
    k8s.apps.v1.Deployment(
        part.name,
        metadata=part.metadata(),
        spec={
            "replicas": replicas,
            "selector": {"matchLabels": part.selector},
            "template": _workload.pod_template(
                part,
                [container],
                account=_workload.account(part, None, opts),
                priority_class=priority_class,
                terminationGracePeriodSeconds=_workload.STATELESS_GRACE_SECONDS,
                volumes=volumes,
            ),
        },
        opts=opts,
    )
