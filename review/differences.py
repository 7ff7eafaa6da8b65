"""What changes in a resource, line by line: flags, files, properties. Content where the objects have hashes of it."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import yaml

from planner.documents import is_list, is_mapping, mapping, sequence
from review.digest import Digest, Step

#: Lines around a changed one in a file.
CONTEXT = 2
#: Their names end in a hash of their content: what changes is the content.
_CONTENT = ("kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:Secret")
_NAME = ("metadata", "name")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class _Absent:
    """There is no value; null is one."""


ABSENT = _Absent()


@dataclass(frozen=True)
class Difference:
    """At one path, in the engine's notation; items that have names are found by name: containers[query].args."""

    path: str
    old: object
    new: object


def renamed(digest: Digest) -> dict[str, str]:
    """Former and new names of the objects that are replaced because their content has another hash."""
    found = ((mapping(step.old, "metadata"), mapping(step.new, "metadata")) for step in digest.steps if content(step))
    return {str(old.get("name")): str(new.get("name")) for old, new in found if old.get("name") != new.get("name")}


def content(step: Step) -> bool:
    """Whether a replacement is nothing but new content under a new name."""
    names = (mapping(step.old, "metadata").get("name"), mapping(step.new, "metadata").get("name"))
    return step.replaces and step.type in _CONTENT and names[0] != names[1]


def lines(step: Step, names: Mapping[str, str]) -> list[str]:
    """A diff, each difference under a line `@@ path @@`. `names`: what `renamed` says.

    A created or deleted resource has none: all of it would be one.
    """
    if not (step.old and step.new):
        return []
    found, shown = list[str](), list[str]()
    for difference in _differences(step.old, step.new, ""):
        shown.append(difference.path)
        if content(step) and difference.path == ".".join(_NAME):
            continue
        found += [f"@@ {difference.path} @@", *_body(difference, names)]
    for path in step.changed:
        # Secrets look alike, and the provider may know of a difference between what is recorded and what is there.
        if not any(_within(path, other) or _within(other, path) for other in shown):
            found += [f"@@ {path} @@", "! another value; values are not shown here"]
    return found


def _within(path: str, other: str) -> bool:
    """Whether `path` is `other`, or below it. Items by name and by number are taken for the same."""
    path, other = (re.sub(r"\[(?!\")[^]]*\]", "[]", text) for text in (path, other))
    return path == other or path.startswith((f"{other}.", f"{other}["))


def _differences(old: object, new: object, path: str) -> Iterator[Difference]:
    if old == new and type(old) is type(new):
        return
    if is_mapping(old) and is_mapping(new):
        for key in dict.fromkeys([*old, *new]):
            yield from _differences(old.get(key, ABSENT), new.get(key, ABSENT), _below(path, key))
    elif (keyed := _keyed(old)) and (others := _keyed(new)):
        for key in dict.fromkeys([*keyed, *others]):
            yield from _differences(keyed.get(key, ABSENT), others.get(key, ABSENT), f"{path}[{key}]")
    else:
        yield Difference(path, old, new)


def _keyed(value: object) -> dict[str, object] | None:
    """The items of a list of objects, by name where all have one of their own, else by number."""
    items = sequence(value)
    if not items or not all(map(is_mapping, items)):
        return None
    names = [mapping(item).get("name") for item in items]
    named = all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
    return {
        str(name) if named else str(index): item for index, (name, item) in enumerate(zip(names, items, strict=True))
    }


def _below(path: str, key: str) -> str:
    step = f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key)}]"
    return f"{path}{step}".lstrip(".")


def _body(difference: Difference, names: Mapping[str, str]) -> Iterable[str]:
    old, new = difference.old, difference.new
    if isinstance(old, str) and isinstance(new, str) and names.get(old) == new:
        return ["! follows: what it names has new content (see there)"]
    before, after = _texts(old, new)
    changed = list(difflib.unified_diff(before, after, n=CONTEXT, lineterm=""))[2:]
    # The first hunk has the path above it; where others begin is to be seen.
    return [" [...]" if line.startswith("@@") else line for line in changed[1:]]


def _texts(old: object, new: object) -> tuple[Sequence[str], Sequence[str]]:
    """Both sides as lines that can be compared; a document in a text, or in one line of it, is laid out."""
    if isinstance(old, str) and isinstance(new, str):
        documents = [_document(text) for text in (old, new)]
        if all(is_mapping(found) or is_list(found) for found in documents):
            laid_out = [json.dumps(found, indent=2).splitlines() for found in documents]
            if laid_out[0] != laid_out[1]:
                return laid_out[0], laid_out[1]
        if old.endswith("\n") and new.endswith("\n"):
            old, new = old[:-1], new[:-1]
        return old.split("\n"), new.split("\n")
    return _text(old), _text(new)


def _document(text: str) -> object:
    """A JSON object or list; None if it is none, or has lines already."""
    if not text.startswith(("{", "[")) or text.count("\n") > 1:
        return None
    try:
        return cast("object", json.loads(text))
    except ValueError:
        return None


def _text(value: object) -> list[str]:
    if isinstance(value, _Absent):
        return []
    if isinstance(value, str):
        document = _document(value)
        return value.split("\n") if document is None else json.dumps(document, indent=2).splitlines()
    items = sequence(value)
    if items and not any(is_mapping(item) or is_list(item) for item in items):
        return [item if isinstance(item, str) else json.dumps(item) for item in items]
    if is_mapping(value) or is_list(value):
        return yaml.safe_dump(value, sort_keys=False, width=200).splitlines()
    return [json.dumps(value)]
