"""What `pulumi preview --json` prints, as far as it is read here. Seen with the CLI 3.246.

A preview with `--refresh` first has a step `refresh` for each recorded resource, whose old state is the record. The
steps after it compare the program with what was found: their old state is what is there, inputs and outputs alike. A
resource that is gone has no old state and the step `create`. Secrets are `[secret]` everywhere.
"""

import json
import re
from typing import NotRequired, TypedDict, cast

from ops.errors import OperationError
from review.digest import SECRET, name_of

#: Stands for a value that is known only after another resource is made.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
#: An error that only says that there are errors.
_GENERAL = re.compile(r"(preview failed|an unhandled error occurred: program exited with .*)$")
_PATH = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[]+)')
_REASONS = 5


class Missing:
    """There is no value at that place."""

    def __repr__(self) -> str:
        return "nothing"


MISSING = Missing()


class State(TypedDict, total=False):
    inputs: dict[str, object]
    outputs: dict[str, object]
    parent: str


class Step(TypedDict):
    op: str
    urn: str
    oldState: NotRequired[State]
    newState: NotRequired[State]
    detailedDiff: NotRequired[dict[str, object] | None]
    diffReasons: NotRequired[list[str]]


class Diagnostic(TypedDict):
    urn: NotRequired[str]
    message: str
    severity: str


class Digest(TypedDict):
    steps: list[Step]
    diagnostics: NotRequired[list[Diagnostic]]


def read(output: str, errors: str, *, succeeded: bool) -> Digest:
    """Raises OperationError with the engine's reasons if the preview failed."""
    try:
        digest = cast(Digest, json.loads(output))
    except ValueError:
        raise OperationError(errors.strip() or output.strip() or "pulumi said nothing") from None
    if not succeeded:
        raise OperationError("\n".join(_reasons(digest)) or errors.strip() or "pulumi gave no reason")
    return digest


def _reasons(digest: Digest) -> list[str]:
    found: list[str] = []
    for item in digest.get("diagnostics", []):
        message = item["message"].strip().removeprefix("error: ").removeprefix("Preview failed: ")
        if item["severity"] == "error" and message and not _GENERAL.match(message):
            urn = item.get("urn")
            found.append(f"{name_of(urn)}: {message}" if urn else message)
    more = [f"and {len(found) - _REASONS} more"] if len(found) > _REASONS else []
    return found[:_REASONS] + more


def paths(step: Step) -> list[str]:
    """Where a resource differs. AWS tags are there twice, the second time with those that all resources share."""
    found = list(step.get("detailedDiff") or step.get("diffReasons") or [])
    own = [path for path in found if not path.startswith("tagsAll")]
    return own if any(path.startswith("tags") for path in own) else found


def value(state: State | None, path: str) -> object:
    """The value at a path as the engine writes it; SECRET if it, or what holds it, is secret.

    Inputs come before outputs: providers fill the latter with defaults that nobody asked for.
    """
    if not state:
        return MISSING
    found = _at(state.get("inputs"), path)
    return _at(state.get("outputs"), path) if found is MISSING else found


def _at(values: object, path: str) -> object:
    for match in _PATH.finditer(path):
        quoted, index, name = match.groups()
        if values == SECRET:
            return SECRET
        if index and isinstance(values, list):
            items = cast(list[object], values)
            values = items[int(index)] if int(index) < len(items) else MISSING
        elif isinstance(values, dict):
            values = cast(dict[str, object], values).get(str(quoted or name), MISSING)
        else:
            return MISSING
    return MISSING if values is None else values


def is_unknown(value: object) -> bool:
    """Whether the value, or a part of it, is known only after another resource is made."""
    return not isinstance(value, Missing) and UNKNOWN in json.dumps(value)
