"""When an object counts as ready, and what to tell a user whose object does not get there.

A check takes the live object and the cluster, and returns None (ready) or why it is not.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

from local.plugins.kubernetes.cluster import Cluster
from local.plugins.kubernetes.fields import Object, group
from local.plugins.serving import RefusedError

POLL_SECONDS = 1.0
DEFAULT_TIMEOUT = 600.0
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
EVENTS_SHOWN = 5


class HopelessError(Exception):
    """Waiting longer cannot help; the text says why."""


def _deployment(live: Object, _: Cluster) -> str | None:
    wanted, status = live["spec"].get("replicas", 1), live.get("status", {})
    if _stale(live):
        return "waiting for the controller to see the change"
    if status.get("updatedReplicas", 0) < wanted:
        return f"{status.get('updatedReplicas', 0)} of {wanted} replicas updated"
    if status.get("replicas", 0) > wanted:
        return f"{status['replicas'] - wanted} old replicas still to go"
    if status.get("availableReplicas", 0) < wanted:
        return f"{status.get('availableReplicas', 0)} of {wanted} replicas available"
    return None


def _stateful_set(live: Object, _: Cluster) -> str | None:
    spec, status = live["spec"], live.get("status", {})
    wanted, strategy = spec.get("replicas", 1), spec.get("updateStrategy", {})
    if _stale(live):
        return "waiting for the controller to see the change"
    if strategy.get("type") != "OnDelete" and status.get("currentRevision") != status.get("updateRevision"):
        to_update = wanted - strategy.get("rollingUpdate", {}).get("partition", 0)
        if status.get("updatedReplicas", 0) < to_update:
            return f"{status.get('updatedReplicas', 0)} of {to_update} replicas updated"
    if status.get("readyReplicas", 0) != wanted:
        return f"{status.get('readyReplicas', 0)} of {wanted} replicas ready"
    return None


def _daemon_set(live: Object, _: Cluster) -> str | None:
    status = live.get("status", {})
    wanted = status.get("desiredNumberScheduled", 0)
    if _stale(live):
        return "waiting for the controller to see the change"
    rolls = live["spec"].get("updateStrategy", {}).get("type") != "OnDelete"
    if rolls and status.get("updatedNumberScheduled", 0) < wanted:
        return f"{status.get('updatedNumberScheduled', 0)} of {wanted} pods updated"
    if status.get("numberAvailable", 0) < wanted:
        return f"{status.get('numberAvailable', 0)} of {wanted} pods available"
    return None


def _job(live: Object, _: Cluster) -> str | None:
    if live["spec"].get("suspend") or _condition(live, "Complete").get("status") == "True":
        return None
    failed = _condition(live, "Failed")
    if failed.get("status") == "True":
        raise HopelessError(f"it failed: {failed.get('message') or failed.get('reason')}")
    return "not complete"


def _pod(live: Object, _: Cluster) -> str | None:
    phase = live.get("status", {}).get("phase", "Pending")
    if phase == "Failed":
        raise HopelessError(
            f"it failed: {live['status'].get('message') or live['status'].get('reason') or 'see its log'}"
        )
    if phase == "Succeeded" or _condition(live, "Ready").get("status") == "True":
        return None
    return f"phase {phase}, not ready"


def _service(live: Object, cluster: Cluster) -> str | None:
    spec, metadata = live["spec"], live["metadata"]
    # Without a selector nobody fills in endpoints, and pods of a headless service may need the service to start.
    if spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None" or not spec.get("selector"):
        return None
    if spec.get("type") == "LoadBalancer" and not live.get("status", {}).get("loadBalancer", {}).get("ingress"):
        return "no address from the load balancer"
    label = f"kubernetes.io/service-name={metadata['name']}"
    slices = cluster.find("discovery.k8s.io/v1", "EndpointSlice", metadata["namespace"], label_selector=label)
    endpoints = [endpoint for part in slices for endpoint in part.get("endpoints", [])]
    if any(endpoint.get("conditions", {}).get("ready", True) for endpoint in endpoints):
        return None
    return f"no ready endpoint ({len(endpoints)} pods match its selector)"


def _claim(live: Object, cluster: Cluster) -> str | None:
    if live.get("status", {}).get("phase") == "Bound":
        return None
    name = live["spec"].get("storageClassName")
    for storage_class in cluster.find("storage.k8s.io/v1", "StorageClass", None):
        metadata = storage_class["metadata"]
        is_default = metadata.get("annotations", {}).get(DEFAULT_CLASS) == "true"
        its_own = metadata["name"] == name or (name is None and is_default)
        # Bound when a pod uses it, and that pod may be a resource that waits for this one.
        if its_own and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer":
            return None
    return f"phase {live.get('status', {}).get('phase', 'Pending')}, not bound to a volume"


def _definition(live: Object, _: Cluster) -> str | None:
    return None if _condition(live, "Established").get("status") == "True" else "not established"


CHECKS: dict[tuple[str, str], Callable[[Object, Cluster], str | None]] = {
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("batch", "Job"): _job,
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("", "PersistentVolumeClaim"): _claim,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
}


async def until_ready(
    cluster: Cluster, live: Object, seconds: float, cancelled: asyncio.Event, say: Callable[[str], Awaitable[None]]
) -> tuple[Object, list[str]]:
    """Waits for at most `seconds`. Returns the last live object, and what is wrong with it: nothing if it is ready."""
    check = CHECKS.get((group(live), live["kind"]))
    deadline, said = time.monotonic() + seconds, ""
    while check:
        try:
            reason = await asyncio.to_thread(check, live, cluster)
        except HopelessError as error:
            return live, await asyncio.to_thread(_explained, cluster, live, str(error))
        except RefusedError as error:
            # The object exists, so losing sight of it is no reason to forget it.
            reason = str(error)
        if reason is None:
            break
        if cancelled.is_set():
            return live, [f"cancelled while waiting: {reason}"]
        if time.monotonic() > deadline:
            summary = f"not ready after {seconds:.0f} s: {reason}"
            return live, await asyncio.to_thread(_explained, cluster, live, summary)
        if reason != said:
            said = reason
            await say(f"waiting: {reason}")
        await asyncio.sleep(POLL_SECONDS)
        with contextlib.suppress(RefusedError):
            newer = await asyncio.to_thread(_fetch, cluster, live)
            if newer is None:
                return live, ["it was deleted while it was awaited"]
            live = newer
    return live, []


async def until_gone(cluster: Cluster, live: Object, seconds: float, cancelled: asyncio.Event) -> None:
    """Waits until this very object is gone; another one of the same name does not count. Raises RefusedError."""
    uid, deadline = live["metadata"]["uid"], time.monotonic() + seconds
    while live is not None and live["metadata"]["uid"] == uid:
        if cancelled.is_set() or time.monotonic() > deadline:
            metadata = live["metadata"]
            waited = "until it was cancelled" if cancelled.is_set() else f"for {seconds:.0f} s"
            details = [c["message"] for c in live.get("status", {}).get("conditions", []) if c.get("message")]
            if metadata.get("finalizers"):
                details.insert(0, f"finalizers: {', '.join(metadata['finalizers'])}")
            raise RefusedError(
                f"{live['kind']} {metadata['name']} is still there; waited {waited}. {'; '.join(details)}"
            )
        await asyncio.sleep(POLL_SECONDS / 4)
        live = await asyncio.to_thread(_fetch, cluster, live)


def _fetch(cluster: Cluster, live: Object) -> Object | None:
    metadata = live["metadata"]
    return cluster.get(live["apiVersion"], live["kind"], metadata.get("namespace"), metadata["name"])


def _explained(cluster: Cluster, live: Object, summary: str) -> list[str]:
    """The summary, what holds up its pods, and the last events of all that belongs to it."""
    metadata = live["metadata"]
    if not metadata.get("namespace"):
        return [summary]
    try:
        pods, others = _dependents(cluster, live)
        uids = {item["metadata"]["uid"] for item in (live, *pods, *others)}
        events = [
            e for e in cluster.find("v1", "Event", metadata["namespace"]) if e["involvedObject"].get("uid") in uids
        ]
    except RefusedError as error:
        return [summary, f"its events cannot be read: {error}"]
    events.sort(key=lambda e: e.get("lastTimestamp") or e.get("eventTime") or e["metadata"]["creationTimestamp"])
    warnings = [event for event in events if event.get("type") == "Warning"]
    lines = [line for pod in pods for line in _pod_troubles(pod)]
    for event in (warnings or events)[-EVENTS_SHOWN:]:
        about = event["involvedObject"]
        lines.append(
            f"event: {about['kind']} {about['name']}: {event.get('reason')}: {event.get('message', '').strip()}"
        )
    return [summary, *lines]


def _dependents(cluster: Cluster, live: Object) -> tuple[list[Object], list[Object]]:
    """The pods of a workload or service, and the replica sets between, which report when no pod can be made."""
    if live["kind"] in ("Pod", "PersistentVolumeClaim"):
        return ([live] if live["kind"] == "Pod" else []), []
    selector = live["spec"].get("selector") or {}
    labels = selector if live["kind"] == "Service" else selector.get("matchLabels") or {}
    chosen = ",".join(f"{key}={value}" for key, value in labels.items())
    namespace = live["metadata"]["namespace"]
    if not chosen:
        return [], []
    sets = live["kind"] == "Deployment"
    return (
        cluster.find("v1", "Pod", namespace, label_selector=chosen),
        cluster.find("apps/v1", "ReplicaSet", namespace, label_selector=chosen) if sets else [],
    )


def _pod_troubles(pod: Object) -> list[str]:
    status, name = pod.get("status", {}), pod["metadata"]["name"]
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return [f"pod {name}: not scheduled: {scheduled.get('message')}"]
    lines = []
    for container in status.get("initContainerStatuses", []) + status.get("containerStatuses", []):
        state: dict[str, Any] = container.get("state", {})
        waiting, ended = state.get("waiting"), state.get("terminated")
        if waiting:
            why = f"{waiting.get('reason')}: {waiting.get('message', '')}".rstrip(": ")
            lines.append(f"pod {name}: container {container['name']} waits: {why}")
        elif ended and ended.get("exitCode"):
            lines.append(f"pod {name}: container {container['name']} ended with exit code {ended['exitCode']}")
    return lines


def _stale(live: Object) -> bool:
    return live.get("status", {}).get("observedGeneration", 0) < live["metadata"].get("generation", 0)


def _condition(live: Object, kind: str) -> Object:
    return next((c for c in live.get("status", {}).get("conditions", []) if c["type"] == kind), {})
