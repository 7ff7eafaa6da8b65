"""`ops.deploy` with the real engine: three stacks of a small project, whose resources take their time."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from local import policy_pack, pulumi_cli
from local.paths import ROOT
from tests.plugins import slow

pytestmark = pytest.mark.plugins

SECRET = "the-token-of-nobody-else"
PROGRAM = """
import pulumi

config, stack = pulumi.Config("observability"), pulumi.get_stack()
token = config.get_secret("token")
before = None
for number in range(config.get_int("things") or 1):
    before = pulumi.CustomResource(
        "slow:index:Thing",
        f"{stack}-{number}",
        {
            "folder": config.require("folder"),
            "seconds": config.get_float("seconds") or 0,
            "fail": config.get("fail") if number == int(config.get("fails") or 0) else None,
            "version": config.get("version"),
            "form": config.get("form") if number == 0 else None,
            "token": token,
        },
        pulumi.ResourceOptions(depends_on=[before] if before else []),
    )
if config.get("complain"):
    raise pulumi.RunError("line one\\nline two about " + (config.get("token") or "nothing"))
if config.require("kind") == "region":
    pulumi.export("endpoint", f"query.{stack}.example")
else:
    project = f"{pulumi.get_organization()}/{pulumi.get_project()}"
    references = [pulumi.StackReference(f"{project}/{name}") for name in config.require_object("regions")]
    pulumi.export("asks", [reference.require_output("endpoint") for reference in references])
"""

#: What a policy refuses.
DOOR = """
import pulumi_kubernetes as k8s

