"""From settings to arguments."""

from collections.abc import Mapping
from typing import Any


def args(given: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """The arguments of a component, some of them dumped from the settings of the same names.

    No type sees into a dump, so this one is lost here; tests/stacks builds every stack with it.
    """
    return given
