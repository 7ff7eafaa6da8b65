"""Pulumi property values as plain Python, and back, with unknown and secret values kept.

Plain means: None, bool, int, float, str, list, dict, UNKNOWN, and whatever else a property may hold (assets) as it is.
The wire knows only floats, so a whole number becomes an int here and a float again on the way back. An unknown value
is a magic string on the wire, which `PropertyValue` takes for any other string.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.runtime import rpc


class Unknown:
    """A value that is known only after another resource is made. There is one: UNKNOWN."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


def plain(value: PropertyValue) -> Any:
    """The value without its secret mark; `wrap` puts it back."""
    inner = value.value
    if isinstance(inner, Computed) or inner == rpc.UNKNOWN:
        return UNKNOWN
    if isinstance(inner, Mapping):
        return plain_map(inner)
    if _is_list(inner):
        return [plain(item) for item in inner]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    return inner


def plain_map(properties: Mapping[str, PropertyValue]) -> dict[str, Any]:
    return {key: plain(value) for key, value in properties.items()}


def wrap(value: Any, *like: PropertyValue | None) -> PropertyValue:
    """The property value of plain `value`; secret wherever one of the values `like` is secret at the same place.

    Places in a list shift easily, so a list with a secret anywhere in it is secret as a whole.
    """
    known = [other for other in like if other is not None]
    if any(other.is_secret or (_is_list(other.value) and other.contains_secret()) for other in known):
        return wrap(value).with_secret(True)
    if value is UNKNOWN:
        return PropertyValue(rpc.UNKNOWN)
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    if isinstance(value, Mapping):
        maps = [other.value for other in known if isinstance(other.value, Mapping)]
        return PropertyValue({key: wrap(item, *(m.get(key) for m in maps)) for key, item in value.items()})
    if _is_list(value):
        return PropertyValue([wrap(item) for item in value])
    return PropertyValue(value)


def wrap_map(
    values: Mapping[str, Any], *like: Mapping[str, PropertyValue], secret: Collection[str] = ()
) -> dict[str, PropertyValue]:
    """Wraps each value; the keys in `secret` are secret, and so is what is secret in one of the maps `like`."""
    wrapped = {key: wrap(value, *(other.get(key) for other in like)) for key, value in values.items()}
    return {key: value.with_secret(True) if key in secret else value for key, value in wrapped.items()}


def has_unknown(value: Any) -> bool:
    """Whether plain `value` is, or holds at any depth, an unknown value."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if _is_list(value):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))