spec = {"type": "LoadBalancer", "ports": [{"port": 1}]}
k8s.core.v1.Service("door", metadata={"name": "door", "namespace": "x"}, spec=spec)
"""


class Fleet:
    """A project with the stacks apac, eu and global, and a backend of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.world, self._plugins = folder / "project", folder / "world", folder / "plugins"
        for made in (self.folder, self.world, folder / "backend"):
            made.mkdir()
        slow.provide(self._plugins)
        (folder / "passphrase").write_text("test")
        self.environment = pulumi_cli.environment(
            backend=folder / "backend", passphrase_file=folder / "passphrase", official_plugins=False
        )
        self.environment["PATH"] = f"{self._plugins}:{self.environment['PATH']}"
        self.environment["PYTHONPATH"] = str(ROOT)
        self._backend = folder / "backend" / ".pulumi"
        (self.folder / "Pulumi.yaml").write_text("name: probe\nruntime: python\n")
        (self.folder / "__main__.py").write_text(PROGRAM)
        for name in ("apac", "eu"):
            self.write(name, kind="region")
        self.write("global", kind="global", regions=["apac", "eu"])

    def write(self, stack: str, **settings: object) -> None:
        """Sets keys of a stack file; None takes one out."""
        file = self.folder / f"Pulumi.{stack}.yaml"
        document = yaml.safe_load(file.read_text()) if file.exists() else {"config": {}}
        config = {"observability:folder": str(self.world), **document["config"]}
        config |= {f"observability:{key}": value for key, value in settings.items()}
        document["config"] = {key: value for key, value in config.items() if value is not None}
        file.write_text(yaml.safe_dump(document))

    def meddle(self, *cases: str) -> None:
        """Has lines of a shell's `case` run before the CLI sees its arguments."""
        real = shutil.which("pulumi", path=self.environment["PATH"])
        script = ["#!/bin/sh", 'case "$*" in', *cases, "esac", f'exec {shlex.quote(real)} "$@"']
        (self._plugins / "pulumi").write_text("\n".join(script) + "\n")
        (self._plugins / "pulumi").chmod(0o755)

    def start(self, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "ops.deploy", *arguments]
        return subprocess.Popen(
            command, cwd=self.folder, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def deploy(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        text, _ = process.communicate(timeout=300)
        return process.returncode, text

    def pulumi(self, *arguments: str) -> str:
        command = ["pulumi", *arguments, "--non-interactive"]
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def state(self, stack: str) -> dict:
        return json.loads(self.pulumi("stack", "export", "--stack", stack))["deployment"]

    def recorded(self, stack: str) -> set[str]:
        """Names of the things that the stack's state has."""
        found = self.state(stack).get("resources", [])
        return {one["urn"].rpartition("::")[2] for one in found if one["type"] == "slow:index:Thing"}

    def made(self, stack: str) -> set[str]:
        """Names of the things that are in the world."""
        return {path.name for path in self.world.glob(f"{stack}-*") if path.suffix != ".begun"}

    def time(self, name: str) -> float:
        return float((self.world / name).read_text())

    def locks(self) -> list[Path]:
        return [path for path in (self._backend / "locks").rglob("*") if path.is_file()]


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


def test_regions_come_up_side_by_side_then_the_global_stack_and_a_second_run_changes_nothing(fleet: Fleet):
    for name in ("apac", "eu", "global"):
        fleet.write(name, seconds=4)
    code, text = fleet.deploy("--yes")
    assert code == 0, text
    assert fleet.time("apac-0.begun") < fleet.time("eu-0"), "apac waited for eu"
    assert fleet.time("eu-0.begun") < fleet.time("apac-0"), "eu waited for apac"
    assert fleet.time("global-0.begun") > max(fleet.time("apac-0"), fleet.time("eu-0"))
    asked = json.loads(fleet.pulumi("stack", "output", "asks", "--json", "--stack", "global"))
    assert asked == ["query.apac.example", "query.eu.example"]

    code, text = fleet.deploy("--yes", "--skip-preview")
    assert code == 0, text
    assert text.count(", unchanged") == 3, text
    for name in ("apac", "eu", "global"):
        assert f"pulumi up: {name}" in text


def test_sigint_loses_nothing_and_the_same_command_goes_on(fleet: Fleet):
    for name in ("apac", "eu"):
        fleet.write(name, seconds=3, things=3)
    process = fleet.start("--yes", "--skip-preview")
    deadline = time.monotonic() + 300
    while not all((fleet.world / f"{name}-1.begun").exists() for name in ("apac", "eu")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    # As a terminal does it, to the whole process group; and again, as an impatient user does.
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=300)

    assert process.returncode == 130, text
    assert "nothing is lost. To go on, run again: .venv/bin/python -m ops.deploy --yes --skip-preview" in text
    for name in ("apac", "eu"):
        assert f"stopping {name}" in text
        assert fleet.recorded(name) == fleet.made(name) == {f"{name}-0", f"{name}-1"}, text
        assert not fleet.state(name).get("pending_operations")
    assert not fleet.locks()
    assert not fleet.made("global")

    for name in ("apac", "eu"):
        fleet.write(name, seconds=None)
    code, text = fleet.deploy("--yes", "--skip-preview")
    assert code == 0, text
    assert fleet.recorded("apac") == {"apac-0", "apac-1", "apac-2"}
    assert fleet.recorded("global") == {"global-0"}


def test_sigint_while_a_stack_is_made_leaves_it_whole_and_unlocked(fleet: Fleet):
    begun = fleet.world / "init.begun"
    fleet.meddle(f'*"stack init"*) touch {begun}; sleep 2 ;;')
    process = fleet.start("--yes", "--skip-preview", "--stack", "apac", "--stack", "eu")
    deadline = time.monotonic() + 300
    while not begun.exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=300)

    assert process.returncode == 130, text
    assert "made the stack apac: commit what has been written into Pulumi.apac.yaml" in text
    assert "encryptionsalt" in (fleet.folder / "Pulumi.apac.yaml").read_text()
    assert not fleet.locks()
    assert [one["name"] for one in json.loads(fleet.pulumi("stack", "ls", "--json"))] == ["apac"]


def test_a_stack_that_is_up_is_up_whatever_the_cli_answers_afterwards(fleet: Fleet):
    fleet.meddle('*"stack output"*|*"stack history"*) echo the-output; kill -9 $$ ;;')
    code, text = fleet.deploy("--yes", "--skip-preview", "--stack", "apac")
    assert code == 0, text
    assert "✓ apac: up" in text


def test_a_region_that_fails_leaves_the_global_stack_alone_and_the_secret_untold(fleet: Fleet):
    fleet.pulumi("stack", "init", "eu", "--no-select")
    fleet.pulumi(
        "config", "set", "--secret", "observability:token", SECRET, "--stack", "eu", "--config-file", "Pulumi.eu.yaml"
    )
    fleet.write("eu", complain="true")
    code, text = fleet.deploy("--yes", "--skip-preview")
    assert code == 1, text
    assert "[eu] line two about [secret]" in text, text
    assert SECRET not in text
    assert "[apac] error" not in text
    assert "global was left out: it asks eu, which did not come up" in text
    assert "run again: .venv/bin/python -m ops.deploy --yes --skip-preview" in text
    assert fleet.made("apac") == {"apac-0"}
    assert not fleet.made("global")


def test_a_preview_that_fails_is_told_before_anything_is_changed(fleet: Fleet):
    fleet.write("eu", complain="true")
    code, text = fleet.deploy("--yes")
    assert code == 1, text
    assert "[eu] error: line one" in text, text
    assert "Nothing of theirs was changed" in text
    assert not fleet.made("apac")


def test_stack_files_may_lie_elsewhere_and_a_provider_that_refuses_is_quoted_with_its_resource(fleet: Fleet):
    fleet.write("eu", fail="the provider says no")
    elsewhere = fleet.folder / "elsewhere"
    elsewhere.mkdir()
    (fleet.folder / "Pulumi.eu.yaml").rename(elsewhere / "Pulumi.eu.yaml")
    code, text = fleet.deploy("--yes", "--config-dir", "elsewhere")
    assert code == 1, text
    assert "the stack eu is new, and elsewhere has no Pulumi.yaml" in text

    (elsewhere / "Pulumi.yaml").write_text((fleet.folder / "Pulumi.yaml").read_text())
    code, text = fleet.deploy("--yes", "--skip-preview", "--config-dir", "elsewhere")
    assert code == 1, text
    assert "[eu] error: eu-0: the provider says no" in text
    assert "encryptionsalt" in (elsewhere / "Pulumi.eu.yaml").read_text()
    assert not (fleet.folder / "Pulumi.eu.yaml").exists()


def test_a_saved_plan_is_applied_and_one_that_no_longer_fits_is_refused(fleet: Fleet):
    for stack in ("apac", "eu"):
        fleet.pulumi("stack", "init", stack, "--no-select")
    fleet.pulumi(
        "config", "set", "--secret", "observability:token", SECRET, "--stack", "eu", "--config-file", "Pulumi.eu.yaml"
    )
    plans = fleet.folder / "plans"
    regions = ("--stack", "apac", "--stack", "eu")
    code, text = fleet.deploy(*regions, "--save-plans", "plans")
    assert code == 0, text
    assert not fleet.made("apac") | fleet.made("eu")
    for stack in ("apac", "eu"):
        assert json.loads((plans / f"{stack}.preview.json").read_text())["changeSummary"] == {"create": 2}
        for kind in ("plan", "preview"):
            assert (plans / f"{stack}.{kind}.json").stat().st_mode & 0o777 == 0o600
    assert not [file for file in plans.iterdir() if SECRET in file.read_text()]

    code, text = fleet.deploy("--plans", "plans", "--yes")
    assert code == 1, text
    assert "there is no plans/global.plan.json" in text
    assert not fleet.made("apac")

    fleet.write("eu", things=2)
    code, text = fleet.deploy(*regions, "--plans", "plans", "--yes")
    assert code == 1, text
    assert fleet.made("apac") == {"apac-0"}
    assert "eu-1" not in fleet.made("eu")
    assert "eu-1: create is not allowed by the plan" in text, text


@pytest.mark.parametrize("option", ["--save-plans", "--plans"])
def test_plans_make_no_stack_because_its_key_would_stay_where_the_plan_was_made(fleet: Fleet, option: str):
    file = fleet.folder / "Pulumi.apac.yaml"
    file.write_text(f"secretsprovider: passphrase\n{file.read_text()}")
    written = file.read_text()
    (fleet.folder / "plans").mkdir()
    (fleet.folder / "plans" / "apac.plan.json").write_text('{"resourcePlans": {}}')
    code, text = fleet.deploy("--yes", "--stack", "apac", option, "plans")
    assert code == 1, text
    assert "the stack apac is not in the backend" in text
    assert "pulumi stack init apac --no-select --secrets-provider passphrase" in text
    assert file.read_text() == written
    assert json.loads(fleet.pulumi("stack", "ls", "--json")) == []


def test_a_plan_that_was_half_applied_fits_no_more_and_a_new_one_goes_on(fleet: Fleet):
    """Of a replacement above all: the engine misses its steps the second time."""
    fleet.write("eu", things=2, form="round")
    code, text = fleet.deploy("--stack", "eu", "--yes", "--skip-preview")
    assert code == 0, text
    save, apply = (["--stack", "eu", *more] for more in (["--save-plans", "plans"], ["--plans", "plans", "--yes"]))
    fleet.write("eu", form="square", things=3, fails="2", fail="not yet")
    assert fleet.deploy(*save)[0] == 0

    code, text = fleet.deploy(*apply)
    assert code == 1, text
    assert "eu-2: not yet" in text
    assert "Mend them; then save new plans with --save-plans plans, and apply those" in text
    code, text = fleet.deploy(*apply)
    assert code == 1, text
    assert "eu-0" in text
    assert "expected resource operations" in text, text

    fleet.write("eu", fail=None)
    assert fleet.deploy(*save)[0] == 0
    code, text = fleet.deploy(*apply)
    assert code == 0, text
    assert fleet.recorded("eu") == {"eu-0", "eu-1", "eu-2"}


def test_what_a_policy_refuses_gets_no_plan(fleet: Fleet, tmp_path: Path):
    fleet.pulumi("stack", "init", "apac", "--no-select")
    (fleet.folder / "__main__.py").write_text(DOOR)
    fleet.environment["KUBECONFIG"] = str(tmp_path / "none")
    pack = policy_pack.prepare(tmp_path / "policies", fleet.environment)

    code, text = fleet.deploy("--stack", "apac", "--save-plans", "plans", "--policy-pack", str(pack))

    assert code == 1, text
    assert "policy only-the-gateway-faces-the-world" in text, text
    assert not list((fleet.folder / "plans").glob("apac.*")), "what is refused could be applied"
