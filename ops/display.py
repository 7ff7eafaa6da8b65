"""What people see of several stacks at once: live in a terminal, lines in a log."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ops.deploying import CHANGES, Message
from ops.deployment import Deployment

#: Seconds between the lines that say that a stack still goes on.
HEARTBEAT = 15
COMMANDS = {"previewing": "pulumi preview", "updating": "pulumi up"}
STYLES = {
    **dict.fromkeys(("up", "previewed"), "green"),
    **dict.fromkeys(("failed", "preview failed"), "red"),
    **dict.fromkeys(("left out", "stopping", "stopped"), "yellow"),
}


class _Output(Console):
    """Falls silent when nobody is there to read: what runs has to be stopped and waited for all the same."""

    def _check_buffer(self) -> None:
        try:
            super()._check_buffer()
        except OSError:  # of a terminal that is gone; of a pipe, the base class calls the other one
            self.on_broken_pipe()

    def on_broken_pipe(self) -> None:
        with contextlib.suppress(SystemExit):
            super().on_broken_pipe()


_console = _Output(highlight=False, soft_wrap=True)


def say(text: str, style: str | None = None) -> None:
    # A style of the call itself would colour the live table, too.
    _console.print(Text(text, style or ""))


class Watching:
    """While it is entered, `refresh` shows where the stacks are."""

    def __init__(self, deployments: Sequence[Deployment]) -> None:
        self._deployments = deployments
        self._told: dict[str, tuple[str, float]] = {}
        """Stack -> the state that the last line told, and its second."""
        # On a terminal; a file or a pipe gets lines.
        self._live = Live(console=_console, transient=True, auto_refresh=False) if _console.is_terminal else None

    def __enter__(self) -> "Watching":
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def refresh(self) -> None:
        for deployment in self._deployments:
            deployment.tick()
        if self._live:
            self._live.update(live_table(self._deployments), refresh=True)
        for deployment in self._deployments:
            told, second = self._told.get(deployment.name, ("", 0.0))
            changed = deployment.state != told
            if changed or (deployment.working and deployment.seconds - second >= HEARTBEAT):
                self._told[deployment.name] = (deployment.state, deployment.seconds)
                if not self._live or (changed and not deployment.working):
                    say(line(deployment, changed=changed), STYLES.get(deployment.state))


def live_table(deployments: Iterable[Deployment]) -> Table:
    table = Table("stack", "state", "resources", "now", "seconds", "warnings")
    for one in deployments:
        state = f"[{STYLES[one.state]}]{one.state}" if one.state in STYLES else one.state
        progress = one.progress
        seconds, warnings = f"{one.seconds:.0f}", str(progress.warnings or "")
        table.add_row(one.name, state, progress.count(), progress.current(), seconds, warnings)
    return table


def line(one: Deployment, *, changed: bool) -> str:
    """One line of a log: what has changed, or that it still goes on."""
    progress = one.progress
    if one.state in COMMANDS and changed:
        return f"{COMMANDS[one.state]}: {one.name}"
    if one.state == "stopping" and changed:
        return f"stopping {one.name}: waiting for pulumi to record what it has done"
    if one.working:
        now = f", {progress.current()}" if progress.current() else ""
        return f"  … {one.name}: {progress.count()} resources{now} ({one.seconds:.0f} s)"
    mark = {"up": "✓ ", "previewed": "✓ ", "failed": "✗ ", "preview failed": "✗ "}.get(one.state, "")
    match one.state:
        case "up":
            what = _words({f"{kind}d": progress.changes.get(kind, 0) for kind in CHANGES})
        case "previewed":
            what = _words({f"to {kind}": progress.changes.get(kind, 0) for kind in CHANGES})
        case _:
            what = f"{progress.count()} resources"
    return f"{mark}{one.name}: {one.state} after {one.seconds:.1f} s, {what}"


def _words(counts: Mapping[str, int]) -> str:
    """E.g. `2 created, 1 updated`."""
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "unchanged"


def show_changes(changes: Mapping[str, Mapping[str, int]]) -> None:
    """What would be done. changes: stack -> operation -> count."""
    table = Table("stack", *CHANGES, "same")
    for stack, counts in changes.items():
        row = [str(counts.get(kind) or "") for kind in (*CHANGES, "same")]
        style = "red" if counts.get("replace") or counts.get("delete") else None
        table.add_row(stack, *row, style=style)
    _console.print(table)


def show_messages(deployments: Iterable[Deployment]) -> None:
    """All that the engines, programs and providers complained of, each line behind its stack."""
    for one in deployments:
        for message in one.progress.messages:
            style = "yellow" if message.severity == "warning" else "red"
            say("\n".join(f"[{one.name}] {text}" for text in message_lines(message)), style)


def message_lines(message: Message) -> list[str]:
    severity = "warning" if message.severity == "warning" else "error"
    text = message.text.removeprefix(f"{severity}: ")
    return f"{severity}: {message.resource}{': ' if message.resource else ''}{text}".splitlines()


def show_summary(deployments: Iterable[Deployment]) -> None:
    table = Table("stack", "result", *CHANGES, "same", "seconds")
    for one in deployments:
        changes = one.progress.changes if one.state == "up" else {}
        counts = [str(changes.get(kind) or "") for kind in (*CHANGES, "same")]
        seconds = f"{one.seconds:.0f}" if one.seconds else ""
        table.add_row(one.name, result(one), *counts, seconds, style=STYLES.get(one.state))
    _console.print(table)


def result(one: Deployment) -> str:
    match one.state:
        case "waiting" | "previewed":
            return "not changed"
        case "stopped" | "failed":
            return f"{one.state} at {one.progress.count()} resources"
        case state:
            return state
