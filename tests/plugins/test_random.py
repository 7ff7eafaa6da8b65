"""The stand-in random plugin: its rules, and its life in the real engine."""

import json
import string

import pytest

from local.plugins.random import generate
from tests.plugins.engine import Stack

COMPLETE = {**generate.CHARACTERS, "overrideSpecial": "_%"}

PROGRAM = """
import pulumi, pulumi_random as random
password = random.RandomPassword("password", length=20, override_special="_%", min_special=3, keepers={keepers})
text = random.RandomString("text", length=12, special=False, upper=False)
identity = random.RandomId("identity", byte_length=4, prefix="obs-")
token = random.RandomBytes("token", length=16)
for name, output in dict(password=password.result, text=text.result, hex=identity.hex, dec=identity.dec,
                         url=identity.b64_url, id=identity.id, token=token.hex, base64=token.base64).items():
    pulumi.export(name, output)
"""


def test_a_string_has_the_length_the_kinds_and_the_minimums_that_were_asked_for():
    for _ in range(50):
        made = generate.characters({**COMPLETE, "length": 8, "upper": False, "minSpecial": 2, "minNumeric": 3})
        assert len(made) == 8
        assert set(made) <= set("_%" + string.ascii_lowercase + string.digits)
        assert sum(letter in "_%" for letter in made) >= 2
        assert sum(letter in string.digits for letter in made) >= 3


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"length": 0}, "length is 0"),
        ({"length": 3, "minUpper": 2, "minLower": 2}, "sum of the minimums, 4"),
        ({"length": 3, "special": False, "upper": False, "lower": False, "numeric": False}, "no kind of character"),
        ({"length": 3, "overrideSpecial": "", "minSpecial": 1}, "overrideSpecial is empty"),
    ],
)
def test_inputs_from_which_nothing_can_be_made_are_refused_with_the_reason(inputs, reason):
    (found,) = generate.problems("length", {**COMPLETE, **inputs})
    assert reason in found[1]


@pytest.mark.plugins
def test_values_are_made_once_kept_secret_and_replaced_only_by_a_new_input(tmp_path):
    stack = Stack(tmp_path / "project")
    stack.program(PROGRAM.format(keepers="{'generation': 'one'}"))

    preview = stack.preview()
    assert preview.changes == {"create": 5}, preview.text
    first = stack.up()
    assert first.changes == {"create": 5}, first.text
    made = stack.outputs()
    assert len(made["password"]) == 20
    assert len(made["text"]) == 12
    assert set(made["text"]) <= set(string.ascii_lowercase + string.digits)
    assert made["hex"] == f"obs-{int(made['dec'].removeprefix('obs-')):08x}"
    assert made["url"] == "obs-" + made["id"]
    assert len(made["token"]) == 32

    hidden = stack.outputs(show_secrets=False)
    assert {name for name, value in hidden.items() if value == "[secret]"} == {"password", "token", "base64"}
    state = json.dumps(stack.state())
    for name in ("password", "token", "base64"):
        assert made[name] not in state, f"{name} lies in the state in plain text"

    assert stack.refresh().changes == {"same": 5}
    again = stack.up()
    assert again.changes == {"same": 5}, again.text
    assert stack.outputs() == made

    stack.program(PROGRAM.format(keepers="{'generation': 'two'}"))
    replaced = stack.up()
    assert replaced.changes == {"same": 4, "replace": 1}, replaced.text
    changed = stack.outputs()
    assert changed["password"] != made["password"]
    assert {**changed, "password": ""} == {**made, "password": ""}

    assert stack.destroy().changes == {"delete": 5}


@pytest.mark.plugins
def test_an_unknown_type_and_a_wrong_input_are_errors_without_a_stack_trace(tmp_path):
    stack = Stack(tmp_path / "project")
    stack.program("import pulumi_random as random; random.RandomPet('pet')")
    unknown = stack.up()
    assert "does not know the type random:index/randomPet:RandomPet; it knows random:index/randomBytes" in unknown.text
    stack.program("import pulumi_random as random; random.RandomPassword('short', length=0)")
    wrong = stack.up()
    assert "length is 0, but must be at least 1" in wrong.text
    for result in (unknown, wrong):
        assert result.code != 0
        assert 'File "' not in result.text
