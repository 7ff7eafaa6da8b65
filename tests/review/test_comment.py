"""The comment of recorded previews, section by section."""

import json
import re

import pytest

from review import comment, markdown
from tests.review import previews
from tests.review.test_digest import URN


def written(capsys, case: str, *more: str) -> str:
    assert comment.main(["--stack=test", str(previews.RECORDED / f"{case}.json"), *more]) == 0
    return capsys.readouterr().out


def of(capsys, tmp_path, document: object, *more: str) -> tuple[str, str]:
    """Comment and job log of a preview that is made here."""
    file = tmp_path / "test.preview.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    assert comment.main(["--stack=test", str(file), *more]) == 0
    said = capsys.readouterr()
    return said.out, said.err


def updates(number: int, size: int) -> dict:
    """So many files, each with other content of so many lines."""
    states = {
        key: {"inputs": {"data": {"f": "\n".join(f"{key} {line}" for line in range(size))}}}
        for key in ("oldState", "newState")
    }
    steps = [
        {"op": "update", "urn": URN.format(kind="ConfigMap", name=f"file-{one}"), **states} for one in range(number)
    ]
    return {"steps": steps, "changeSummary": {"update": number}}


def test_a_stack_finds_its_own_comment_by_the_first_line(capsys):
    for case in ("none", "update", "failure"):
        assert written(capsys, case).startswith("<!-- preview: test -->\n")
    assert comment.marker("apac") != comment.marker("eu")


def test_no_change_is_one_line(capsys):
    assert len(written(capsys, "none").splitlines()) == 2


def test_counts_begin_with_what_weighs_most(capsys):
    found = written(capsys, "update")
    assert (
        "\n**2** to replace, **1** to update, 4 stay as they are. Replaced only by new content under a new name: 1."
        in found
    )


def test_what_data_is_in_comes_before_all_changes(capsys):
    for case in ("replace", "delete"):
        found = written(capsys, case)
        assert re.findall("^#### .*", found, re.MULTILINE) == [
            "#### Look twice: data is in these, or goes with them",
            "#### Query <code>query</code>",
        ]


def test_changes_are_under_their_component(capsys):
    found = written(capsys, "update")
    assert found.count("\n#### ") == 1
    assert "<b>update</b> Deployment <code>query</code>\n\n```diff\n@@ spec.template" in found


def test_what_is_new_is_folded_behind_the_bill(capsys):
    found = written(capsys, "first")
    assert found.index("**Cost:**") < found.index("<summary>6 to create</summary>")
    assert "\nDeployment query\n" in found
    assert "stay as they are" not in found


def test_the_bill_is_what_is_requested_more_by_the_given_prices(capsys, tmp_path):
    prices = "{source: ours, currency: EUR, cpu: 100, memoryGiB: 1, volumeGiB: {default: 1, fast: 7}, loadBalancer: 1}"
    (tmp_path / "prices.yaml").write_text(prices)
    assert "about **+100.00** <code>EUR</code> a month" in written(capsys, "update", f"--prices={tmp_path}/prices.yaml")
    assert "| volumes | +1 GiB <code>fast</code> | +7.00 |" in written(
        capsys, "create", f"--prices={tmp_path}/prices.yaml"
    )
    assert "**Cost:** the same" in written(capsys, "delete"), "the claim stays, and is paid for"


@pytest.mark.parametrize("text", ["", "[", "{cpu: 1}", "{source: a, currency: b, cpu: -1}"])
def test_a_price_list_that_is_none_is_said_so(capsys, tmp_path, text):
    (tmp_path / "prices.yaml").write_text(text)
    assert comment.main(["--stack=test", f"--prices={tmp_path}/prices.yaml", "x.json"]) == 1
    assert "has no prices like those of planner/prices.yaml" in capsys.readouterr().err


