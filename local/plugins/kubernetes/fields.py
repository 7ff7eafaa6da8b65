"""Which fields of which kinds cannot change in place, and how two versions of an object differ. Pure.

The rules are those of the official plugin, so that a local run replaces what production would replace.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Any

Path = tuple[str | int, ...]
Object = dict[str, Any]


class Change(Enum):
    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


_SELECTOR = ["spec.selector"]
_ROLE_BINDING = ["roleRef"]
#: (API group, kind) -> fields whose change replaces the object
_REPLACES: dict[tuple[str, str], list[str]] = {
    ("apps", "DaemonSet"): _SELECTOR,
    ("apps", "Deployment"): _SELECTOR,
    ("apps", "StatefulSet"): [
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ],
    ("batch", "Job"): ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
    ("rbac.authorization.k8s.io", "RoleBinding"): _ROLE_BINDING,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _ROLE_BINDING,
    ("storage.k8s.io", "StorageClass"): ["parameters", "provisioner"],
    ("", "PersistentVolume"): [
        f"spec.{source}" for source in ("awsElasticBlockStore", "csi", "hostPath", "iscsi", "local", "nfs")
    ],
    ("", "PersistentVolumeClaim"): [
        f"spec.{name}" for name in ("accessModes", "selector", "storageClassName", "volumeName")
    ],
    # Nearly all of a pod is immutable, and the official plugin lists nearly all of it.
    ("", "Pod"): ["spec"],
    ("", "ResourceQuota"): ["spec.scopes"],
    ("", "Secret"): ["type"],
    ("", "Service"): ["spec.clusterIP"],
}
_IDENTITY = ["kind", "metadata.name", "metadata.namespace"]

_CLUSTER_SCOPED = {
    "": {"Namespace", "Node", "PersistentVolume"},
    "admissionregistration.k8s.io": None,
    "apiextensions.k8s.io": None,
    "apiregistration.k8s.io": None,
    "certificates.k8s.io": {"CertificateSigningRequest"},
    "flowcontrol.apiserver.k8s.io": None,
    "networking.k8s.io": {"IngressClass", "IPAddress", "ServiceCIDR"},
    "node.k8s.io": None,
    "rbac.authorization.k8s.io": {"ClusterRole", "ClusterRoleBinding"},
    "scheduling.k8s.io": None,
    "storage.k8s.io": {"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"},
}
_NAMESPACED_GROUPS = {
    *("apps", "autoscaling", "batch", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "policy"),
}


def group(obj: Object) -> str:
    """The API group of an object, "" for core."""
    return obj["apiVersion"].rpartition("/")[0]


def is_built_in(api_group: str) -> bool:
    return api_group in _NAMESPACED_GROUPS or api_group in _CLUSTER_SCOPED


def is_namespaced(obj: Object) -> bool:
    """Whether a built-in kind lives in a namespace; known without asking a server. Custom kinds count as namespaced."""
    kinds = _CLUSTER_SCOPED.get(group(obj), set())
    return kinds is not None and obj["kind"] not in kinds


def replace_rules(old: Object, new: Object, *, config_map_mutable: bool, secret_mutable: bool) -> list[Path]:
    """The fields of this object whose change replaces it. The mutable switches are those of the provider."""
    key = (group(new), new["kind"])
    rules = _IDENTITY + _REPLACES.get(key, [])
    frozen = old.get("immutable") is True
    if key == ("", "ConfigMap") and (frozen or new.get("immutable") is True or not config_map_mutable):
        rules = [*rules, "data", "binaryData"]
    if key == ("", "Secret") and (frozen or new.get("immutable") is True or not secret_mutable):
        rules = [*rules, "data", "stringData"]
    if frozen:
        rules = [*rules, "immutable"]
    paths: list[Path] = [tuple(rule.split(".")) for rule in rules]
    if group(old) != group(new):
        paths.append(("apiVersion",))
    return paths


def differences(old: Any, new: Any, at: Path = ()) -> Iterator[tuple[Path, Change]]:
    """The smallest paths at which two plain values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys: list[Any] = sorted({*old, *new})
    elif isinstance(old, list) and isinstance(new, list):
        keys = list(range(max(len(old), len(new))))
    else:
        # True == 1 in Python, not in YAML.
        if old != new or isinstance(old, bool) != isinstance(new, bool):
            yield at, Change.UPDATE
        return
    for key in keys:
        path = (*at, key)
        if not _has(new, key):
            yield path, Change.DELETE
        elif not _has(old, key):
            yield path, Change.ADD
        else:
            yield from differences(old[key], new[key], path)


def replaced_by(path: Path, rules: list[Path], old: Object, new: Object) -> bool:
    """Whether the change at this path touches a field of the rules: the field itself, part of it, or what holds it."""
    return any(
        path[: len(rule)] == rule or (rule[: len(path)] == path and _at(old, rule) != _at(new, rule)) for rule in rules
    )


def text(path: Path) -> str:
    """The path as the engine writes it: `spec.ports[0].name`, `metadata.labels["app.kubernetes.io/name"]`."""
    parts = []
    for key in path:
        if isinstance(key, int):
            parts.append(f"[{key}]")
        elif key.replace("_", "").replace("-", "").isalnum():
            parts.append(f".{key}")
        else:
            parts.append(f'["{key}"]')
    return "".join(parts).lstrip(".")


def observed(old: Any, live: Any, applied: Any) -> Any:
    """What the inputs would have to be to describe the live object, in the shape of the old inputs.

    applied: the object as the server would make it from the old inputs. Where it equals the live one nothing has
    drifted, however differently the server writes it (0.5 as 500m), and the old input stays.
    """
    if live == applied:
        return old
    if isinstance(old, dict) and isinstance(live, dict) and isinstance(applied, dict):
        return {key: observed(old[key], live[key], applied.get(key)) for key in old if key in live}
    lists = isinstance(old, list) and isinstance(live, list) and isinstance(applied, list)
    if lists and len(old) == len(applied):
        if len(live) == len(old):
            return [observed(*items) for items in zip(old, live, applied, strict=True)]
        # Items are missing, or new: those that are as they were stay as they were written.
        return [old[applied.index(item)] if item in applied else item for item in live]
    return live


def _has(container: dict | list, key: Any) -> bool:
    return key < len(container) if isinstance(container, list) else key in container


def _at(value: Any, path: Path) -> Any:
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value
