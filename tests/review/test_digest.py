"""What the CLI prints, read: recorded previews, and what is left of those that did not get so far."""

import json

import pytest

from policy import wire
from review import digest
from tests.review import previews

URN = "urn:pulumi:test::probe::observability:index:Query$kubernetes:core/v1:{kind}::{name}"


def made(kind: str = "ConfigMap", name: str = "x", old: dict | None = None, new: dict | None = None, **more) -> str:
    """A digest of one step."""
    states = {key: {"inputs": value} for key, value in (("oldState", old), ("newState", new)) if value is not None}
    return json.dumps({"steps": [{"op": "update", "urn": URN.format(kind=kind, name=name), **states, **more}]})


def step(**given) -> digest.Step:
    (found,) = digest.parse(made(**given)).steps
    return found


def test_steps_are_what_changes_and_counts_are_the_engines():
    found = previews.digest("update")
    assert {(one.op, one.kind, one.name) for one in found.steps} == {
        ("replace", "ConfigMap", "query-config"),
        ("replace", "Secret", "query-login"),
        ("update", "Deployment", "query"),
    }
    assert found.counts == {"replace": 2, "same": 4, "update": 1}
    assert not found.failed
    assert previews.digest("none").steps == ()


def test_what_is_only_read_is_no_change():
    assert digest.parse(made(old={"a": 1}, new={"a": 1}, op="read")).steps == ()


def test_a_replacement_names_the_properties_that_force_it_and_a_deletion_whether_it_is_kept():
    assert {one.reasons for one in previews.digest("replace").steps} == {("spec.storageClassName",)}
    (gone,) = previews.digest("delete").steps
    assert (gone.deletes, gone.kept, dict(gone.new)) == (True, True, {})


def test_what_the_provider_does_not_detail_comes_from_its_keys():
    found = step(old={"a": 1}, new={"a": 2}, replaceReasons=["a"], diffReasons=["a", "b"], detailedDiff=None)
    assert (found.reasons, found.changed) == (("a",), ("a", "b"))


@pytest.mark.parametrize("case", ["failure", "policy"])
def test_a_failed_preview_has_an_error_among_its_diagnostics(case):
    assert previews.digest(case).failed


def test_text_before_and_behind_the_json_is_skipped():
    around = f'warning: {{"no": 1}} a plugin\n{previews.text("update")}\nmore'
    assert digest.parse(around) == previews.digest("update")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "nothing was printed"),
        (" \n", "nothing was printed"),
        ("error: no stack named 'apac' found\n", "is no JSON"),
        (previews.text("update")[:3000], "is not whole"),
        ('{"steps"', "is not whole"),
        ('{"version": 3}', "neither steps nor a summary"),
    ],
)
def test_what_is_no_digest_is_said_so(text, problem):
    with pytest.raises(digest.DigestError, match=problem):
        digest.parse(text)


def test_shapes_that_nobody_expects_are_empty_and_no_crash():
    found = digest.parse('{"steps": [7, {"op": "update", "oldState": [], "newState": null}], "changeSummary": []}')
    assert [(one.op, one.type, dict(one.old)) for one in found.steps] == [("", "", {}), ("update", "", {})]


def test_secrets_and_unknown_values_are_named_and_never_kept():
    secret = {wire.SIGNATURE: wire.MARKED, "ciphertext": "v1:CIPHER"}
    known = {wire.SIGNATURE: wire.MARKED, "value": "CLEAR"}
    file = {wire.SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": "CLEAR"}
    found = step(new={"a": [secret, known], "b": next(iter(wire.UNKNOWN_TEXTS)), "c": file})
    assert found.new == {"a": [digest.SECRET] * 2, "b": digest.UNKNOWN, "c": "[not shown]"}
    assert "CLEAR" not in repr(found)
    assert "CIPHER" not in repr(found)


def test_a_kubernetes_secret_has_no_values_even_if_no_program_marked_them():
    found = step(
        kind="Secret",
        old={"data": {"a": "ONE", "b": "TWO"}, "stringData": {"c": "SAME"}},
        new={"data": {"a": "ONE", "b": "OTHER"}, "stringData": {"c": "SAME", "d": "NEW"}},
    )
    assert found.new == {
        "data": {"a": digest.SECRET, "b": digest.OTHER_SECRET},
        "stringData": {"c": digest.SECRET, "d": digest.SECRET},
    }
    assert not [value for value in ("ONE", "TWO", "OTHER", "SAME", "NEW") if value in repr(found)]
