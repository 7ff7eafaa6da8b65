"""What is said of two renders that differ."""

import json

import yaml

from review.changes import changes, markdown, summary, text
from review.documents import dump

MAP = "apac/kubernetes/query/configmap-apac-query-endpoints.yaml"
ROLE = "apac/resources/metrics/role-apac-metrics-store.yaml"
SERVICE = "eu/kubernetes/store/service-eu-store.yaml"


def document(name: str, content: str) -> str:
    return dump({"kind": "ConfigMap", "metadata": {"name": name}, "data": {"file": content}})


BEFORE = {MAP: document("endpoints-1a2b3c4d", "one\ntwo\nthree\n"), ROLE: "name: a\n", "same": "x"}
AFTER = {MAP: document("endpoints-99999999", "one\n2\nthree\n"), SERVICE: "name: b\n", "same": "x"}


def test_the_summary_counts_for_each_stack():
    assert summary(changes(BEFORE, AFTER), ["apac", "eu", "global"]) == (
        "apac: 0 added, 1 removed, 1 changed\neu: 1 added, 0 removed, 0 changed\nglobal: no differences\n"
    )


def test_the_objects_are_named_before_the_diffs():
    lines = text(changes(BEFORE, AFTER), ["apac", "eu"]).splitlines()
    assert lines[3:6] == [f"- {ROLE}", f"~ {MAP}", f"+ {SERVICE}"]


def test_a_name_that_ends_in_another_hash_is_a_change_of_one_object():
    (found,) = changes({MAP: BEFORE[MAP]}, {MAP: AFTER[MAP]})
    changed = [line for line in found.diff().splitlines()[2:] if line[0] in "+-"]
    assert [line.strip("+- ") for line in changed] == [
        "name: endpoints-1a2b3c4d",
        "name: endpoints-99999999",
        "two",
        "2",
    ]


def test_what_is_added_and_removed_is_shown_as_git_does():
    removed, added = changes({ROLE: BEFORE[ROLE]}, {SERVICE: AFTER[SERVICE]})
    assert removed.diff() == f"--- a/{ROLE}\n+++ /dev/null\n@@ -1 +0,0 @@\n-name: a\n"
    assert added.diff() == f"--- /dev/null\n+++ b/{SERVICE}\n@@ -0,0 +1 @@\n+name: b\n"


def test_documents_of_one_line_are_compared_by_line():
    def dashboard(title: str) -> str:
        return document("dashboards", json.dumps({"panels": [{"title": title, "type": "stat"}] * 1, "uid": "a"}))

    (found,) = changes({MAP: dashboard("old")}, {MAP: dashboard("new")})
    assert [line.strip() for line in found.diff().splitlines()[2:] if line[0] in "+-"] == [
        '-          "title": "old",',
        '+          "title": "new",',
    ]


def test_a_long_flag_is_compared_by_its_parts():
    def flags(last: str) -> str:
        return yaml.safe_dump(
            {"args": ["--values=" + ", ".join([*(f"key{index}=value" for index in range(40)), last])]}
        )

    (found,) = changes({MAP: flags("a=1")}, {MAP: flags("a=2")})
    assert [line.strip("+- ") for line in found.diff().splitlines()[2:] if line[0] in "+-"] == ["a=1", "a=2"]


def test_what_pulumi_does_apart_from_the_manifest_is_compared_too():
    (found,) = changes({MAP: "# Pulumi keeps it.\nname: a\n"}, {MAP: "name: a\n"})
    assert "-# Pulumi keeps it." in found.diff()


def test_a_comment_folds_each_component_away():
    made = markdown(changes(BEFORE, AFTER), ["apac", "eu"], base="main", limit=60_000)
    assert made.startswith("### What differs from main\n\n- apac: 0 added, 1 removed, 1 changed\n")
    assert made.count("<details><summary>") == made.count("</details>") == 3
    assert "<summary>apac / query: 0 added, 0 removed, 1 changed</summary>" in made
    assert "left out" not in made


def test_a_comment_never_grows_over_its_limit_and_says_what_is_left_out():
    many = {f"apac/kubernetes/c{index}/x.yaml": "key: " + "x" * 150 + "\n" for index in range(20)}
    for limit in range(1000, 8000, 97):
        made = markdown(changes({}, many), ["apac"], base="main", limit=limit)
        assert len(made) <= limit
        left = 20 - made.count("<details>")
        assert (f"The diffs of {left} objects are left out" in made) == (left > 0)
        assert "`make diff BASE=main` shows all of them" in made or not left


def test_ticks_in_what_differs_do_not_end_the_block():
    made = markdown(changes({}, {MAP: document("a", "```\n````\n")}), ["apac"], base="main", limit=9000)
    assert made.count("`````") == 2
