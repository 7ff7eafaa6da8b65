"""Values as the engine's protocol has them, and as plain ones. Pure."""

from typing import Any, TypeGuard

#: Markers of the engine (sdk/go/common/resource/properties.go).
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_MARKED = "1b47061264138c4ac30d75fd1eb44270"


def secret(value: str) -> dict[str, str]:
    """As a provider returns it."""
    return {_SIGNATURE: _MARKED, "value": value}


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Of JSON."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def plain(value: Any) -> Any:  # noqa: ANN401
    """Secrets unwrapped, whole numbers as integers (the wire has floats alone)."""
    if is_object(value):
        if _SIGNATURE in value:
            return plain(value.get("value"))
        return {key: plain(item) for key, item in value.items()}
    if is_list(value):
        return [plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def secret_paths(value: object, path: str = "") -> list[str]:
    """Where the secrets are, e.g. stringData or data.key."""
    if is_object(value):
        if _SIGNATURE in value:
            return [path]
        return [found for key, item in value.items() for found in secret_paths(item, f"{path}.{key}".lstrip("."))]
    if is_list(value):
        return [found for index, item in enumerate(value) for found in secret_paths(item, f"{path}[{index}]")]
    return []
