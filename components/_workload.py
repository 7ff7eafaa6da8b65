"""Shapes that workloads share, as plain manifests. Functions only: a component reads like the object it makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s

import labels
from render import thanos_flags

from ._manifest import Manifest, verbatim

#: Any user but root. Spelt out, so that `runAsNonRoot` holds for any image.
USER = 1001
#: A pod that is asked to stop still gets requests until every node has heard of it.
DRAIN_SECONDS = 10
#: Query asks whoever its last look-up found: one every 10 s (`--store.sd-dns-interval`), of a name that is cached for
#: 5 s (CoreDNS's TTL), taken over within 5 s. An address that is gone by then holds up a question for 20 s, gRPC's
#: limit for a connection, and two of them do so one after the other (measured: over 30 s).
LEAVE_SECONDS = 25
#: The drain, and Thanos's own two minutes for requests in flight.
STATELESS_GRACE_SECONDS = 150
#: The name that a container finds its pod's name under. For an ingester it is stable: its blocks keep their label.
POD_NAME = {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
OBJSTORE_DIR = "/etc/thanos/objstore"
OBJSTORE_FILE = f"{OBJSTORE_DIR}/objstore.yml"


class ContainerResources(TypedDict):
    """What one container requests; CPU is not limited."""

    cpu: str
    """Kubernetes quantity, e.g. 500m."""
    memory: str
    """Kubernetes quantity, e.g. 2Gi."""
    memory_limit: str | None
    """The request, if null."""


class GrpcTls(TypedDict):
    """TLS between gRPC endpoints; each side shows a certificate of the same authority."""

    secret: pulumi.Input[str]
    """Name of the Secret with tls.crt, tls.key and ca.crt."""
    server_name: str
    """The name in every certificate."""


@dataclass(frozen=True)
class Part:
    """One workload of a component: what its objects are called, and the labels that find its pods."""

    name: str
    namespace: pulumi.Input[str]
    component: str
    instance: str
    app: str = "thanos"

    @property
    def selector(self) -> dict[str, str]:
        return labels.selector(self.component, self.instance, self.app)

    def metadata(
        self, name: pulumi.Input[str] | None = None, annotations: Mapping[str, pulumi.Input[str]] | None = None
    ) -> k8s.meta.v1.ObjectMetaArgsDict:
        """Fixed name, namespace and recommended labels. `name` for an object that is not called like the part."""
        found: k8s.meta.v1.ObjectMetaArgsDict = {
            "name": name or self.name,
            "namespace": self.namespace,
            "labels": labels.recommended(self.component, self.instance, self.app),
        }
        if annotations:
            found["annotations"] = annotations
        return found


def pod_template(
    part: Part,
    containers: list[Manifest],
    *,
    account: pulumi.Input[str],
    priority_class: pulumi.Input[str],
    spread: bool = True,
    **spec: object,
) -> Manifest:
    """A pod that passes the `restricted` Pod Security Standard. `spec`: what else it has, or has otherwise.

    It has no token of the API server unless `spec` says so. A token for an IAM role is projected by EKS on its own and
    is not affected.
    """
    if spread:
        spec["topologySpreadConstraints"] = [
            _spread(part, "kubernetes.io/hostname", "DoNotSchedule"),
            _spread(part, "topology.kubernetes.io/zone", "ScheduleAnyway"),
        ]
    return {
        "metadata": {"labels": labels.recommended(part.component, part.instance, part.app)},
        "spec": {
            "serviceAccountName": account,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "priorityClassName": priority_class,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": containers,
            **spec,
        },
    }


def container(
    name: str,
    image: str,
    args: pulumi.Input[list[str]],
    ports: dict[str, int],
    resources: ContainerResources,
    probes: dict[str, Manifest],
    **more: object,
) -> Manifest:
    """A container with nothing but what it needs. `ports` maps names to numbers; `probes`: see `_probes`."""
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": args,
        "ports": [{"name": port, "containerPort": number} for port, number in ports.items()],
        "resources": {
            "requests": {"cpu": resources["cpu"], "memory": resources["memory"]},
            "limits": {"memory": resources.get("memory_limit") or resources["memory"]},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        **probes,
        **more,
    }


def drain(seconds: int = DRAIN_SECONDS) -> Manifest:
    """A pause before SIGTERM. The kubelet does it: the image has no shell and no `sleep`."""
    return {"preStop": {"sleep": {"seconds": seconds}}}


def mount(volume: str, path: str) -> Manifest:
    """A read-only mount of a volume with configuration."""
    return {"name": volume, "mountPath": path, "readOnly": True}


def secret_volume(name: str, secret: pulumi.Input[str]) -> Manifest:
    return {"name": name, "secret": {"secretName": secret}}


def config_volume(name: str, config_map: pulumi.Input[str]) -> Manifest:
    return {"name": name, "configMap": {"name": config_map}}


def tls_mounts(tls: GrpcTls | None) -> list[Manifest]:
    """Where a container finds its certificate; nothing without TLS."""
    return [mount("tls", thanos_flags.TLS_DIR)] if tls else []


def tls_volumes(tls: GrpcTls | None) -> list[Manifest]:
    """The volume behind `tls_mounts`."""
    return [secret_volume("tls", tls["secret"])] if tls else []


def account(
    part: Part, role_arn: pulumi.Input[str] | None, opts: pulumi.ResourceOptions, name: str | None = None
) -> pulumi.Output[str]:
    """Makes the service account of a workload, tied to its IAM role if it has one; returns its name."""
    role = {"eks.amazonaws.com/role-arn": role_arn} if role_arn else None
    made = k8s.core.v1.ServiceAccount(
        name or part.name,
        metadata=part.metadata(name, role),
        automount_service_account_token=False,
        opts=opts,
    )
    return made.metadata["name"]


def deployment(
    part: Part,
    *,
    replicas: int,
    container: Manifest,
    priority_class: pulumi.Input[str],
    volumes: list[Manifest],
    opts: pulumi.ResourceOptions,
) -> None:
    """Makes pods that keep nothing, and their service account."""
    k8s.apps.v1.Deployment(
        part.name,
        metadata=part.metadata(),
        spec=verbatim(
            {
                "replicas": replicas,
                "selector": {"matchLabels": part.selector},
                "template": pod_template(
                    part,
                    [container],
                    account=account(part, None, opts),
                    priority_class=priority_class,
                    terminationGracePeriodSeconds=STATELESS_GRACE_SECONDS,
                    volumes=volumes,
                ),
            }
        ),
        opts=opts,
    )


def disruption_budget(
    part: Part, max_unavailable: int, opts: pulumi.ResourceOptions
) -> k8s.policy.v1.PodDisruptionBudget:
    """Lets a drain of nodes take at most `max_unavailable` pods at a time."""
    return k8s.policy.v1.PodDisruptionBudget(
        part.name,
        metadata=part.metadata(),
        spec=verbatim({"maxUnavailable": max_unavailable, "selector": {"matchLabels": part.selector}}),
        opts=opts,
    )


def _spread(part: Part, topology_key: str, when_unsatisfiable: str) -> Manifest:
    return {
        "maxSkew": 1,
        "topologyKey": topology_key,
        "whenUnsatisfiable": when_unsatisfiable,
        "labelSelector": {"matchLabels": part.selector},
    }
