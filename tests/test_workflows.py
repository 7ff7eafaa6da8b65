"""The workflows: what actionlint says of them, and what it does not look at."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from local import tools
from tests.engine import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))


def read(path: Path) -> dict:
    return yaml.safe_load(path.read_text())


def jobs(path: Path) -> dict[str, dict]:
    return read(path)["jobs"]


def steps(path: Path) -> list[dict]:
    if path in ACTIONS:
        return read(path)["runs"]["steps"]
    return [step for job in jobs(path).values() for step in job.get("steps", [])]


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
            assert "${{ matrix.stack.name }}" in job["concurrency"]["group"], name
            assert job["concurrency"]["cancel-in-progress"] is False, "an engine that is killed leaves its lock"
        assert "timeout-minutes" in job or "uses" in job, name


def test_code_of_a_fork_gets_no_credentials():
    # `on` is a boolean to YAML 1.1.
    triggers = {trigger for path in WORKFLOWS for trigger in read(path)[True]}
    assert not triggers & {"pull_request_target", "workflow_run"}
    for name, job in jobs(ROOT / ".github/workflows/preview.yml").items():
        if "id-token" in job["permissions"]:
            assert "head.repo.full_name == github.repository" in job["if"], name


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
