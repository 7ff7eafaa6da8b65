"""What holds of Receive: whatever is drained or lost, a quorum of each sample's copies stays."""

import json
import math
from collections.abc import Iterator, Mapping

from policy.pods import containers, spec
from policy.resources import Resource, Stack, at
from render import Document, hashring

_FACTOR = "--receive.replication-factor="


def receive_keeps_its_quorum(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for router in stack.of("Deployment"):
        for factor in _factors(router):
            for ring in _rings(stack, router):
                yield from _ring(stack, router, factor, ring)


def _factors(router: Resource) -> list[int]:
    args = [arg for container in containers(router) for arg in at(container, "args", default=[])]
    return [int(arg.removeprefix(_FACTOR)) for arg in args if arg.startswith(_FACTOR)]


def _rings(stack: Stack, router: Resource) -> list[list[Document]]:
    """The endpoints of each ring that the router reads."""
    mounted = [at(volume, "configMap", "name") for volume in at(spec(router), "volumes", default=[])]
    files = [
        text
        for found in stack.of("ConfigMap")
        if at(found.properties, "metadata", "name") in mounted
        for name, text in at(found.properties, "data", default={}).items()
        if "hashring" in name
    ]
    return [ring["endpoints"] for text in files for ring in json.loads(at(text))]


def _ring(stack: Stack, router: Resource, factor: int, ring: list[Document]) -> Iterator[tuple[Resource, str]]:
    spare = hashring.tolerated_losses(factor)
    if len(ring) < factor:
        yield router, f"a ring of {len(ring)} cannot hold {factor} copies"
    zones = [endpoint.get("az") for endpoint in ring]
    if any(zones) and (not all(zones) or math.ceil(factor / len(set(zones))) > max(spare, 1)):
        yield router, f"the loss of one of the zones {sorted(map(str, set(zones)))} takes more than {spare} copies"
    sets = {at(found.properties, "metadata", "name"): found for found in stack.of("StatefulSet")}
    names = [endpoint["address"].split(".")[0].rpartition("-") for endpoint in ring]
    for name, _, ordinal in names:
        if name not in sets or int(ordinal) >= at(sets[name].properties, "spec", "replicas", default=1):
            yield router, f"the ring names {name}-{ordinal}, and no StatefulSet has that pod"
    for name in sorted({name for name, *_ in names} & set(sets)):
        yield from _budgets(stack, sets[name], max(spare, 1))


def _budgets(stack: Stack, ingesters: Resource, spare: int) -> Iterator[tuple[Resource, str]]:
    labels = at(ingesters.properties, "spec", "template", "metadata", "labels", default={})
    budgets = [
        found
        for found in stack.of("PodDisruptionBudget")
        if _selects(at(found.properties, "spec", "selector", "matchLabels", default={}), labels)
    ]
    if len(budgets) != 1:
        yield ingesters, f"{len(budgets)} PodDisruptionBudgets cover its pods; it takes exactly one"
    for budget in budgets:
        allowed = at(budget.properties, "spec", "maxUnavailable")
        if not isinstance(allowed, int) or allowed > spare:
            yield budget, f"it lets {allowed} ingesters go at a time, and writes bear the loss of {spare}"


def _selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return bool(selector) and selector.items() <= labels.items()
