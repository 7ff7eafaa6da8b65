"""What holds of pods: images, sizes, the main points of the restricted Pod Security Standard."""

import re
from collections.abc import Iterator
from typing import Any

from policy.resources import Resource, at, known
from render import Document

_WORKLOADS = ("DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet")
#: A tag with less than a whole version, or with `latest` in it, is moved to the next release.
_PINNED = re.compile(r".+(@sha256:[0-9a-f]{64}|:(?![^/:@]*latest)[^/:@]*\d+\.\d+\.\d+[^/:@]*)")
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
        yield from _pinned(container)


@known
def _pinned(container: Document) -> Iterator[str]:
    image = at(container, "image", default="")
    if not _PINNED.fullmatch(image):
        yield f"the image {image!r} names neither a whole version nor a digest"


def pods_have_sizes(resource: Resource) -> Iterator[str]:
    for container in containers(resource):
        yield from _sized(container)


@known
def _sized(container: Document) -> Iterator[str]:
    for kind, names in (("requests", ("cpu", "memory")), ("limits", ("memory",))):
        for name in names:
            if not at(container, "resources", kind, name):
                yield f"the container {at(container, 'name')!r} has no resources.{kind}.{name}"


def pods_are_restricted(resource: Resource) -> Iterator[str]:
    pods = spec(resource)
    yield from _on_the_node(pods)
    for container in containers(resource):
        yield from _restricted(pods, container)


@known
def _on_the_node(pods: Document) -> Iterator[str]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if at(pods, name):
            yield f"the pod has {name}"
    for volume in at(pods, "volumes", default=[]):
        if wrong := set(at(volume)) - {"name"} - _VOLUMES:
            yield f"the volume {volume['name']!r} is a {', '.join(sorted(wrong))}"


@known
def _restricted(pods: Document, container: Document) -> Iterator[str]:
    name = at(container, "name")
    own: Document = at(container, "securityContext", default={})

    def inherited(*path: str) -> Any:  # noqa: ANN401
        """Only these three may be said of the pod; Kubernetes knows the others of containers alone."""
        told = at(own, *path)
        return at(pods, "securityContext", *path) if told is None else told

    if inherited("runAsNonRoot") is not True or inherited("runAsUser") == 0:
        yield f"the container {name!r} may run as root"
    if inherited("seccompProfile", "type") not in ("RuntimeDefault", "Localhost"):
        yield f"the container {name!r} has no seccomp profile"
    if at(own, "allowPrivilegeEscalation") is not False or at(own, "privileged"):
        yield f"the container {name!r} may gain privileges"
    capabilities: Document = at(own, "capabilities", default={})
    if "ALL" not in at(capabilities, "drop", default=[]) or set(at(capabilities, "add", default=[])) - {
        "NET_BIND_SERVICE"
    }:
        yield f"the container {name!r} keeps capabilities"
    if any(at(port, "hostPort") for port in at(container, "ports", default=[])):
        yield f"the container {name!r} takes a port of the node"
