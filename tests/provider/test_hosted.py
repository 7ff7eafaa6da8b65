"""What components get from programs in other languages."""

import json
import tomllib

import pytest
from pulumi.errors import InputPropertyError
from pulumi.provider.experimental.analyzer import PropertyDefinition

import components
from provider import hosted
from tests.components.args import ARGS
from tests.engine import ROOT

PROVIDER = hosted.provider()


def sent(value: object) -> object:
    """As it comes by the wire: numbers are floats, and there is nothing for None."""
    match value:
        case dict():
            return {key: sent(item) for key, item in value.items() if item is not None}
        case list():
            return [sent(item) for item in value]
        case int() if not isinstance(value, bool):
            return float(value)
        case _:
            return value


def named(value: object, of: PropertyDefinition) -> object:
    """With the schema's names for keys, where a type has them."""
    match value:
        case list() if of.items:
            return [named(item, of.items) for item in value]
        case dict() if of.additional_properties:
            return {key: named(item, of.additional_properties) for key, item in value.items()}
        case dict() if of.ref and (kind := PROVIDER.get_type_definition(of)):
            return all_named(value, kind.properties, kind.properties_mapping)
        case _:
            return value


def all_named(values: dict, properties: dict[str, PropertyDefinition], mapping: dict[str, str]) -> dict:
    return {name: named(values[mapping[name]], each) for name, each in properties.items()}


@pytest.mark.parametrize("name", components.__all__)
def test_a_component_gets_from_any_language_what_it_gets_from_python(name):
    definition = PROVIDER._component_defs[name]
    arguments = sent(all_named(ARGS[name], definition.inputs, definition.inputs_mapping))
    assert arguments != ARGS[name]
    # As text, 3.0 is not 3.
    assert text(PROVIDER.map_inputs(arguments, definition)) == text(ARGS[name])


def text(value: object) -> str:
    return json.dumps(value, sort_keys=True, indent=1)


def test_what_is_required_is_missed_by_name():
    with pytest.raises(InputPropertyError, match="Missing required input 'namespace' on 'Memcached'"):
        PROVIDER.map_inputs({}, PROVIDER._component_defs["Memcached"])


def test_its_version_is_that_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert json.loads(PROVIDER.schema)["version"] == PROVIDER.version == project["version"]
