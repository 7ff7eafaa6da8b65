"""What `pulumi preview --json` says, as plain values. No value of a secret gets beyond this module."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from planner.documents import is_list, is_mapping, mapping, sequence
from policy import wire

#: In place of a secret; of one that differs from it; of what only the update will know.
SECRET, OTHER_SECRET, UNKNOWN = "[secret]", "[another secret]", "[known after the update]"
REPLACEMENTS = ("replace", "create-replacement", "delete-replaced")
#: Steps that change nothing.
IDLE = ("same", "read", "refresh")
_STACK = "pulumi:pulumi:Stack"
_KUBERNETES_SECRET = "kubernetes:core/v1:Secret"  # noqa: S105
_BEGIN = re.compile(r"^\{", re.MULTILINE)


class DigestError(Exception):
    """There is no digest in the text; the message says what is there instead."""


@dataclass(frozen=True)
class Step:
    """What would be done to one resource."""

    op: str
    """The engine's word: create, update, replace, delete ..."""
    urn: str
    parent: str
    """The URN of the component that it belongs to."""
    old: Mapping[str, object] = field(default_factory=dict[str, object])
    """Its properties as the program has given them; empty: it is not there. Secrets and unknown values are named."""
    new: Mapping[str, object] = field(default_factory=dict[str, object])
    reasons: tuple[str, ...] = ()
    """The properties that force a replacement."""
    changed: tuple[str, ...] = ()
    """What differs, as the provider tells it: smallest paths in the engine's notation."""
    kept: bool = False
    """It stays where it is when the stack gives it up (retainOnDelete)."""

    @property
    def type(self) -> str:
        return type_of(self.urn)

    @property
    def kind(self) -> str:
        return self.type.rsplit(":", 1)[-1]

    @property
    def name(self) -> str:
        return name_of(self.urn)

    @property
    def replaces(self) -> bool:
        return self.op in REPLACEMENTS

    @property
    def deletes(self) -> bool:
        return self.op == "delete"


@dataclass(frozen=True)
class Diagnostic:
    severity: str
    """info, warning or error."""
    message: str
    urn: str


@dataclass(frozen=True)
class Digest:
    """One preview."""

    steps: tuple[Step, ...]
    """What would change, in the engine's order; neither the stack itself nor what stays the same, or is only read."""
    counts: Mapping[str, int]
    """Resources by operation, the stack and its components included."""
    diagnostics: tuple[Diagnostic, ...]

    @property
    def failed(self) -> bool:
        """The engine ends each failed preview with an error, and goes on to print what it had found."""
        return any(found.severity == "error" for found in self.diagnostics)


def type_of(urn: str) -> str:
    """urn:pulumi:STACK::PROJECT::PARENTS$TYPE::NAME"""
    parts = urn.split("::", 3)
    return parts[2].rsplit("$", 1)[-1] if len(parts) == 4 else ""


def name_of(urn: str) -> str:
    return urn.split("::", 3)[-1]


def parse(text: str) -> Digest:
    """The digest in what the CLI has printed, whatever stands before it. DigestError if there is none, or half."""
    if not text.strip():
        raise DigestError("nothing was printed, so it has failed before the program began")
    begin = _BEGIN.search(text)
    if not begin:
        raise DigestError("what was printed is no JSON")
    try:
        document, _ = json.JSONDecoder().raw_decode(text, begin.start())
    except ValueError as error:
        raise DigestError(f"its JSON is not whole: {error}") from None
    if not mapping(document).keys() & {"steps", "changeSummary", "diagnostics"}:
        raise DigestError("its JSON has neither steps nor a summary")
    steps = tuple(_step(mapping(found)) for found in sequence(mapping(document).get("steps")))
    steps = tuple(step for step in steps if step.type != _STACK and step.op not in IDLE)
    counts = {op: count for op, count in mapping(document, "changeSummary").items() if isinstance(count, int)}
    return Digest(steps, counts or _counted(steps), tuple(_diagnostics(mapping(document))))


def _step(found: Mapping[str, object]) -> Step:
    before, after = mapping(found, "oldState"), mapping(found, "newState")
    details = {path: str(mapping(diff).get("kind")) for path, diff in mapping(found, "detailedDiff").items()}
    forcing = [path for path, kind in details.items() if kind.endswith("replace")]
    urn = str(found.get("urn", ""))
    old, new = plain(before.get("inputs")), plain(after.get("inputs"))
    if type_of(urn) == _KUBERNETES_SECRET:
        old, new = _concealed(mapping(old), mapping(new))
    return Step(
        op=str(found.get("op", "")),
        urn=urn,
        parent=str((after or before).get("parent", "")),
        old=mapping(old),
        new=mapping(new),
        reasons=tuple(forcing or map(str, sequence(found.get("replaceReasons")))),
        changed=tuple(details or map(str, sequence(found.get("diffReasons")))),
        kept=before.get("retainOnDelete") is True,
    )


def _diagnostics(document: Mapping[str, object]) -> list[Diagnostic]:
    found = [mapping(one) for one in sequence(document.get("diagnostics"))]
    return [
        Diagnostic(
            str(one.get("severity", "")),
            f"{one.get('prefix', '')}{one.get('message', '')}".strip(),
            str(one.get("urn", "")),
        )
        for one in found
    ]


def plain(value: object) -> object:
    """The engine's markers replaced by words that are for people."""
    if is_mapping(value):
        if wire.SIGNATURE in value:
            # A secret with its value or its cipher text; else a file, or a reference to a resource.
            return SECRET if value[wire.SIGNATURE] == wire.MARKED else "[not shown]"
        return {key: plain(item) for key, item in value.items()}
    if is_list(value):
        return [plain(item) for item in value]
    return UNKNOWN if isinstance(value, str) and value in wire.UNKNOWN_TEXTS else value


def _concealed(
    old: Mapping[str, object], new: Mapping[str, object]
) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """A Kubernetes Secret whose values are gone, and still tell whether they differ: also what no program marked."""
    before, after = dict(old), dict(new)
    for part in ("data", "stringData"):
        if is_mapping(old.get(part)):
            before[part] = dict.fromkeys(mapping(old, part), SECRET)
        if is_mapping(new.get(part)):
            given, former = mapping(new, part), mapping(old, part)
            after[part] = {
                key: OTHER_SECRET if key in former and former[key] != value else SECRET for key, value in given.items()
            }
    return before, after


def _counted(steps: tuple[Step, ...]) -> dict[str, int]:
    ops = [step.op for step in steps]
    return {op: ops.count(op) for op in ops}
