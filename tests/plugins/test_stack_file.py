"""What Pulumi's CLI does to a stack file that says where its schema is."""

import json

import jsonschema
import pytest
import yaml

from tests.engine import ROOT
from tests.plugins.engine import Stack
from tests.regions import REGION, configured

pytestmark = pytest.mark.plugins

FIRST = "# yaml-language-server: $schema=./schemas/stack.json\n"


def test_a_changed_file_keeps_its_first_line_and_passes_its_schema(tmp_path):
    stack = Stack(tmp_path / "project")
    file = tmp_path / "project" / "Pulumi.test.yaml"
    salt = file.read_text()
    file.write_text(FIRST + "# Why it is so.\n" + yaml.safe_dump({"config": configured(REGION)}) + salt)

    paths = {
        "observability:receive.ingesters": 5,
        "observability:receive.ring": 3,
        "observability:tempo.enabled": "false",
    }
    stack._run("config", "set-all", "--path", *(f"--plaintext={key}={value}" for key, value in paths.items()))
    stack._run("config", "rm", "--path", "observability:receive.ring")
    stack._run("config", "set", "observability:sizing", "unchecked")
    stack._run("config", "set", "--secret", "observability:redisPassword", "hunter2")
    stack._run("config", "set", "--secret", "--path", "observability:edgeCredentials.eu-1", "hunter2")

    text = file.read_text()
    assert text.startswith(FIRST)
    assert "# Why it is so.\n" in text
    document = yaml.safe_load(text)
    assert document["config"]["observability:receive"] == {"ingesters": 5}
    assert set(document["config"]["observability:redisPassword"]) == {"secure"}
    assert set(document) == {"config", "encryptionsalt"}
    jsonschema.validate(document, json.loads((ROOT / "schemas" / "stack.json").read_text()))
