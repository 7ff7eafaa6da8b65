"""`make diff`: a commit against the work tree. Most trees here have a renderer in miniature; one is a copy of ours."""

import shutil
import subprocess

import pytest

from review import diff, engine

RENDERER = """
import argparse, pathlib, sys
parser = argparse.ArgumentParser()
parser.add_argument("--stack", action="append")
parser.add_argument("--out", type=pathlib.Path)
options = parser.parse_args()
for stack in options.stack:
    text = pathlib.Path(f"Pulumi.{stack}.yaml").read_text()
    if "refuse" in text:
        sys.exit("error: the settings have 1 problem(s):\\n  the reason")
    if "crash" in text:
        raise KeyError("inside")
    file = options.out / stack / "kubernetes" / "query" / "x.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
"""


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A repository with one commit, `main`; the stack files may be changed."""
    folder = tmp_path / "tree"
    (folder / "review").mkdir(parents=True)
    (folder / "review/render.py").write_text(RENDERER)
    (folder / "Pulumi.apac.yaml").write_text("a: 1\n")
    (folder / "Pulumi.eu.yaml").write_text("a: 1\n")
    commit(folder)
    monkeypatch.setattr(diff, "ROOT", folder)
    return folder


def commit(folder):
    own = ["-c", "user.name=a", "-c", "user.email=a@example", "-c", "commit.gpgsign=false"]
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        [*own, "commit", "--quiet", "-m", "a"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)


def test_without_a_difference_it_says_so(tree, capsys):
    assert diff.main(["--base=main", "--exit-code"]) == 0
    assert capsys.readouterr().out == "apac: no differences\neu: no differences\n"


def test_what_is_not_committed_counts(tree, capsys):
    (tree / "Pulumi.eu.yaml").write_text("a: 2\n")
    assert diff.main(["--base=main"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("apac: no differences\neu: 0 added, 0 removed, 1 changed\n")
    assert printed.endswith("@@ -1 +1 @@\n-a: 1\n+a: 2\n")
    assert diff.main(["--base=main", "--exit-code"]) == 1
    assert diff.main(["--base=main", "--exit-code", "--stack=apac"]) == 0


def test_a_stack_that_only_one_side_has_is_added_or_removed(tree, capsys):
    (tree / "Pulumi.us.yaml").write_text("a: 1\n")
    (tree / "Pulumi.eu.yaml").unlink()
    assert diff.main(["--base=main"]) == 0
    assert capsys.readouterr().out.splitlines()[:3] == [
        "apac: no differences",
        "eu: 0 added, 1 removed, 0 changed",
        "us: 1 added, 0 removed, 0 changed",
    ]


def test_the_work_tree_and_the_repository_are_left_as_they_are(tree):
    (tree / "Pulumi.eu.yaml").write_text("a: 2\n")

    def state() -> str:
        return "".join(
            subprocess.run(["git", *command], cwd=tree, check=True, capture_output=True, text=True).stdout
            for command in (["status", "--porcelain", "--ignored"], ["worktree", "list"], ["for-each-ref"])
        )

    before = state()
    diff.main(["--base=main"])
    assert state() == before


def test_a_comment_is_written_beside_what_is_printed(tree, tmp_path, capsys):
    (tree / "Pulumi.eu.yaml").write_text("a: 2\n")
    assert diff.main(["--base=main", f"--markdown={tmp_path / 'comment.md'}"]) == 0
    assert "- eu: 0 added, 0 removed, 1 changed\n" in (tmp_path / "comment.md").read_text()
    assert "+a: 2" in (tmp_path / "comment.md").read_text()
    assert "+a: 2" in capsys.readouterr().out


def test_a_base_without_a_renderer_is_nothing_to_compare_with_and_no_failure(tree, tmp_path, capsys):
    shutil.rmtree(tree / "review")
    commit(tree)
    assert diff.main(["--base=main", "--exit-code", f"--markdown={tmp_path / 'comment.md'}"]) == 0
    printed = capsys.readouterr().out
    assert printed == "There is nothing to compare with in main: it has no review/render.py yet\n"
    assert (tmp_path / "comment.md").read_text() == printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--base=nowhere"], "has no commit nowhere: fetch it (git fetch origin nowhere), or name another"),
        (["--base="], "'' is no commit: say which, e.g. make diff BASE=main"),
        (["--base=--output=x"], "is no commit"),
        (["--base=main", "--stack=us"], "neither main nor the work tree has a Pulumi.us.yaml"),
        (["--base=main", "--markdown=/proc/none/x"], "/proc/none/x cannot be written"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(tree, arguments, said, capsys):
    assert diff.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said in error
    assert error.count("\n") == 1


def test_a_folder_that_is_no_repository_is_told_apart_from_an_unknown_commit(tree, capsys):
    shutil.rmtree(tree / ".git")
    assert diff.main(["--base=main"]) == 2
    assert "is no git repository" in capsys.readouterr().err


@pytest.mark.parametrize(("content", "said"), [("refuse", "the reason"), ("crash", "KeyError: 'inside'")])
def test_a_work_tree_that_cannot_be_rendered_is_a_failure_with_the_reason(tree, content, said, capsys):
    (tree / "Pulumi.eu.yaml").write_text(content)
    assert diff.main(["--base=main", "--exit-code"]) == 2
    error = capsys.readouterr().err
    assert "the work tree cannot be rendered" in error
    assert said in error
    assert "Traceback" not in error
    commit(tree)
    assert diff.main(["--base=main"]) == 2, "though the base cannot be rendered either"


@pytest.mark.parametrize(("content", "said"), [("refuse", "the reason"), ("crash", "KeyError: 'inside'")])
def test_what_mends_a_base_that_cannot_be_rendered_does_not_fail_for_it(tree, content, said, tmp_path, capsys):
    (tree / "Pulumi.eu.yaml").write_text(content)
    commit(tree)
    (tree / "Pulumi.eu.yaml").write_text("a: 1\n")
    assert diff.main(["--base=main", "--exit-code", f"--markdown={tmp_path / 'comment.md'}"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("There is nothing to compare with in main: it cannot be rendered. ")
    assert said in printed
    assert "Traceback" not in printed
    assert (tmp_path / "comment.md").read_text() == printed


def test_another_image_of_a_component_is_one_line_in_each_of_its_objects(tmp_path, monkeypatch, capsys):
    copy = tmp_path / "copy"
    left = shutil.ignore_patterns(".*", "__pycache__", "tests", "docs", "local", "bench", "rendered")
    shutil.copytree(engine.ROOT, copy, ignore=left)
    commit(copy)
    monkeypatch.setattr(diff, "ROOT", copy)
    versions = (copy / "versions.py").read_text()
    (copy / "versions.py").write_text(versions.replace("grafana/grafana:13.2.0", "grafana/grafana:99.0.0"))

    assert diff.main(["--base=main", "--stack=global", "--exit-code"]) == 1
    printed = capsys.readouterr().out
    assert printed.splitlines()[:3] == [
        "global: 0 added, 0 removed, 1 changed",
        "",
        "~ global/kubernetes/grafana/statefulset-global-grafana.yaml",
    ]
    changed = [line.strip("+- ") for line in printed.splitlines()[6:] if line[:1] in ("+", "-")]
    assert changed == ["image: docker.io/grafana/grafana:13.2.0", "image: docker.io/grafana/grafana:99.0.0"]
