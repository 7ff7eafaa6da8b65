"""What differs between two renders: a summary, and a unified diff for each object; for a terminal or for a comment."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import yaml

from review.documents import dump, readable

SIGNS = {"added": "+", "removed": "-", "changed": "~"}


@dataclass(frozen=True)
class Change:
    """One object that differs."""

    path: str
    """<stack>/<folder>/<component>/<kind>-<name>.yaml."""
    before: str | None
    """YAML; None: it was not there."""
    after: str | None
    """YAML; None: it is not there any more."""

    @property
    def what(self) -> str:
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    @property
    def stack(self) -> str:
        return self.path.split("/")[0]

    @property
    def component(self) -> str:
        return self.path.split("/")[2]

    def diff(self) -> str:
        """Unified; embedded documents are compared line by line, also those of a single line."""
        lines = difflib.unified_diff(
            _lines(self.before),
            _lines(self.after),
            f"a/{self.path}" if self.before is not None else "/dev/null",
            f"b/{self.path}" if self.after is not None else "/dev/null",
            lineterm="",
        )
        return "\n".join(lines) + "\n"


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """Of two renders, texts by path; sorted by stack, component and path."""
    paths = [path for path in {*before, *after} if before.get(path) != after.get(path)]
    found = [Change(path, before.get(path), after.get(path)) for path in paths]
    return sorted(found, key=lambda change: (change.stack, change.component, change.path))


def summary(found: Iterable[Change], stacks: Iterable[str]) -> str:
    """A line for each stack."""
    by_stack = {stack: [change.what for change in found if change.stack == stack] for stack in stacks}
    return "".join(f"{stack}: {_counted(kinds)}\n" for stack, kinds in by_stack.items())


def text(found: Sequence[Change], stacks: Sequence[str]) -> str:
    """For a terminal: how much, which objects, how they differ."""
    named = "".join(f"{SIGNS[change.what]} {change.path}\n" for change in found)
    parts = [summary(found, stacks), named, *(change.diff() for change in found)]
    return "\n".join(part for part in parts if part)


def markdown(found: Sequence[Change], stacks: Sequence[str], *, base: str, limit: int) -> str:
    """For a comment of at most `limit` characters: the summary, and the diffs of each component folded away.

    What does not fit is left out by whole objects, and it says so.
    """
    head = f"### What differs from {base}\n\n" + "".join(f"- {line}\n" for line in summary(found, stacks).splitlines())
    left = limit - len(head) - len(_cut(len(found), limit, base))
    folds, shown = "", 0
    for (stack, component), together in groupby(found, lambda change: (change.stack, change.component)):
        several = list(together)
        title = f"{stack} / {component}: {_counted([change.what for change in several])}"
        fits: list[str] = []
        for diff in (change.diff() for change in several):
            if len(folds) + len(_fold(title, [*fits, diff])) <= left:
                fits.append(diff)
        if fits:
            folds += _fold(title, fits)
        shown += len(fits)
    return head + folds + (_cut(len(found) - shown, limit, base) if shown < len(found) else "")


def _counted(kinds: Sequence[str]) -> str:
    if not kinds:
        return "no differences"
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in SIGNS)


def _fold(title: str, diffs: Sequence[str]) -> str:
    content = "".join(diffs)
    # A fence has to be longer than any in what it encloses.
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in re.findall("`+", content))])
    return f"\n<details><summary>{title}</summary>\n\n{fence}diff\n{content}{fence}\n\n</details>\n"


def _cut(count: int, limit: int, base: str) -> str:
    return (
        f"\nThe diffs of {count} objects are left out, because a comment may have {limit} characters. "
        f"`make diff BASE={base}` shows all of them.\n"
    )


def _lines(document: str | None) -> list[str]:
    if document is None:
        return []
    notes = [line for line in document.splitlines() if line.startswith("# ")]
    return [*notes, *dump(readable(yaml.load(document, yaml.CSafeLoader))).splitlines()]
