"""What is hosted, under which name and version, and what the wire takes from arguments on their way."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pulumi
from pulumi.provider.experimental.analyzer import PropertyDefinition, PropertyType
from pulumi.provider.experimental.component import ComponentProvider

import components

_PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


class Provider(ComponentProvider):
    """Gives components what their types promise: None for what a program left out, and integers for integers.

    The wire has neither. The SDK leaves such a key out, and passes on a float.
    """

    def map_input_properties(
        self,
        inputs: pulumi.Inputs,
        properties: dict[str, PropertyDefinition],
        mapping: dict[str, str],
        component_name: str,
        property_path: str,
    ) -> pulumi.Inputs:
        found = super().map_input_properties(inputs, properties, mapping, component_name, property_path)
        return {mapping[name]: _kept(found.get(mapping[name]), each) for name, each in properties.items()}


def provider() -> Provider:
    """Of all components; the package's name and version are those of pyproject.toml."""
    project = tomllib.loads(_PROJECT.read_text())["project"]
    hosted = [getattr(components, name) for name in components.__all__]
    return Provider(hosted, project["name"], version=project["version"])


def _kept(value: object, of: PropertyDefinition) -> object:
    """A value with integers where its type has them."""
    match value:
        case float() if of.type is PropertyType.INTEGER and value.is_integer():
            return int(value)
        case list() if items := of.items:
            return [_kept(item, items) for item in cast("list[object]", value)]
        case Mapping() if values := of.additional_properties:
            return {key: _kept(item, values) for key, item in cast("Mapping[str, object]", value).items()}
        case _:
            return value
