"""Documents of any shape, read without a check at each step: what is not there, or of another kind, is empty."""

from collections.abc import Mapping, Sequence
from typing import cast


def mapping(value: object, *path: str) -> Mapping[str, object]:
    """The mapping at `path` below `value`."""
    for key in path:
        value = mapping(value).get(key)
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def sequence(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()
