"""Volumes that grow: the claims of a StatefulSet as resources of their own.

A StatefulSet's claim template cannot change: the provider would replace the whole set, and existing claims would stay
as they are. Claims of the names that the StatefulSet expects are adopted by it, grow in place, and outlive it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from render import units

from ._manifest import Manifest, verbatim
from ._workload import Part

#: The name of the claim template, and of the volume in the pod.
VOLUME = "data"


def claims(
    part: Part, count: int, size: str, storage_class: str | None, parent: pulumi.Resource
) -> Sequence[pulumi.Resource]:
    """The claims of the pods 0 to `count` - 1, each of `size`. A claim that shrinks is refused at preview.

    They stay when they are removed from the program, so that fewer pods lose no data; `kubectl delete pvc` ends them.
    The storage class has to allow expansion.
    """
    guard = pulumi.ResourceHook(
        f"{part.name}-claims-never-shrink", _never_shrink, opts=pulumi.ResourceHookOptions(on_dry_run=True)
    )
    return [
        k8s.core.v1.PersistentVolumeClaim(
            f"{part.name}-{VOLUME}-{index}",
            metadata=part.metadata(f"{VOLUME}-{part.name}-{index}"),
            spec=verbatim(_spec(size, storage_class)),
            opts=pulumi.ResourceOptions(
                parent=parent, retain_on_delete=True, hooks=pulumi.ResourceHookBinding(before_update=[guard])
            ),
        )
        for index in range(count)
    ]


def stateful_set(
    part: Part,
    *,
    service: pulumi.Input[str],
    replicas: int,
    template: Manifest,
    storage: str | None,
    storage_class: str | None,
    parent: pulumi.Resource,
    selector: dict[str, str] | None = None,
    **spec: object,
) -> k8s.apps.v1.StatefulSet:
    """A StatefulSet with its claims; without any if `storage` is null. `selector`: the part's own unless given."""
    made: Sequence[pulumi.Resource] = ()
    if storage:
        made = claims(part, replicas, storage, storage_class, parent)
        spec["volumeClaimTemplates"] = [{"metadata": {"name": VOLUME}, "spec": _spec(storage, storage_class)}]
    return k8s.apps.v1.StatefulSet(
        part.name,
        metadata=part.metadata(),
        spec=verbatim(
            {
                "serviceName": service,
                "replicas": replicas,
                "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
                "selector": {"matchLabels": selector or part.selector},
                "template": template,
                **spec,
            }
        ),
        opts=pulumi.ResourceOptions(
            parent=parent,
            # The controller would make claims of its own if it came first.
            depends_on=made,
            # A change would replace the StatefulSet, i.e. stop all its pods, and resize nothing.
            ignore_changes=["spec.volumeClaimTemplates"],
            # Pods are rolled one by one, each with its grace period and its replay.
            custom_timeouts=pulumi.CustomTimeouts(create="30m", update="2h", delete="30m"),
        ),
    )


def _spec(size: str, storage_class: str | None) -> Manifest:
    named = {"storageClassName": storage_class} if storage_class else {}
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **named}


def _never_shrink(change: pulumi.ResourceHookArgs) -> None:
    old, new = _size(change.old_inputs), _size(change.new_inputs)
    if old and new and units.quantity(new) < units.quantity(old):
        raise ValueError(
            f"the volume {change.name} has {old} and cannot shrink to {new}: Kubernetes refuses it, because a file "
            f"system in use cannot be cut. Set its storage setting to {old} or more"
        )


def _size(inputs: Mapping[str, Any] | None) -> str | None:
    spec: Manifest = (inputs or {}).get("spec") or {}
    return spec.get("resources", {}).get("requests", {}).get("storage")
