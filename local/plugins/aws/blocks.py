"""Nested blocks and tags: Pulumi's spelling (camelCase, maps of tags) to that of the S3 API, and back."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

#: Where the API's spelling is not the same word with a capital letter.
SPELLING = {"id": "ID", "sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"}
BACK = {theirs: ours for ours, theirs in SPELLING.items()}


def to_api(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            SPELLING.get(key, key[0].upper() + key[1:]): tag_list(item) if key == "tags" else to_api(item)
            for key, item in value.items()
            if item is not None
        }
    if isinstance(value, list):
        return [to_api(item) for item in value]
    return value


def from_api(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            BACK.get(key, key[0].lower() + key[1:]): tags(item) if key == "Tags" else from_api(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [from_api(item) for item in value]
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value


def tags(items: Iterable[Mapping[str, str]], key: str = "Key", value: str = "Value") -> dict[str, str]:
    """A list of pairs as a map, without the tags that AWS sets itself."""
    return {item[key]: item[value] for item in items if not item[key].startswith("aws:")}


def tag_list(values: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in sorted(values.items())]
