"""The answer to the engine's question what differs between two versions of an object, and what that takes."""

from typing import Any

import yaml
from pulumi.provider.experimental import provider as rpc

from local.plugins.kubernetes import fields, objects
from local.plugins.kubernetes.cluster import Settings
from local.plugins.kubernetes.fields import Change, Object
from local.plugins.values import UNKNOWN

_KINDS = {
    (Change.ADD, False): rpc.PropertyDiffKind.ADD,
    (Change.ADD, True): rpc.PropertyDiffKind.ADD_REPLACE,
    (Change.DELETE, False): rpc.PropertyDiffKind.DELETE,
    (Change.DELETE, True): rpc.PropertyDiffKind.DELETE_REPLACE,
    (Change.UPDATE, False): rpc.PropertyDiffKind.UPDATE,
    (Change.UPDATE, True): rpc.PropertyDiffKind.UPDATE_REPLACE,
}


def response(old: Object, new: Object, settings: Settings) -> rpc.DiffResponse:
    """old, new: plain inputs as `check` returned them; new may contain unknowns, which count as changes."""
    rules = fields.replace_rules(
        old, new, config_map_mutable=settings.config_map_mutable, secret_mutable=settings.secret_mutable
    )
    detailed, replaces = {}, []
    for path, change in fields.differences(old, new):
        replaced = fields.replaced_by(path, rules, old, new)
        detailed[fields.text(path)] = rpc.PropertyDiff(_KINDS[change, replaced], input_diff=True)
        if replaced:
            replaces.append(fields.text(path))
    # A name that was made up is made up anew for the replacement, so that one can be created first.
    in_the_way = objects.same_place(old, new) and not objects.is_autonamed(new)
    return rpc.DiffResponse(
        changes=bool(detailed),
        replaces=replaces,
        detailed_diff=detailed,
        delete_before_replace=bool(replaces) and in_the_way,
    )


def moved(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The options of a provider that say it is another cluster now, where nothing of what is recorded exists.

    As with the official plugin an identifier that stays the same says that the cluster does, whatever else changes.
    """
    identifiers = old.get("clusterIdentifier"), new.get("clusterIdentifier")
    if all(identifiers):
        return ["clusterIdentifier"] if identifiers[0] != identifiers[1] else []
    if old.get("context") != new.get("context"):
        return ["context"]
    if new.get("kubeconfig") is UNKNOWN:
        return ["kubeconfig"]
    places = _place(old), _place(new)
    return ["kubeconfig"] if None not in places and places[0] != places[1] else []


def _place(options: dict[str, Any]) -> Any:
    """The cluster that a kubeconfig given as contents leads to, or None."""
    try:
        document = yaml.safe_load(options["kubeconfig"])
        current = options.get("context") or document["current-context"]
        context = next(each["context"] for each in document["contexts"] if each["name"] == current)
        return next(each["cluster"] for each in document["clusters"] if each["name"] == context["cluster"])
    except (KeyError, TypeError, AttributeError, StopIteration, yaml.YAMLError):
        return None
