"""What holds of Receive: whatever is drained or lost, a quorum of each sample's copies stays."""

import json
import math
import re
from collections.abc import Iterator, Mapping

from policy.pods import containers, spec
from policy.resources import UNKNOWN, Resource, Stack, UnknownError, at, known
from render import Document, hashring

_FACTOR = "--receive.replication-factor"


def receive_keeps_its_quorum(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for router in stack.of("Deployment"):
        yield from _router(stack, router)


@known
def _router(stack: Stack, router: Resource) -> Iterator[tuple[Resource, str]]:
    words = [
        word for container in containers(router) for of in ("command", "args") for word in at(container, of, default=[])
    ]
    # As one argument, or as two.
    factors = re.findall(rf"^{_FACTOR}[=\n](\d+)$", "\n".join(words), re.MULTILINE)
    if len(factors) != sum(word.startswith(_FACTOR) for word in words):
        yield router, f"its {_FACTOR} is no number"
    for factor in map(int, factors):
        rings = _rings(stack, router)
        if not rings:
            yield router, "no ring is found: no file of its ConfigMaps has hashring in its name"
        for ring in rings:
            yield from _ring(stack, router, factor, ring)


def _rings(stack: Stack, router: Resource) -> list[list[Document]]:
    """The endpoints of each ring that the router reads. UnknownError if there is none but among what is not known."""
    volumes = at(spec(router), "volumes", default=[])
    pairs = [(volume, found) for volume in volumes for found in stack.of("ConfigMap")]
    files = [text for pair in pairs for text in known(_hashrings)(*pair)]
    files = files or [text for pair in pairs for text in _hashrings(*pair)]
    return [ring["endpoints"] for text in files for ring in json.loads(text)]


def _hashrings(volume: Document, config_map: Resource) -> Iterator[str]:
    """The files with rings in them, if the volume is the ConfigMap."""
    mounted = at(volume, "configMap", "name")
    if mounted and mounted == at(config_map.properties, "metadata", "name"):
        for file, text in at(config_map.properties, "data", default={}).items():
            if "hashring" in file:
                yield at(text)


def _ring(stack: Stack, router: Resource, factor: int, ring: list[Document]) -> Iterator[tuple[Resource, str]]:
    spare = hashring.tolerated_losses(factor)
    if len(ring) < factor:
        yield router, f"a ring of {len(ring)} cannot hold {factor} copies"
    zones = [endpoint.get("az") for endpoint in ring]
    if any(zones) and (not all(zones) or math.ceil(factor / len(set(zones))) > max(spare, 1)):
        yield router, f"the loss of one of the zones {sorted(map(str, set(zones)))} takes more than {spare} copies"
    sets = {_name(found): found for found in stack.of("StatefulSet")}
    names = [endpoint["address"].split(".")[0].rpartition("-") for endpoint in ring]
    for name, _, ordinal in names:
        yield from _pod(router, sets, name, int(ordinal))
    for name in sorted({name for name, *_ in names} & set(sets)):
        yield from _budgets(stack, sets[name], max(spare, 1))


@known
def _pod(router: Resource, sets: Mapping[str, Resource], name: str, ordinal: int) -> Iterator[tuple[Resource, str]]:
    if name not in sets and UNKNOWN in sets:
        raise UnknownError("name")
    if name not in sets or ordinal >= at(sets[name].properties, "spec", "replicas", default=1):
        yield router, f"the ring names {name}-{ordinal}, and no StatefulSet has that pod"


@known
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
        if not isinstance(allowed, int):
            yield budget, f"its maxUnavailable is {allowed}: set it to a number of pods, of which writes bear {spare}"
        elif allowed > spare:
            yield budget, f"it lets {allowed} ingesters go at a time, and writes bear the loss of {spare}"


def _name(resource: Resource) -> str:
    """UNKNOWN while nobody knows it: the others can be told apart all the same."""
    try:
        return at(resource.properties, "metadata", "name", default="")
    except UnknownError:
        return UNKNOWN


def _selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return bool(selector) and selector.items() <= labels.items()
