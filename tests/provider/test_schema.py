"""The interface of the components for other languages."""

import json
import re

import components
from provider import hosted
from schemas import __main__
from tests.engine import ROOT


def test_the_committed_schema_is_that_of_the_components():
    path = "provider/schema.json"
    assert (ROOT / path).read_text() == __main__.documents()[path], (
        f"`make schema` writes {path} anew; its diff is what changes for programs that use the components"
    )


def test_every_component_is_hosted_and_described():
    schema = json.loads(hosted.provider().schema)
    assert set(schema["resources"]) == {f"{schema['name']}:index:{name}" for name in components.__all__}
    for resource in schema["resources"].values():
        assert resource["inputProperties"]
        assert resource["description"]


def test_the_page_names_every_component_with_its_outputs():
    rows = re.findall(r"^\| `(\w+)` \| .+ \| (`.+`) \|$", (ROOT / "docs" / "components.md").read_text(), re.MULTILINE)
    schema = json.loads(hosted.provider().schema)
    assert {name: set(outputs.strip("`").split("`, `")) for name, outputs in rows} == {
        token.rpartition(":")[2]: set(resource["properties"]) for token, resource in schema["resources"].items()
    }
