"""What of a stack was changed by hand: the difference of two previews, one of which looked at what is there. Pure.

Drift is what an `up` that looks first would put right. What it would leave alone is none: a status, what controllers
fill in, what others have added beside ours.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ops.digest import MISSING, Digest, State, Step, is_unknown, paths, value
from review.digest import IDLE, REPLACEMENTS, SECRET, name_of, type_of

STACK = "pulumi:pulumi:Stack"
SECRETS = "kubernetes:core/v1:Secret"
#: What is made again without what it held.
EMPTIED = {
    "aws:s3/bucket:Bucket": "A repair makes the bucket anew, and empty: what it held cannot be brought back",
    "kubernetes:core/v1:PersistentVolumeClaim": "A repair makes the claim anew; its volume is empty unless it was kept",
}


@dataclass(frozen=True)
class Difference:
    """At one property; both values are SECRET if either is, and in every Secret."""

    path: str
    wanted: object
    found: object


@dataclass(frozen=True)
class Resource:
    """One resource of a stack.

    kind: `Deployment`. place: `namespace/name`, or the name of a bucket or a role. component: the names of all that it
    is part of, from the stack's own down.
    """

    urn: str
    kind: str
    place: str
    component: str


@dataclass(frozen=True)
class Change:
    """What has happened to a resource, or what the program wants of it.

    what: deleted, changed (by hand); create, update, replace, delete (not applied). note: what a repair cannot do, or
    does beside it.
    """

    resource: Resource
    what: str
    differences: tuple[Difference, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Found:
    drifted: tuple[Change, ...]
    unapplied: tuple[Change, ...]


def compare(plain: Digest, refreshed: Digest) -> Found:
    """plain: of the program with the record. refreshed: of the program with what is there."""
    recorded = {step["urn"]: step.get("oldState", {}) for step in refreshed["steps"] if step["op"] == "refresh"}
    wanted = _by_urn(plain["steps"])
    drifted = [
        change
        for urn, step in _by_urn(refreshed["steps"]).items()
        if (change := _drift(step, recorded, wanted.get(urn)))
    ]
    unapplied = [
        Change(_resource(step, recorded), _verb(step["op"]), _differences(step), _replaced(step))
        for step in wanted.values()
    ]
    return Found(_sorted(drifted), _sorted(unapplied))


def _by_urn(steps: Iterable[Step]) -> dict[str, Step]:
    """The steps that change something; a replacement, which is three steps, once."""
    found: dict[str, Step] = {}
    for step in steps:
        if step["op"] not in IDLE and (step["urn"] not in found or step["op"] == "replace"):
            found[step["urn"]] = step
    return found


def _drift(step: Step, recorded: dict[str, State], unapplied: Step | None) -> Change | None:
    urn = step["urn"]
    if step["op"] == "create":
        note = EMPTIED.get(type_of(urn), "")
        return Change(_resource(step, recorded), "deleted", note=note) if urn in recorded else None
    known = {each.path: each.found for each in _differences(unapplied)} if unapplied else {}
    by_hand = tuple(
        difference
        for difference in _differences(step)
        # The program's own change, of a value that is still as recorded.
        if not (difference.path in known and known[difference.path] == difference.found)
        # It only follows from another resource that is made again.
        and not (is_unknown(difference.wanted) and difference.found == value(recorded.get(urn), difference.path))
    )
    return Change(_resource(step, recorded), "changed", by_hand, _replaced(step)) if by_hand else None


def _differences(step: Step) -> tuple[Difference, ...]:
    old, new = step.get("oldState"), step.get("newState")
    found: list[Difference] = []
    for path in paths(step):
        values = value({"inputs": (new or {}).get("inputs") or {}}, path), value(old, path)
        hidden = SECRET in values or type_of(step["urn"]) == SECRETS
        found.append(Difference(path, *((SECRET, SECRET) if hidden else values)))
    return tuple(sorted(found, key=lambda difference: difference.path))


def _verb(op: str) -> str:
    return "replace" if op in REPLACEMENTS else op


def _replaced(step: Step) -> str:
    return "It cannot be changed in place: it is deleted, and made anew" if step["op"] in REPLACEMENTS else ""


def _sorted(changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda change: (change.resource.component, change.resource.urn)))


def _resource(step: Step, recorded: dict[str, State]) -> Resource:
    """What a person calls it."""
    urn, state = step["urn"], step.get("newState") or step.get("oldState") or {}
    parent, names = state.get("parent", ""), list[str]()
    while parent and type_of(parent) != STACK:
        names.insert(0, name_of(parent))
        parent = recorded.get(parent, {}).get("parent", "")
    return Resource(urn, type_of(urn).rsplit(":", 1)[-1], _place(urn, state), " / ".join(names))


def _place(urn: str, state: State) -> str:
    namespace, name = value(state, "metadata.namespace"), value(state, "metadata.name")
    if name is not MISSING:
        return f"{namespace}/{name}" if namespace is not MISSING else str(name)
    given = (value(state, key) for key in ("bucket", "name"))
    known = (str(each) for each in given if each is not MISSING and not is_unknown(each))
    return next(known, name_of(urn))
