"""The workflows: what actionlint says of them, and what it does not look at."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from local import tools
from review import comment
from tests.engine import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))
CHECK, DEPLOY, DRIFT, PREVIEW, STAGE = (
    ROOT / f".github/workflows/{name}.yml" for name in ("check", "deploy", "drift", "preview", "stage")
)


def read(path: Path) -> dict:
    return yaml.safe_load(path.read_text())


def jobs(path: Path) -> dict[str, dict]:
    return read(path)["jobs"]


def steps(path: Path) -> list[dict]:
    if path in ACTIONS:
        return read(path)["runs"]["steps"]
    return [step for job in jobs(path).values() for step in job.get("steps", [])]


def run(tmp_path: Path, path: Path, job: str, name: str, *, program: str = "python3", says: str = "", **env: str):
    """Runs the script of a step as a runner does; `called` is what it called the program with, which says `says`."""
    (step,) = (step for step in jobs(path)[job]["steps"] if step.get("name") == name)
    (tmp_path / "bin").mkdir(exist_ok=True)
    fake, called = tmp_path / "bin" / program, tmp_path / "called"
    fake.write_text('#!/bin/sh\necho "$*" >> "$CALLED"\necho "$SAYS"\n')
    fake.chmod(0o755)
    known = {"PATH": f"{fake.parent}:{os.environ['PATH']}", "CALLED": str(called), "SAYS": says}
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=tmp_path, env={**known, **env}, capture_output=True, text=True
    )
    return done, called.read_text() if called.exists() else ""


def commands(path: Path) -> list[str]:
    """Each run of a module of ours, as it would be typed."""
    found = []
    for step in steps(path):
        script = step.get("run", "").replace("\\\n", " ")
        found += re.findall(r"python3? -m ((?:ops|review|local)\.?[\w.]*[^\n|&;>)]*)", script)
    return found


@pytest.mark.plugins
def test_actionlint_finds_nothing():
    tools.fetch([tools.ACTIONLINT])
    lint = tools.ACTIONLINT.program("actionlint")

    done = subprocess.run([lint, *map(str, WORKFLOWS)], capture_output=True, text=True, cwd=ROOT)

    assert WORKFLOWS
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.plugins
def test_actionlint_would_find_something(tmp_path):
    tools.fetch([tools.ACTIONLINT])
    broken = tmp_path / "broken.yml"
    broken.write_text(
        (ROOT / ".github/workflows/preview.yml").read_text().replace("needs.diff.outputs", "needs.dif.outputs")
    )

    done = subprocess.run([tools.ACTIONLINT.program("actionlint"), broken], capture_output=True, text=True)

    assert 'property "dif" is not defined' in done.stdout


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: str(path.relative_to(ROOT)))
def test_actions_of_others_are_pinned_to_a_commit_and_say_its_version(path):
    for line in re.findall(r"uses: (?!\./)(.*)", path.read_text()):
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_one_action_has_one_version_everywhere():
    used = {match for path in [*WORKFLOWS, *ACTIONS] for match in re.findall(r"uses: ([^.@]+)@(\w+)", path.read_text())}
    assert len({name for name, _ in used}) == len(used)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_no_rights_and_each_job_only_those_it_names(path):
    assert read(path)["permissions"] == {}
    for name, job in jobs(path).items():
        assert job["permissions"], name
        writes = {right for right, level in job["permissions"].items() if level == "write"}
        assert len(writes) <= 1, f"{name}: who reaches AWS writes nothing on GitHub, and the other way round"
        assert writes <= {"id-token", "pull-requests", "issues"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_who_reaches_a_stack_does_so_in_its_environment_and_in_a_queue_of_its_own(path):
    for name, job in jobs(path).items():
        if "id-token" in job["permissions"] and "uses" not in job:
            assert "${{ matrix.stack.name }}" in job["environment"], name
            if path != PREVIEW:
                assert "${{ matrix.stack.name }}" in job["concurrency"]["group"], name
                assert job["concurrency"]["cancel-in-progress"] is False, name
        assert "timeout-minutes" in job or "uses" in job, name


def test_code_of_a_fork_gets_no_credentials():
    # `on` is a boolean to YAML 1.1.
    triggers = {trigger for path in WORKFLOWS for trigger in read(path)[True]}
    assert not triggers & {"pull_request_target", "workflow_run"}
    for name, job in jobs(PREVIEW).items():
        if "id-token" in job["permissions"]:
            assert "head.repo.full_name == github.repository" in job["if"], name


def test_code_that_is_not_merged_has_an_environment_of_its_own():
    unmerged = {job["environment"] for job in jobs(PREVIEW).values() if "environment" in job}
    merged = {job["environment"] for path in (STAGE, DRIFT) for job in jobs(path).values() if "environment" in job}
    assert unmerged == {"preview-${{ matrix.stack.name }}"}
    assert not unmerged & merged


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_credentials_outlive_the_job_and_are_not_asked_for_longer_than_it_needs(path):
    (action,) = ACTIONS
    default = read(action)["inputs"]["duration"]["default"]
    (given,) = (step["with"]["role-duration-seconds"] for step in steps(action) if "configure-aws" in str(step))
    assert given == "${{ inputs.duration }}"
    for name, job in jobs(path).items():
        for step in job.get("steps", []):
            if step.get("uses") == "./.github/actions/stack":
                lasts, needed = int(step["with"].get("duration", default)), 60 * job["timeout-minutes"]
                assert needed <= lasts <= needed + 1800, name


def test_the_engine_gives_up_before_the_job_is_killed_and_hears_of_a_cancellation():
    up = jobs(STAGE)["up"]
    timeouts = re.findall(r'update="(\d+)h"', (ROOT / "components/_volumes.py").read_text())
    assert up["timeout-minutes"] > max(60 * int(hours) for hours in timeouts)
    changing = [step["run"] for path in WORKFLOWS for step in steps(path) if "--yes" in step.get("run", "")]
    assert changing
    assert all(re.fullmatch(r"exec python -m ops\.deploy .*", script) for script in changing), changing


def test_a_stage_reads_its_own_plans_which_are_there_as_long_as_an_approval_may_take():
    stored = [step["with"] for step in steps(STAGE) if "upload-artifact" in step.get("uses", "")]
    fetched = [step["with"] for step in steps(STAGE) if "download-artifact" in step.get("uses", "")]
    assert [given["name"] for given in stored] == ["plan-${{ inputs.kind }}-${{ matrix.stack.name }}"]
    assert {given.get("name") or given["pattern"] for given in fetched} == {
        stored[0]["name"],
        "plan-${{ inputs.kind }}-*",
    }
    assert stored[0]["retention-days"] >= 30


def test_what_is_deployed_has_passed_all_tests_on_main():
    (called,) = (name for name, job in jobs(DEPLOY).items() if job.get("uses") == "./.github/workflows/check.yml")
    assert jobs(DEPLOY)["regions"]["needs"] == called
    assert {"make check", "make test"} <= {
        word for step in steps(CHECK) for word in re.findall(r"make [a-z]+(?!-)\b", step.get("run", ""))
    }


def test_a_deployment_that_is_run_again_says_what_to_do_before_it_has_any_credentials(tmp_path):
    first, *_ = jobs(STAGE)["up"]["steps"]
    assert first["if"] == "github.run_attempt != '1'"
    done, _ = run(tmp_path, STAGE, "up", first["name"])
    assert done.returncode == 1
    assert "gh workflow run deploy.yml --ref main" in done.stdout


@pytest.mark.parametrize(
    ("rules", "code"), [("branch_policy\nrequired_reviewers", 0), ("branch_policy", 1), ("", 1), ("reviewers", 1)]
)
def test_nothing_with_state_is_replaced_in_an_environment_that_asks_nobody(tmp_path, rules, code):
    known = {"GITHUB_REPOSITORY": "o/r", "ENVIRONMENT": "apac-stateful"}
    done, called = run(tmp_path, STAGE, "up", "somebody was asked", program="gh", says=rules, **known)
    assert done.returncode == code, done.stderr
    assert called.startswith("api repos/o/r/environments/apac-stateful ")


def test_the_newest_push_has_the_last_word_on_a_pull_request():
    assert read(PREVIEW)["concurrency"] == {
        "group": "preview-${{ github.event.pull_request.number }}",
        "cancel-in-progress": True,
    }
    always = [step["if"] for step in steps(PREVIEW) if "always()" in str(step.get("if"))]
    assert not always, "a run that was cancelled would go on to write its comment"
    assert "needs.preview" not in jobs(PREVIEW)["comment"]["if"], "the comment of an older push would stay"


def test_a_preview_that_did_not_run_takes_the_place_of_the_comment_before(tmp_path):
    known = {"STACK": "apac", "PULL": "7", "COMMIT": "1a2b3c", "RUN": "https://github.example/runs/1"}
    done, called = run(tmp_path, PREVIEW, "comment", "comment", **known)

    assert done.returncode == 0, done.stderr
    first, *rest = (tmp_path / "comment.md").read_text().splitlines()
    assert first == comment.marker("apac")
    assert "Preview of apac at 1a2b3c **did not run**" in rest[0]
    assert "https://github.example/runs/1" in rest[-1]
    assert called == "-m review.github comment --pull 7 comment.md\n"

    (tmp_path / "comment.md").write_text("of the preview")
    run(tmp_path, PREVIEW, "comment", "comment", **known)
    assert (tmp_path / "comment.md").read_text() == "of the preview"


@pytest.mark.parametrize(
    ("code", "called"),
    [
        ("0", "-m review.github issue --title Drift: apac --close drift/report.md\n"),
        ("2", "-m review.github issue --title Drift: apac drift/report.md\n"),
        ("1", ""),
        (None, ""),
    ],
)
def test_an_issue_is_opened_and_closed_only_by_a_look_that_was_possible(tmp_path, code, called):
    if code:
        (tmp_path / "drift").mkdir()
        (tmp_path / "drift/code").write_text(f"{code}\n")
    done, found = run(tmp_path, DRIFT, "report", "issue", STACK="apac")
    assert done.returncode == 0, done.stderr
    assert found == called


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_command_fails_inside_of_an_echo(path):
    for step in steps(path):
        assert not re.search(r"echo .*\$\(", step.get("run", "")), "bash goes on with nothing"


def test_a_stage_without_stacks_is_left_out():
    assert jobs(STAGE)["plan"]["if"] == "needs.stacks.outputs.stacks != '[]'"
    assert "plan" in jobs(STAGE)["gate"]["needs"]
    assert "gate" in jobs(STAGE)["up"]["needs"]


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: str(path.relative_to(ROOT)))
def test_scripts_take_what_others_write_from_the_environment_alone(path):
    for step in steps(path):
        assert "${{" not in step.get("run", ""), "a branch's name would be run as a command"


def test_the_commands_that_workflows_call_are_there_with_these_flags():
    called = [(path, command) for path in WORKFLOWS for command in commands(path)]
    assert len(called) >= 8
    for path, command in called:
        module, *words = command.split()
        subcommand = [words[0]] if words and re.fullmatch(r"[a-z]+", words[0]) else []
        done = subprocess.run(
            [sys.executable, "-m", module, *subcommand, "--help"], capture_output=True, text=True, cwd=ROOT
        )
        assert done.returncode == 0, f"{path.name}: {command}: {done.stderr}"
        for flag in [word for word in words if word.startswith("--")]:
            assert re.search(rf"{re.escape(flag)}\b", done.stdout), f"{path.name}: {module} has no {flag}"


def test_the_cli_of_the_workflows_is_as_new_as_the_sdk():
    sdk = re.search(r'"pulumi==([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert sdk
    assert (ROOT / ".pulumi.version").read_text().strip() == sdk[1]
