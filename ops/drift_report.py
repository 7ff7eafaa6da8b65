"""What was found, in words: for a terminal, and as Markdown for a comment or an issue."""

import contextlib
import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass

import yaml

from ops.digest import MISSING, is_unknown
from ops.drifted import Change, Difference, Found
from review.digest import SECRET

#: What an issue, or a comment, takes.
LIMIT = 65_536
_CUT = "\n\nThe report is cut here: it was {length:,} characters long. `make drift` prints all of it.\n"
_SHORT, _LINE, _LINES = 80, 200, 20
_FENCE = "````"


@dataclass(frozen=True)
class Outcome:
    """Of one stack.

    error: why it could not be looked at, or is not repaired. failed: a command failed, of which the error tells. left:
    what was found after a repair.
    """

    stack: str
    found: Found | None = None
    error: str = ""
    failed: bool = False
    left: Found | None = None

    @property
    def now(self) -> Found | None:
        return self.left or self.found

    @property
    def repaired(self) -> tuple[Change, ...]:
        if not self.found or not self.left:
            return ()
        urns = {change.resource.urn for change in self.left.drifted}
        return tuple(change for change in self.found.drifted if change.resource.urn not in urns)


def headline(outcome: Outcome) -> str:
    if not outcome.now:
        return f"{outcome.stack}: could not be looked at"
    if count := len(outcome.now.drifted):
        return f"{outcome.stack}: {_counted(count, 'resource')} drifted"
    if outcome.repaired:
        return f"{outcome.stack}: in sync, {_counted(len(outcome.repaired), 'resource')} repaired"
    return f"{outcome.stack}: in sync"


def lines(found: Found) -> list[str]:
    """For a terminal."""
    text: list[str] = []
    for change in found.drifted:
        text.append(f"  {_title(change)}: {change.what}")
        for difference in change.differences:
            short, rows = _values(difference)
            text.append(f"    {difference.path}: {short}".rstrip())
            text += [f"      {row}" for row in rows]
        text += [f"    Note: {change.note}"] * bool(change.note)
    if found.unapplied:
        text.append("  not applied yet, which is no drift (of the program or the stack file):")
        text += [f"    {change.what} {_title(change)}{_names(change)}" for change in found.unapplied]
    return text


def markdown(outcomes: Iterable[Outcome]) -> str:
    """At most LIMIT characters."""
    rows = ["# Drift", ""]
    for outcome in outcomes:
        rows += [f"## {headline(outcome)}", ""]
        if outcome.error:
            rows += [_FENCE, *outcome.error.splitlines(), _FENCE, ""]
        if outcome.now:
            rows += _listed(outcome.now)
        if outcome.repaired:
            rows += ["Repaired:", "", *map(_mended, outcome.repaired), ""]
    text = "\n".join(rows)
    if len(text) <= LIMIT:
        return text
    closing = f"\n{_FENCE}{_CUT.format(length=len(text))}"
    kept = text[: LIMIT - len(closing)].rpartition("\n")[0]
    return kept + (closing if kept.count(_FENCE) % 2 else closing.removeprefix(f"\n{_FENCE}"))


def _listed(found: Found) -> list[str]:
    rows: list[str] = []
    for change in found.drifted:
        rows.append(f"- {_code(change)}: {change.what}")
        for difference in change.differences:
            short, diff = _values(difference, "`")
            rows.append(f"  - `{difference.path}`: {short}".rstrip())
            if diff:
                rows += [f"    {row}" for row in (f"{_FENCE}diff", *diff, _FENCE)]
        rows += [f"  - **{change.note}**"] * bool(change.note)
    if found.unapplied:
        rows += ["", "Not applied yet, which is no drift (of the program or the stack file):", ""]
        rows += [f"- {change.what} {_code(change)}{_names(change)}" for change in found.unapplied]
    return [*rows, ""]


def _values(difference: Difference, quote: str = "") -> tuple[str, list[str]]:
    """One line if both values are short; else the lines in which they differ."""
    if SECRET in (difference.wanted, difference.found):
        return "another value (a secret, not shown)", []
    wanted, found = _text(difference.wanted), _text(difference.found)
    if all(len(text) <= _SHORT and "\n" not in text and "`" not in text for text in (wanted, found)):
        return f"wanted {quote}{wanted}{quote}, found {quote}{found}{quote}", []
    # The two lines that name the files are of no use.
    rows = list(difflib.unified_diff(_pretty(difference.found), _pretty(difference.wanted), lineterm="", n=0))[2:]
    rows = [row if len(row) <= _LINE else f"{row[:_LINE]}…" for row in rows if not row.startswith("@@")]
    more = [f"… and {len(rows) - _LINES} more lines"] if len(rows) > _LINES else []
    return "- is found, + is wanted", rows[:_LINES] + more


def _text(value: object) -> str:
    if value is MISSING:
        return "nothing"
    if is_unknown(value):
        return "what is known after the repair"
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _pretty(value: object) -> list[str]:
    """Documents line by line, so that only what differs in them is shown."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = json.loads(value) if value.startswith(("{", "[")) else value
    documents = not isinstance(value, str) and value is not MISSING and not is_unknown(value)
    return (yaml.safe_dump(value) if documents else _text(value)).splitlines()


def _title(change: Change) -> str:
    within = f" ({change.resource.component})" if change.resource.component else ""
    return f"{change.resource.kind} {change.resource.place}{within}"


def _code(change: Change) -> str:
    within = f" ({change.resource.component})" if change.resource.component else ""
    return f"**{change.resource.kind}** `{change.resource.place}`{within}"


def _mended(change: Change) -> str:
    return f"- {_code(change)}: {change.what}" + (f". **{change.note}**" if change.note else "")


def _names(change: Change) -> str:
    return ": " + ", ".join(difference.path for difference in change.differences) if change.differences else ""


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
