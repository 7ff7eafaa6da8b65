"""Manifests and live objects as the engine keeps them: ids, tokens, inputs, outputs, secrets. Pure."""

import base64
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue

from local.plugins.kubernetes import fields
from local.plugins.kubernetes.fields import Object
from local.plugins.values import UNKNOWN, plain, wrap_map

AUTONAMED = "pulumi.com/autonamed"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
#: What the API server keeps for itself in metadata; it changes without anything having changed for the user.
BOOKKEEPING = ("managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink")
# Shorter texts occur by chance in any message.
SHORTEST_REDACTED = 4


def split_token(token: str) -> tuple[str, str]:
    """`kubernetes:apps/v1:Deployment` -> (`apps/v1`, `Deployment`), `kubernetes:core/v1:Pod` -> (`v1`, `Pod`)."""
    _, api_version, kind = token.split(":")
    return api_version.removeprefix("core/"), kind


def unsupported(token: str, obj: Object) -> str | None:
    """Why the stand-in cannot manage a resource of this type, or None."""
    _, kind = split_token(token)
    if kind.endswith(("List", "Patch")):
        return f"{token} is not supported by the stand-in plugin: lists and patches are not"
    if UNKNOWN in (obj.get("apiVersion"), obj.get("kind")):
        return f"apiVersion and kind of {token} must be known before the update"
    if not obj.get("apiVersion") or obj.get("kind") != kind:
        return f"{token} is not supported by the stand-in plugin: its inputs are no manifest of that kind"
    return None


def make_id(obj: Object) -> str:
    metadata = obj["metadata"]
    return "/".join(part for part in (metadata.get("namespace"), metadata["name"]) if part)


def parse_id(resource_id: str) -> tuple[str | None, str]:
    """(namespace or None, name)"""
    namespace, _, name = resource_id.rpartition("/")
    return namespace or None, name


def address(obj: Object) -> tuple[str, str, str | None, str]:
    """(apiVersion, kind, namespace, name)"""
    return obj["apiVersion"], obj["kind"], obj["metadata"].get("namespace"), obj["metadata"]["name"]


def annotations(obj: Object) -> dict[str, str]:
    metadata = obj.get("metadata")
    found = metadata.get("annotations") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def is_autonamed(obj: Object) -> bool:
    return annotations(obj).get(AUTONAMED) == "true"


def same_place(old: Object, new: Object) -> bool:
    """Whether the two cannot exist side by side."""
    before, after = old.get("metadata"), new.get("metadata")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return False
    return all(before.get(key) == after.get(key) for key in ("name", "namespace"))


def without_nulls(value: Any) -> Any:
    """To Kubernetes a null field is a field that is not there."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def secret_keys(obj: Object) -> set[str]:
    """The top-level keys that are secret by kind."""
    is_secret = obj.get("kind") == "Secret" and obj.get("apiVersion") == "v1"
    return {"data", "stringData"} if is_secret else set()


def outputs(live: Object, inputs: dict[str, PropertyValue]) -> dict[str, PropertyValue]:
    """The live object as the engine records it. A top-level key with a secret anywhere in its input is secret."""
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    # kubectl's copy of the manifest would keep the values of a Secret in plain sight.
    if LAST_APPLIED in metadata.get("annotations", {}):
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != LAST_APPLIED}
    recorded = {**live, "metadata": metadata}
    secret = {key for key, value in inputs.items() if value.contains_secret()} | secret_keys(live)
    if "stringData" in inputs and secret_keys(live):
        # The API server moves it to `data` and forgets it; programs read it back.
        recorded["stringData"] = plain(inputs["stringData"])
    return wrap_map(recorded, secret=secret)


def importable(live: Object) -> Object:
    """Inputs that describe a live object in full."""
    described = {key: value for key, value in live.items() if key != "status"}
    described["metadata"] = {
        key: value for key, value in live["metadata"].items() if key not in (*BOOKKEEPING, "ownerReferences")
    }
    return described


def observed_inputs(old: Object, live: Object, applied: Object) -> Object:
    """The old inputs, changed where the live object has drifted. applied: see `fields.observed`."""
    return fields.observed(old, _comparable(live, old), _comparable(applied, old))


def redacted(message: str, properties: dict[str, PropertyValue]) -> str:
    secrets = {text for value in properties.values() for text in _secret_texts(value, inside=False)}
    for text in sorted(secrets, key=len, reverse=True):
        if len(text) >= SHORTEST_REDACTED:
            message = message.replace(text, "[secret]")
    return message


def _comparable(obj: Object, old: Object) -> Object:
    """Without what differs between any two reads; a Secret's data as text where the inputs give it as text."""
    described = importable(obj)
    if secret_keys(obj) and "stringData" in old:
        data = obj.get("data") or {}
        texts = {key: _decoded(data[key]) for key in old["stringData"] if key in data}
        described["stringData"] = texts or obj.get("stringData", {})
    return described


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text).decode()
    except ValueError:
        return text


def _secret_texts(value: PropertyValue, inside: bool) -> set[str]:
    inside = inside or value.is_secret
    content = value.value
    if isinstance(content, str):
        return {content} if inside else set()
    items = content.values() if hasattr(content, "values") else content if isinstance(content, tuple) else ()
    return {text for item in items for text in _secret_texts(item, inside)}
