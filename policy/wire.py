"""From what the engine sends to `Resource`. Pure: plain JSON values in."""

from policy.resources import UNKNOWN
from render import Json

#: Markers of the engine (sdk/go/common/resource/properties.go).
SIGNATURE = "4dabf18193072939515e22adb298388d"
MARKED = "1b47061264138c4ac30d75fd1eb44270"
#: What stands for an unknown text, number, boolean, list, object, asset and archive in a preview.
UNKNOWN_TEXTS = {
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
}


def plain(value: Json) -> Json:
    """Secrets unwrapped, unknown values named, whole numbers as integers."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == MARKED:
            return plain(value.get("value"))
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return UNKNOWN if isinstance(value, str) and value in UNKNOWN_TEXTS else value


def secret_paths(value: Json, path: str = "") -> list[str]:
    """Where the secrets are, e.g. data.key or args[2]."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == MARKED:
            return [path]
        return [found for key, item in value.items() for found in secret_paths(item, f"{path}.{key}".lstrip("."))]
    if isinstance(value, list):
        return [found for index, item in enumerate(value) for found in secret_paths(item, f"{path}[{index}]")]
    return []
