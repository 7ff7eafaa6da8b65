"""YAML for people: texts of several lines stay readable, and mean the same."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from review import documents
from review.documents import dump
from review.engine import Recording, Resource


def resource(kind: str = "ConfigMap", **changed) -> Resource:
    given = {
        "type": f"kubernetes:core/v1:{kind}",
        "name": "x",
        "urn": f"urn::{kind}",
        "parent": "",
        "provider": "",
        "custom": True,
        "inputs": {"kind": kind, "data": {"b": "2", "a": "1"}, "apiVersion": "v1", "metadata": {"name": "x-1a2b3c4d"}},
        "secrets": (),
        "ignore_changes": (),
        "retained": False,
    }
    return Resource(**{**given, **changed})


def only(found: Resource) -> str:
    (text,) = documents.documents(Recording([found])).values()
    return text


@given(st.text())
def test_any_text_is_read_back_as_it_was(text):
    assert yaml.safe_load(dump({"key": [text]})) == {"key": [text]}


@pytest.mark.parametrize("text", ["a\nb", "a \nb\t\n", "\n a: 'b'\n", "é\n\nb\n\n", "# a\n--- b\n"])
def test_each_line_of_a_text_is_a_line_of_its_own(text):
    *written, last = dump({"key": text, "last": 1}).splitlines()
    assert last == "last: 1"
    assert written[0].startswith("key: |")
    assert [line.strip() for line in written[1:]] == [line.strip() for line in text.removesuffix("\n").split("\n")]
    assert yaml.safe_load(dump({"key": text})) == {"key": text}


def test_a_long_flag_stays_on_its_line():
    assert dump(["--flag=" + "word " * 100 + "end"]).count("\n") == 1


def test_the_path_has_the_name_in_the_program_and_not_the_hash():
    assert list(documents.documents(Recording([resource()]))) == ["kubernetes/stack/configmap-x.yaml"]


def test_two_objects_at_one_path_are_not_lost_silently():
    twins = [resource(), resource(type="kubernetes:other/v1:ConfigMap", urn="urn::other")]
    with pytest.raises(AssertionError, match=r"configmap-x\.yaml"):
        documents.documents(Recording(twins))


def test_what_pulumi_does_apart_from_the_manifest_is_a_comment():
    text = only(resource(ignore_changes=("spec.x",), retained=True, deletes_first=True))
    notes = [line for line in text.splitlines() if line.startswith("#")]
    assert notes == [
        "# Pulumi knows it as kubernetes:core/v1:ConfigMap::x.",
        "# Pulumi ignores changes of spec.x.",
        "# Pulumi keeps it when it is removed from the program.",
        "# Pulumi deletes it before it makes its replacement.",
    ]


def test_what_is_another_resource_to_pulumi_is_another_document():
    """The path may be the same: `x_y` and `x-y`, or another type of parent. Pulumi replaces it."""

    def below(parent: str, name: str) -> dict[str, str]:
        region = resource(type="observability:index:Region", name="apac", urn="urn::region", custom=False)
        query = resource(type=parent, name="apac-query", urn="urn::query", parent="urn::region", custom=False)
        return documents.documents(Recording([region, query, resource(name=name, parent="urn::query")]))

    before = below("observability:index:Query", "x-y")
    [text] = before.values()
    assert text.startswith(
        "# Pulumi knows it as observability:index:Region$observability:index:Query$kubernetes:core/v1:ConfigMap::x-y.\n"
    )
    for after in (below("observability:index:Query", "x_y"), below("observability:index:Store", "x-y")):
        assert before.keys() == after.keys()
        assert before != after


def test_all_of_a_secret_is_hidden_whether_the_program_marks_it_or_not():
    assert yaml.safe_load(only(resource("Secret")))["data"].keys() == {"a", "b"}
    assert "1" not in yaml.safe_load(only(resource("Secret")))["data"].values()


def test_what_the_program_marks_is_hidden_wherever_it_is():
    data = yaml.safe_load(only(resource(secrets=("data.b",))))["data"]
    assert data["a"] == "1"
    assert data["b"] != "2"


def test_another_content_of_a_secret_is_another_placeholder():
    def placeholder(value: str) -> str:
        return yaml.safe_load(only(resource("Secret", inputs={"stringData": {"key": value}})))["stringData"]["key"]

    assert placeholder("a") == placeholder("a") != placeholder("b")
