"""From a recording to files: one document for each object, without secrets, in an order that never changes."""

import base64
import contextlib
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from review.engine import Recording, Resource
from review.values import is_list, is_object

#: In the place of every secret. What follows it tells one content from another.
PLACEHOLDER = "secret-not-rendered"
#: Kubernetes objects of the stack's own cluster: what Argo CD may be pointed at.
KUBERNETES = "kubernetes"
#: Kubernetes objects that go to the clusters of edges.
EDGES = "edges"
#: AWS, random, providers and stack references: to read, not to apply.
RESOURCES = "resources"
#: Characters above which a text of one line is broken at its commas for readers.
LONG = 200


def documents(recording: Recording) -> dict[str, str]:
    """YAML by path: `<folder>/<component>/<kind>-<name>.yaml`.

    The name is Pulumi's, and not the object's own, which may end in a hash of the content: what changes stays at its
    path. Components themselves are no objects.
    """
    by_urn = {found.urn: found for found in recording.resources}
    found: dict[str, str] = {}
    for resource in recording.resources:
        if not resource.custom:
            continue
        file = re.sub(r"[^a-z0-9.]+", "-", f"{resource.kind}-{resource.name}".lower())
        path = f"{_folder(resource, by_urn)}/{_component(resource, by_urn)}/{file}.yaml"
        if path in found:
            raise AssertionError(f"two objects of one component would be {path}: give one of them another name")
        found[path] = _text(resource, by_urn)
    return dict(sorted(found.items()))


def _ancestors(resource: Resource, by_urn: Mapping[str, Resource]) -> list[Resource]:
    """The resource, its component, ..., the stack's own component."""
    chain = [resource]
    while parent := by_urn.get(chain[-1].parent):
        chain.append(parent)
    return chain


def _component(resource: Resource, by_urn: Mapping[str, Resource]) -> str:
    """Without the stack's name; what belongs to no component is in `stack`."""
    chain = _ancestors(resource, by_urn)
    if len(chain) < 3:
        return "stack"
    return chain[-2].name.removeprefix(f"{chain[-1].name}-")


def _folder(resource: Resource, by_urn: Mapping[str, Resource]) -> str:
    if not resource.is_kubernetes:
        return RESOURCES
    # A component with a provider of its own is in a cluster of its own.
    provider = by_urn.get(resource.provider.rpartition("::")[0])
    return EDGES if provider and _component(provider, by_urn) != "stack" else KUBERNETES


def _text(resource: Resource, by_urn: Mapping[str, Resource]) -> str:
    hidden = _hidden(resource)
    types = "$".join(found.type for found in reversed(_ancestors(resource, by_urn)))
    # Under another parent or name it is another resource to the engine, which replaces it.
    notes = [f"# Pulumi knows it as {types}::{resource.name}.\n"]
    notes += [f"# Pulumi ignores changes of {path}.\n" for path in resource.ignore_changes]
    if resource.retained:
        notes.append("# Pulumi keeps it when it is removed from the program.\n")
    if resource.protected:
        notes.append("# Pulumi refuses to delete or replace it.\n")
    if resource.deletes_first:
        notes.append("# Pulumi deletes it before it makes its replacement.\n")
    if resource.is_kubernetes:
        first = {key: hidden[key] for key in ("apiVersion", "kind", "metadata") if key in hidden}
        document = {**first, **{key: hidden[key] for key in sorted(hidden) if key not in first}}
    else:
        document = {"type": resource.type, "name": resource.name, "inputs": readable(hidden)}
    return "".join(notes) + dump(document)


def _hidden(resource: Resource) -> dict[str, Any]:
    """The inputs without anything secret: what the program says is secret, and all that a Secret holds."""
    secret = {*resource.secrets, *(("data", "stringData") if resource.type.endswith(":Secret") else ())}

    def walk(value: Any, path: str, below: bool) -> Any:  # noqa: ANN401
        below = below or path in secret
        if is_object(value):
            return {key: walk(item, f"{path}.{key}".lstrip("."), below) for key, item in sorted(value.items())}
        if is_list(value):
            return [walk(item, f"{path}[{index}]", below) for index, item in enumerate(value)]
        if not below:
            return value
        encoded = resource.is_kubernetes and path.startswith("data.")
        return base64.b64encode(_placeholder(value).encode()).decode() if encoded else _placeholder(value)

    return walk(resource.inputs, "", below=False)


def _placeholder(value: object) -> str:
    # A fingerprint of stand-ins: there is nothing to be guessed, and without it no change of a Secret would show.
    return f"{PLACEHOLDER}-{hashlib.sha256(str(value).encode()).hexdigest()[:8]}"


def readable(value: Any) -> Any:  # noqa: ANN401
    """The same for readers: documents in one line, such as IAM policies and dashboards, with a line for each fact."""
    if is_object(value):
        return {key: readable(item) for key, item in value.items()}
    if is_list(value):
        return [readable(item) for item in value]
    if not isinstance(value, str) or "\n" in value.strip():
        return value
    if value.startswith(("{", "[")):
        with contextlib.suppress(ValueError):
            return json.dumps(json.loads(value), indent=2, sort_keys=True, ensure_ascii=False)
    return re.sub(r"(?<=[,;]) ", "\n", value) if len(value) > LONG else value


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, so that they are compared line by line."""

    def analyze_scalar(self, scalar: str) -> Any:  # noqa: ANN401
        analysis = super().analyze_scalar(scalar)
        # PyYAML itself gives up at a tab, or a blank at the end of a line.
        if "\n" in scalar and all(sign in "\n\t" or sign.isprintable() for sign in scalar):
            analysis.allow_block = True
        return analysis


def _represent(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    # Breaks other than \n would be read back as blanks, unless they are escaped.
    style = '"' if re.search("[\x85\u2028\u2029]", value) else "|" if "\n" in value else None
    return dumper.represent_scalar(  # pyright: ignore[reportUnknownMemberType]
        "tag:yaml.org,2002:str", value, style=style
    )


_Dumper.add_representer(str, _represent)


def dump(document: object) -> str:
    """YAML in the order of the document, each text of one line on one line."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**9)
