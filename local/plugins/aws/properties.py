"""What a type's inputs mean: defaults, which changes replace, when two values are the same, and what has drifted.

The state holds every property with its default. Where an emulator reports something else than was asked for (it may
not store every setting), the state keeps what was asked for, and under REPORTED what was reported after the write:
drift is a later report that differs from that one.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi.provider.experimental.provider import DiffResponse, PropertyDiff, PropertyDiffKind

from local.plugins.values import has_unknown

REPORTED = "__reported"


class Chosen:
    """Marks a default that the service chooses; leaving such a property out is never a change."""


CHOSEN = Chosen()


def same(value: Any) -> Any:
    return value


def policy(document: Any) -> Any:
    """A policy document's meaning: lists without their order, a single item the same as a list of one.

    Raises ValueError for text that is not JSON.
    """
    return _unordered(json.loads(document)) if document else document


def _unordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unordered(item) for key, item in value.items()}
    if isinstance(value, list):
        items = sorted((_unordered(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
        return items[0] if len(items) == 1 else items
    return value


def without_empty(value: Any) -> Any:
    """A nested block without what is the same as leaving it out: None, false, empty text, empty lists and maps."""
    if isinstance(value, Mapping):
        inner = {key: without_empty(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if not _empty(item)}
    if isinstance(value, list):
        return [without_empty(item) for item in value]
    return value


def _empty(value: Any) -> bool:
    return value is None or value is False or value in ("", {}, [])


@dataclass(frozen=True)
class Property:
    """One input. `meaning` maps a value to what is compared; it raises ValueError for a value that has none."""

    default: Any = None
    replaces: bool = False
    meaning: Callable[[Any], Any] = same


Properties = Mapping[str, Property]

#: `tagsAll` is `tags` with the provider's default tags; the provider works it out, programs do not set it.
TAGS = {"tags": Property({}), "tagsAll": Property({})}


def complete(properties: Properties, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with all defaults, without what the service chooses."""
    values = {key: item.default if inputs.get(key) is None else inputs[key] for key, item in properties.items()}
    return {key: value for key, value in values.items() if value is not CHOSEN}


def equal(item: Property, one: Any, other: Any) -> bool:
    """Whether two values mean the same; an unknown value equals nothing."""
    if has_unknown(one) or has_unknown(other):
        return False
    return one == other or item.meaning(one) == item.meaning(other)


def difference(properties: Properties, state: Mapping[str, Any], wanted: Mapping[str, Any], name: str | None):
    """The engine's answer to: what changes `state` into `wanted` (both complete)?

    An object with the same physical name (property `name`) has to go before its replacement can come.
    """
    changed = [
        key for key, item in properties.items() if key in wanted and not equal(item, state.get(key), wanted[key])
    ]
    replaces = [key for key in changed if properties[key].replaces]
    return DiffResponse(
        changes=bool(changed),
        replaces=replaces,
        diffs=changed,
        delete_before_replace=bool(replaces and name and state.get(name) == wanted.get(name)),
        detailed_diff={
            key: PropertyDiff(_kind(state.get(key), wanted[key], key in replaces), input_diff=False) for key in changed
        },
    )


def _kind(old: Any, new: Any, replace: bool) -> PropertyDiffKind:
    nothing = (None, "", {}, [])
    verb = "ADD" if old in nothing else "DELETE" if new in nothing else "UPDATE"
    return PropertyDiffKind[f"{verb}_REPLACE" if replace else verb]


def written(properties: Properties, wanted: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The state after `wanted` was written and `live` was then read."""
    other = {
        key: live[key]
        for key, item in properties.items()
        if key in live and key in wanted and not equal(item, live[key], wanted[key])
    }
    return {**live, **wanted, **({REPORTED: other} if other else {})}


def refreshed(properties: Properties, state: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The state after `live` was read: the old form of every property that has not drifted."""
    reported = state.get(REPORTED) or {}
    result = {**state, **live}
    still = {}
    for key, item in properties.items():
        if key not in live or key not in state:
            continue
        if equal(item, live[key], reported.get(key, state[key])):
            result[key] = state[key]
            if key in reported:
                still[key] = reported[key]
    result.pop(REPORTED, None)
    return {**result, **({REPORTED: still} if still else {})}
