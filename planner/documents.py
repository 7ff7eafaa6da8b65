"""Documents of any shape, read without a check at each step: what is not there, or of another kind, is empty."""

from collections.abc import Mapping, Sequence
from typing import TypeGuard


def is_mapping(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple)


def mapping(value: object, *path: str) -> Mapping[str, object]:
    """The mapping at `path` below `value`."""
    for key in path:
        value = mapping(value).get(key)
    return value if is_mapping(value) else {}


def sequence(value: object) -> Sequence[object]:
    return value if is_list(value) else ()
