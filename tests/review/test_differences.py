"""Changes of a resource as lines that a reviewer reads."""

import json

from hypothesis import given
from hypothesis import strategies as st

from review import differences, digest
from tests.review import previews
from tests.review.test_digest import step


def lines(old: dict, new: dict, **more) -> list[str]:
    return differences.lines(step(old=old, new=new, **more), {})


def of(case: str) -> dict[str, list[str]]:
    found = previews.digest(case)
    return {one.kind: differences.lines(one, differences.renamed(found)) for one in found.steps}


def test_flags_are_lines_and_a_hash_in_a_name_is_no_change():
    assert of("update")["Deployment"] == [
        "@@ spec.template.spec.containers[query].args @@",
        " query",
        "---query.timeout=2m",
        "+--query.timeout=5m",
        " --log.level=info",
        "@@ spec.template.spec.containers[query].resources.requests.cpu @@",
        "-500m",
        "+1",
        "@@ spec.template.spec.volumes[config].configMap.name @@",
        "! follows: what it names has new content (see there)",
    ]


def test_a_file_under_a_new_name_is_a_change_of_its_lines():
    found = of("update")["ConfigMap"]
    assert found == ['@@ data["query.yaml"] @@', " a: 1", "-b: 2", "-c: 3", "+b: 2```", "+c: <b>3</b>"]


def test_of_a_secret_only_the_key_is_told():
    assert of("update")["Secret"] == ["@@ stringData.password @@", "! another value; values are not shown here"]
    given = {"kind": "Secret", "old": {"data": {"a": "ONE", "b": "TWO"}}, "new": {"data": {"a": "ONE", "b": "2"}}}
    assert lines(**given, detailedDiff={"data.b": {"kind": "update"}}) == [
        "@@ data.b @@", "-[secret]", "+[another secret]",
    ]  # fmt: skip


def test_only_what_is_around_a_changed_line_is_shown():
    before = [f"line {number}" for number in range(40)]
    after = [*before[:9], "other", *before[10:30], "another", *before[31:]]
    found = lines({"data": {"f": "\n".join(before)}}, {"data": {"f": "\n".join(after)}})
    assert found[:7] == ["@@ data.f @@", " line 7", " line 8", "-line 9", "+other", " line 10", " line 11"]
    assert found[7:9] == [" [...]", " line 28"]
    assert len(found) == 14


def test_json_on_one_line_is_laid_out():
    old, new = ({"policy": json.dumps({"Statement": [{"Action": action}]})} for action in ("s3:Get", "s3:Put"))
    found = lines(old, new)
    assert '-      "Action": "s3:Get"' in found
    assert '+      "Action": "s3:Put"' in found


def test_items_are_found_by_name_or_else_by_number():
    def env(*names: str) -> dict:
        return {"env": [{"name": name, "value": name} for name in names]}

    assert lines(env("a", "b"), env("b")) == ["@@ env[a] @@", "-name: a", "-value: a"]
    assert lines({"ports": [{"port": 1}, {"port": 2}]}, {"ports": [{"port": 1}, {"port": 3}]}) == [
        "@@ ports[1].port @@", "-2", "+3",
    ]  # fmt: skip


def test_what_only_the_provider_sees_is_said_without_values():
    same = {"spec": {"replicas": 2, "ports": [{"port": 1}]}}
    found = lines(same, same, detailedDiff={"spec.replicas": {"kind": "update"}})
    assert found == ["@@ spec.replicas @@", "! another value; values are not shown here"]


def test_a_path_of_the_provider_that_is_shown_already_is_not_shown_again():
    old, new = ({"containers": [{"name": "a", "args": [flag]}]} for flag in ("--a", "--b"))
    found = lines(old, new, detailedDiff={"containers[0].args[0]": {"kind": "update"}})
    assert [line for line in found if line.startswith("@@")] == ["@@ containers[a].args @@"]


def test_new_and_deleted_resources_have_no_diff():
    for case in ("create", "delete", "first"):
        assert not any(of(case).values())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(old=st.dictionaries(st.text(max_size=3), VALUES, min_size=1), new=st.dictionaries(st.text(max_size=3), VALUES))
def test_whatever_differs_is_shown_and_what_does_not_is_not(old, new):
    one = digest.Step("update", "urn", "", old, {**new, "some": 1})
    found = differences.lines(one, {})
    assert bool(found) == (old != one.new or repr(old) != repr(one.new))
    assert differences.lines(digest.Step("update", "urn", "", old, old), {}) == []
