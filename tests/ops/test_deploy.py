"""The order of stacks, and what is said: with stacks that come up without an engine."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ops import deploy, display, saved_plans
from ops.deployment import Deployment, Project
from ops.errors import OperationError
from ops.stacks import StackFile
from tests.engine import ROOT

#: Brings up a stack whose engine listens to a signal only some time after that came.
SLOW = """
import sys
import time
from pathlib import Path

from ops import deploy
from ops.deployment import Deployment, Project
from ops.stacks import StackFile


class Slow(Deployment):
    asked = 0

    def stop(self):
        self.asked += 1
        self.state = "stopping"

    def up(self, _plan):
        self.state = "updating"
        Path(sys.argv[1]).touch()
        deadline = time.monotonic() + 20
        while self.asked < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        self.state = "stopped" if self.asked >= 3 else "failed"


one = Slow(Project(Path()), StackFile(Path("Pulumi.eu.yaml"), "region", None, None))
deploy._deployments = lambda _: [one]
code = deploy.main(["--yes", "--skip-preview"])
sys.exit(code if one.state == "stopped" else 99)
"""


class Stack(Deployment):
    """Its `up` and `preview` only note that they were called; those of stacks in `failing` fail."""

    calls: list[str]
    failing: set[str]

    def preview(self, plan: Path | None = None, digest: Path | None = None) -> None:
        self.calls.append(f"preview {self.name}")
        self.progress.changes = {"create": 1}
        self.state = "preview failed" if f"preview {self.name}" in self.failing else "previewed"

    def up(self, plan: Path | None = None) -> None:
        self.calls.append(f"up {self.name}")
        self.state = "failed" if f"up {self.name}" in self.failing else "up"


@pytest.fixture
def said(monkeypatch) -> list[str]:
    lines: list[str] = []
    for module in (deploy, display):
        monkeypatch.setattr(module, "say", lambda text, style=None: lines.append(text))
    return lines


def fleet(*failing: str, stacks: tuple[str, ...] = ("apac", "eu", "global")) -> list[Stack]:
    calls: list[str] = []
    made = []
    for name in stacks:
        kind, regions = ("global", ("apac", "eu")) if name == "global" else ("region", ())
        one = Stack(Project(Path()), StackFile(Path(f"Pulumi.{name}.yaml"), kind, None, None, regions))
        one.calls, one.failing = calls, set(failing)
        made.append(one)
    return made


def run(stacks: list[Stack], *, preview: bool = True, sure: bool = True) -> int:
    deploy.deploy(stacks, plans=None, preview=preview, sure=sure)
    return deploy.conclude(stacks, "run again: the command", saved=None)


def test_everything_is_previewed_before_it_is_changed_and_global_comes_last(said):
    stacks = fleet()
    assert run(stacks) == 0
    calls = stacks[0].calls
    assert [set(calls[:2]), set(calls[2:4]), *calls[4:]] == [
        {"preview apac", "preview eu"},
        {"up apac", "up eu"},
        "preview global",
        "up global",
    ]


def test_a_region_that_fails_leaves_global_out_with_the_reason_and_the_next_command(said):
    stacks = fleet("up eu")
    assert run(stacks, preview=False) == 1
    assert sorted(stacks[0].calls) == ["up apac", "up eu"]
    assert "global was left out: it asks eu, which did not come up" in said
    assert "eu: the reasons stand above" in said[-1]
    assert "Mend them; then run again: the command" in said[-1]


def test_a_preview_that_fails_stops_before_any_change(said):
    stacks = fleet("preview apac")
    assert run(stacks) == 1
    assert not [call for call in stacks[0].calls if call.startswith("up")]
    assert "Nothing of theirs was changed" in said[-1]


def test_global_alone_asks_regions_that_are_up_from_before(said):
    stacks = fleet(stacks=("global",))
    assert run(stacks) == 0
    assert stacks[0].calls == ["preview global", "up global"]


def test_a_region_that_global_does_not_ask_does_not_hold_it_up(said):
    stacks = fleet("up mars", stacks=("apac", "mars", "global"))
    assert run(stacks, preview=False) == 1
    assert stacks[0].calls[-1] == "up global"


def test_each_stage_is_asked_for_and_a_no_changes_nothing_more(said, monkeypatch):
    asked: list[str] = []
    answers = iter(["y", "n"])
    monkeypatch.setattr("builtins.input", lambda text: asked.append(text) or next(answers))
    stacks = fleet()
    assert run(stacks, sure=False) == 1
    assert asked == ["Bring up apac, eu? [y/N] ", "Bring up global? [y/N] "]
    assert "up global" not in stacks[0].calls
    assert display.result(stacks[2]) == "not changed"
    assert "not everything was agreed to" in said[-1]


def test_stacks_of_a_stage_are_brought_up_at_the_same_time(said):
    meeting = threading.Barrier(2, timeout=10)
    deploy.side_by_side(fleet(stacks=("apac", "eu")), lambda _: meeting.wait() and None)


@pytest.mark.parametrize(("kind", "number"), [("pipe", signal.SIGINT), ("terminal", signal.SIGHUP)])
def test_engines_are_stopped_in_order_where_nobody_reads_any_more(kind, number, tmp_path):
    """Ctrl-C ends the reader of a pipe, too; a lost connection, the terminal."""
    reader, writer = os.pipe() if kind == "pipe" else os.openpty()
    begun = tmp_path / "begun"
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, str(begun)], cwd=ROOT, env={**os.environ, "TERM": "xterm"},
        stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(writer)
        while not begun.exists() and process.poll() is None:
            time.sleep(0.05)
        os.close(reader)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert errors == ""
    assert process.returncode == 128 + number


def test_without_a_terminal_nothing_is_done_without_yes(said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.eu.yaml").write_text("config: {observability:kind: region}")
    monkeypatch.setattr("sys.stdin", (tmp_path / "Pulumi.eu.yaml").open())
    monkeypatch.setenv("PATH", str(tmp_path))  # no pulumi could be called
    assert deploy.main([]) == 1
    assert "there is no terminal, and nothing was changed" in said[0]
    assert "--save-plans DIR" in said[0]


def test_a_missing_plan_is_named_before_anything_is_done(said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.eu.yaml").write_text("config: {observability:kind: region}")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert deploy.main(["--yes", "--plans", "saved"]) == 1
    assert "there is no saved/eu.plan.json" in said[0]


def test_a_later_plan_that_is_none_is_named_before_anything_is_done(said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.eu.yaml").write_text("config: {observability:kind: region}")
    (tmp_path / "Pulumi.global.yaml").write_text("config: {observability:kind: global}")
    saved_plans.plan(tmp_path, "eu").write_text('{"resourcePlans": {}}')
    saved_plans.plan(tmp_path, "global").write_text('{"resourcePl')
    monkeypatch.setenv("PATH", str(tmp_path))
    assert deploy.main(["--yes", "--plans", str(tmp_path)]) == 1
    assert "global.plan.json is no plan" in said[0]


def test_without_the_cli_it_is_said_where_it_comes_from(said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.eu.yaml").write_text("config: {observability:kind: region}")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert deploy.main(["--yes"]) == 1
    assert "the Pulumi CLI is not on PATH" in said[0]


class Process:
    def __init__(self) -> None:
        self.signals: list[int] = []

    def send_signal(self, number: int) -> None:
        self.signals.append(number)


@pytest.fixture
def updating() -> Deployment:
    one = Deployment(Project(Path()), StackFile(Path("Pulumi.eu.yaml"), "region", None, None))
    one.state = "updating"
    one._engine = type("Engine", (), {"process": Process()})()
    return one


def test_an_engine_is_signalled_once_and_only_when_it_listens(updating):
    signals = updating._engine.process.signals
    updating.stop()
    assert signals == [], "before its first event it would die and leave the stack locked"
    updating.progress.begun = True
    updating.stop()
    updating.stop()
    assert len(signals) == 1, "a second signal makes it drop what it is doing"
    assert updating.state == "stopping"


def test_an_engine_that_has_told_all_is_left_to_unlock_the_stack(updating):
    updating.progress.begun = updating.progress.ended = True
    updating.stop()
    assert updating._engine.process.signals == []


def test_an_engine_that_never_speaks_is_signalled_in_the_end(updating, monkeypatch):
    updating.stop()
    later = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: later)
    updating.stop()
    assert len(updating._engine.process.signals) == 1


def test_a_plan_that_is_none_is_refused(tmp_path):
    saved_plans.plan(tmp_path, "eu").write_text("{}")
    with pytest.raises(OperationError, match=r"eu\.plan\.json is no plan"):
        saved_plans.changes(tmp_path, "eu")


def test_a_plans_steps_are_counted_once_a_resource(tmp_path):
    steps = {
        "a": ["create-replacement", "replace", "delete-replaced"],
        "urn:pulumi:eu::o::pulumi:providers:aws::default_7_0": ["create"],
        "b": ["same"],
        "c": ["create"],
        "d": ["same"],
    }
    document = {"resourcePlans": {urn: {"steps": taken} for urn, taken in steps.items()}}
    saved_plans.plan(tmp_path, "eu").write_text(json.dumps(document))
    assert saved_plans.changes(tmp_path, "eu") == {"replace": 1, "same": 2, "create": 1}
