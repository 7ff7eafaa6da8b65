"""The answer to the engine's question what differs between two versions of an object, and what that takes."""

from pulumi.provider.experimental import provider as rpc

from local.plugins.kubernetes import fields, objects
from local.plugins.kubernetes.cluster import Settings
from local.plugins.kubernetes.fields import Change, Object

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
