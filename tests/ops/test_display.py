"""What a log and a table say of a stack."""

from pathlib import Path

import pytest

from ops import display
from ops.deploying import Message, Progress
from ops.deployment import Deployment, Project
from ops.stacks import StackFile


def deployment(state: str, **progress: object) -> Deployment:
    one = Deployment(Project(Path()), StackFile(Path("Pulumi.eu.yaml"), "region", None, None))
    one.state, one.seconds, one.progress = state, 31.04, Progress(**progress)
    return one


@pytest.mark.parametrize(
    ("state", "progress", "expected"),
    [
        ("up", {"changes": {"create": 2, "replace": 1, "same": 4}}, "✓ eu: up after 31.0 s, 2 created, 1 replaced"),
        ("up", {"changes": {"same": 4}}, "✓ eu: up after 31.0 s, unchanged"),
        ("previewed", {"changes": {"delete": 3}}, "✓ eu: previewed after 31.0 s, 3 to delete"),
        ("failed", {"done": {"a"}, "total": 3}, "✗ eu: failed after 31.0 s, 1 of 3 resources"),
        ("stopped", {"done": {"a"}}, "eu: stopped after 31.0 s, 1 resources"),
        ("updating", {}, "pulumi up: eu"),
        ("previewing", {}, "pulumi preview: eu"),
        ("stopping", {}, "stopping eu: waiting for pulumi to record what it has done"),
    ],
)
def test_a_log_has_a_line_for_each_change_of_state(state, progress, expected):
    assert display.line(deployment(state, **progress), changed=True) == expected


def test_a_log_says_now_and_then_what_takes_so_long():
    one = deployment("updating", done={"a"}, total=3, running={"b": "creating Deployment eu-query"})
    expected = "  … eu: 1 of 3 resources, creating Deployment eu-query (31 s)"
    assert display.line(one, changed=False) == expected


def test_each_line_of_an_error_stands_behind_its_stack(monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(display, "say", lambda text, style=None: said.append(text))
    messages = [
        Message("error", "eu-query", "error: no such host\n  at [bold]dns[/bold]"),
        Message("warning", "", "old"),
    ]
    display.show_messages([deployment("failed", messages=messages)])
    assert said == ["[eu] error: eu-query: no such host\n[eu]   at [bold]dns[/bold]", "[eu] warning: old"]


def test_a_terminal_sees_every_stack_with_its_warnings(capsys):
    one = deployment("updating", total=9, running={"b": "creating Bucket eu"}, messages=[Message("warning", "", "old")])
    display.Console(width=100).print(display.live_table([one, deployment("waiting")]))
    rows = [line.split("│")[1:-1] for line in capsys.readouterr().out.splitlines() if "│" in line]
    assert [cell.strip() for cell in rows[0]] == ["eu", "updating", "0 of 9", "creating Bucket eu", "31", "1"]
    assert [cell.strip() for cell in rows[1]] == ["eu", "waiting", "0", "", "31", ""]
