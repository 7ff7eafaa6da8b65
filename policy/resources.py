"""What a policy looks at. Pure: no engine here, and none in any rule."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar, cast

from render import Document

P = ParamSpec("P")
T = TypeVar("T")

#: In place of a value that only the update itself will know.
UNKNOWN = "\0unknown"


class UnknownError(Exception):
    """A value that a rule asks for is not known yet: there is no verdict until the update."""


@dataclass(frozen=True)
class Resource:
    """A resource as it is sent to its provider; in a stack's tree: as it came back."""

    type: str
    urn: str
    properties: Document
    """Plain: secrets unwrapped, whole numbers as integers, `UNKNOWN` for what is not known yet."""
    secrets: tuple[str, ...] = ()
    """Paths of the properties that are secret."""
    ignore_changes: tuple[str, ...] = ()
    deletes_first: bool = False
    """A replacement deletes the former one before the new one is there."""
    depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """By property: the URNs of the resources that its value comes from."""

    @property
    def kind(self) -> str:
        return self.type.rsplit(":", 1)[-1]

    @property
    def native(self) -> bool:
        """Of Kubernetes or AWS, not a component and not drawn at random."""
        return self.type.startswith(("kubernetes:", "aws:"))


@dataclass(frozen=True)
class Stack:
    """All resources of a stack. config: the stack file's values by full key, objects as JSON texts."""

    resources: tuple[Resource, ...]
    config: Mapping[str, str] = field(default_factory=dict[str, str])

    def of(self, kind: str) -> list[Resource]:
        return [found for found in self.resources if found.native and found.kind == kind]


def at(value: object, *path: str, default: object = None) -> Any:  # noqa: ANN401
    """The value below `value`, or `default`. UnknownError if it, or what it is in, is not known yet."""
    for key in path:
        if value == UNKNOWN:
            raise UnknownError(key)
        value = cast("Document", value).get(key) if isinstance(value, dict) else None
    if value == UNKNOWN:
        raise UnknownError(path[-1] if path else "value")
    return default if value is None else value


def known(check: Callable[P, Iterator[T]]) -> Callable[P, Iterator[T]]:
    """The check up to the first value that nobody knows yet: from there it has no verdict until the update.

    So each bucket, router and container has checks of its own: what is unknown of one must not silence the others.
    """

    @functools.wraps(check)
    def checked(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        with contextlib.suppress(UnknownError):
            yield from check(*args, **kwargs)

    return checked
