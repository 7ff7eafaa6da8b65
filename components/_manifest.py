"""Parts of objects as plain values, mostly in Kubernetes's own words."""

from typing import Any, TypeAlias, TypeVar

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

T = TypeVar("T")

#: A part of an object as it stands in YAML. Tests hold all of them against Kubernetes's own schemas.
Manifest: TypeAlias = dict[str, Any]


def verbatim(written: Manifest | list[Manifest]) -> Any:  # noqa: ANN401
    """As it is, for a constructor of the SDK: its types know the keys in Python's spelling only, each in its place."""
    return written


def output(made: CustomResource, name: str) -> pulumi.Output[Any]:
    """A property of an object whose kind the SDK does not know: it is there, and not in the SDK's types."""
    return getattr(made, name)


def given(value: T | None, missing: str) -> T:
    """An argument that is null in other modes. ValueError(missing) if it is null here."""
    if value is None:
        raise ValueError(missing)
    return value