def test_a_failure_shows_the_programs_own_message_or_the_policies(capsys):
    found = written(capsys, "failure")
    assert "### Preview of <code>test</code> **failed**" in found
    assert "observability:query.timeout is '2x': must be a duration" in found
    assert "preview failed" not in found
    found = written(capsys, "policy", f"--log={previews.RECORDED}/policy.log")
    assert "policy images-are-pinned (mandatory)" in found
    assert "**What to do.**" in found


@pytest.mark.parametrize(
    ("text", "said"), [("", "nothing was printed"), ("error: no stack", "is no JSON"), ("{", "is not whole")]
)
def test_a_preview_without_json_is_a_failure_with_what_the_cli_said(capsys, tmp_path, text, said):
    (tmp_path / "log").write_text("\x1b[31merror: could not get the lock\x1b[0m; key AKIA" + "A" * 16)
    found, _ = of(capsys, tmp_path, text, f"--log={tmp_path}/log")
    assert "**failed**" in found
    assert said in found
    assert "\nerror: could not get the lock; key [redacted]\n" in found


@pytest.mark.parametrize("case", ["none", "update", "failure"])
def test_the_head_says_of_which_commit_it_is(capsys, case):
    head = written(capsys, case, "--commit=1a2b3c4d5e6f7890").splitlines()[1]
    assert "Preview of <code>test</code> at <code>1a2b3c4d5e6f</code>" in head


def test_a_failure_in_wide_letters_fits_into_a_comment_too(capsys, tmp_path):
    (tmp_path / "log").write_text("\n".join(f"{number} {'é' * 400}" for number in range(120)))
    found, log = of(capsys, tmp_path, "", f"--log={tmp_path}/log")
    assert len(found.encode()) <= markdown.LIMIT
    assert "**failed**" in found
    assert "leaves out 1 part(s): <code>messages</code>" in found
    assert "é" * 400 in log


def test_a_job_that_ended_before_leaves_a_comment_too(capsys, tmp_path):
    assert comment.main(["--stack=test", str(tmp_path / "none.json"), f"--log={tmp_path}/none.log"]) == 0
    assert "There is no preview, No such file or directory" in capsys.readouterr().out


def test_a_comment_that_is_too_long_loses_its_end_and_the_job_log_has_the_whole(capsys, tmp_path):
    found, log = of(capsys, tmp_path, updates(number=40, size=70))
    assert len(found.encode()) <= markdown.LIMIT
    assert "<code>file-0</code>" in found
    assert "<code>file-39</code>" not in found
    assert "**Cost:**" in found
    assert "**Cut:** GitHub takes 65,536 characters" in found
    assert "<code>file-39</code>" in log


def test_a_long_file_is_folded_and_ends_early(capsys, tmp_path):
    found, log = of(capsys, tmp_path, updates(number=1, size=500))
    assert "<details><summary><b>update</b> ConfigMap <code>file-0</code> (1,001 lines)</summary>" in found
    assert "[851 more lines: in the job's log]" in found
    assert "+newState 499" in log


def test_names_and_values_of_others_do_nothing(capsys, tmp_path):
    bad = "x`</code><script>*a*|@all #1"
    step = {"op": "replace", "urn": URN.format(kind="PersistentVolumeClaim", name=bad)}
    states = {"oldState": {"inputs": {"data": {"f": "a"}}}, "newState": {"inputs": {"data": {"f": f"```\n{bad}"}}}}
    found, _ = of(capsys, tmp_path, {"steps": [{**step, **states}]})
    outside = re.sub(r"^````diff\n.*?^````$", "", found, flags=re.MULTILINE | re.DOTALL)
    assert "<script>" in found
    assert "<script>" not in outside
    assert "@all" not in outside
    assert "*a*" not in outside


def test_the_comment_can_go_to_a_file(capsys, tmp_path):
    assert written(capsys, "update", f"--out={tmp_path}/comment.md") == ""
    assert (tmp_path / "comment.md").read_text() == written(capsys, "update")
