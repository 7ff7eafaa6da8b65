"""What holds of pods: images, sizes, the restricted Pod Security Standard."""

import re
from collections.abc import Iterator
from typing import Any

from policy.resources import Resource, at
from render import Document

_WORKLOADS = ("DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet")
_PINNED = re.compile(r".+(@sha256:[0-9a-f]{64}|:[^/:@]*\d+\.\d+[^/:@]*)")
#: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip


def spec(resource: Resource) -> Document:
    """The pods' specification; empty if the resource makes none."""
    if not resource.type.startswith("kubernetes:"):
        return {}
    if resource.kind == "Pod":
        return at(resource.properties, "spec", default={})
    job = ("jobTemplate", "spec") if resource.kind == "CronJob" else ()
    if job or resource.kind in _WORKLOADS:
        return at(resource.properties, "spec", *job, "template", "spec", default={})
    return {}


def containers(resource: Resource) -> list[Document]:
    pods = spec(resource)
    return [*at(pods, "initContainers", default=[]), *at(pods, "containers", default=[])]


def images_are_pinned(resource: Resource) -> Iterator[str]:
    for container in containers(resource):
        image = at(container, "image", default="")
        if not _PINNED.fullmatch(image):
            yield f"the image {image!r} names neither a version nor a digest"


def pods_have_sizes(resource: Resource) -> Iterator[str]:
    for container in containers(resource):
        for kind, names in (("requests", ("cpu", "memory")), ("limits", ("memory",))):
            for name in names:
                if not at(container, "resources", kind, name):
                    yield f"the container {at(container, 'name')!r} has no resources.{kind}.{name}"


def pods_are_restricted(resource: Resource) -> Iterator[str]:
    pods = spec(resource)
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if at(pods, name):
            yield f"the pod has {name}"
    for volume in at(pods, "volumes", default=[]):
        if wrong := set(volume) - {"name"} - _VOLUMES:
            yield f"the volume {volume['name']!r} is a {', '.join(sorted(wrong))}"
    for container in containers(resource):
        name = at(container, "name")

        def context(*path: str, container: Document = container) -> Any:  # noqa: ANN401
            own = at(container, "securityContext", *path)
            return at(pods, "securityContext", *path) if own is None else own

        if context("runAsNonRoot") is not True or context("runAsUser") == 0:
            yield f"the container {name!r} may run as root"
        if context("seccompProfile", "type") not in ("RuntimeDefault", "Localhost"):
            yield f"the container {name!r} has no seccomp profile"
        if context("allowPrivilegeEscalation") is not False or context("privileged"):
            yield f"the container {name!r} may gain privileges"
        capabilities: Document = context("capabilities") or {}
        if "ALL" not in at(capabilities, "drop", default=[]) or set(at(capabilities, "add", default=[])) - {
            "NET_BIND_SERVICE"
        }:
            yield f"the container {name!r} keeps capabilities"
        if any(at(port, "hostPort") for port in at(container, "ports", default=[])):
            yield f"the container {name!r} takes a port of the node"
