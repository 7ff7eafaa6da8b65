"""One stack that is brought up: found or made, previewed, updated, and stopped without losing anything."""

import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from pulumi.automation import CommandError, ConcurrentUpdateError, InvalidVersionError, StackNotFoundError

from ops.automation import Engine, Stack, Workspace, reason
from ops.deploying import Message, Progress
from ops.errors import OperationError
from ops.stacks import StackFile

#: Seconds after which an engine that has not said anything is asked to stop all the same.
SILENCE = 10


@dataclass(frozen=True)
class Project:
    """The program, and what holds for all of its stacks."""

    folder: Path
    secrets_provider: str | None = None
    """Of stacks that are made now, if the stack file names none."""
    policies: Path | None = None
    """A policy pack that every preview and update asks."""


class Deployment:
    """A stack that is brought up. Its methods run in a thread; `stop` is called from another one."""

    def __init__(self, project: Project, stack: StackFile) -> None:
        self.stack = stack
        self.progress = Progress()
        self.state = "waiting"
        """waiting, previewing, updating, stopping; then previewed, up, preview failed, failed, stopped, left out."""
        self.why = ""
        """Of what is left out."""
        self.seconds = 0.0
        """Of the last operation, up to now or to its end."""
        self._project = project
        self._begun = 0.0
        self._asked: float | None = None
        self._signalled = False
        self._engine: Engine | None = None
        self._found: Stack | None = None

    @property
    def name(self) -> str:
        return self.stack.name

    @property
    def secrets_provider(self) -> str | None:
        """Of a stack that is made now; None: the backend's own."""
        return self.stack.secrets_provider or self._project.secrets_provider

    @property
    def working(self) -> bool:
        return self.state in ("previewing", "updating", "stopping")

    def tick(self) -> None:
        if self.working:
            self.seconds = time.monotonic() - self._begun

    def find(self) -> bool:
        """Whether the backend has the stack. OperationError if it cannot be asked."""
        try:
            self._engine = Engine()
        except FileNotFoundError:
            raise OperationError(
                "the Pulumi CLI is not on PATH: https://www.pulumi.com/docs/install/ says how to get it"
            ) from None
        except InvalidVersionError as error:
            raise OperationError(str(error)) from None
        try:
            self._found = Stack(self.name, self._workspace(self._project.folder))
        except StackNotFoundError:
            return False
        except CommandError as error:
            raise OperationError(f"{self.name}: {reason(error)}") from None
        return True

    def make(self) -> None:
        """Makes the stack, empty, in the backend; its key lands in the stack file. OperationError says why not."""
        # Its salt or key is written into the stack file, which the CLI looks for beside the project file.
        folder = self.stack.file.parent
        if not (folder / "Pulumi.yaml").exists():
            raise OperationError(
                f"the stack {self.name} is new, and {folder} has no Pulumi.yaml: it must have a copy, because "
                f"`pulumi stack init` writes the stack's key into a stack file beside it"
            )
        try:
            self._workspace(folder).create_stack(self.name)
        except CommandError as error:
            raise OperationError(f"the stack {self.name} cannot be made: {reason(error)}") from None

    def preview(self, plan: Path | None = None, digest: Path | None = None) -> None:
        """What would change is in `progress`. plan, digest: where the engine's plan and its JSON are written."""
        self._begin("previewing")
        for file in (plan, digest):
            if file:  # The CLI keeps the mode of a file that is there.
                file.unlink(missing_ok=True)
                file.touch(mode=0o600)
        try:
            done = self._stack.preview(
                json=digest is not None,
                plan=str(plan.resolve()) if plan else None,
                config_file=str(self.stack.file.resolve()),
                policy_packs=self._policies(),
                on_event=self.progress.see,
            )
        except CommandError as error:
            for file in (plan, digest):
                if file:
                    file.unlink()
            self._fail(error, "preview failed")
            return
        if digest:
            digest.write_text(json.dumps(json.loads(done.stdout), indent=1))
        self._finish("previewed")

    def up(self, plan: Path | None = None) -> None:
        """Brings the stack up; by a plan, the engine refuses whatever that does not have."""
        total = len(self.progress.seen) or None
        self._begin("updating")
        self.progress.total = total
        try:
            self._stack.up(
                plan=str(plan.resolve()) if plan else None,
                config_file=str(self.stack.file.resolve()),
                policy_packs=self._policies(),
                suppress_outputs=True,
                on_event=self.progress.see,
            )
        except CommandError as error:
            self._fail(error, "failed")
            return
        self._finish("up")

    def stop(self) -> None:
        """Asks the engine to end, once. To be called again and again until it has.

        Before its first event and after its last one the signal would kill it, and leave the stack locked.
        """
        self._asked = self._asked or time.monotonic()
        if self.working:
            self.state = "stopping"
        process = self._engine.process if self._engine else None
        listens = self.progress.begun or time.monotonic() - self._asked > SILENCE
        if process and self.working and listens and not self.progress.ended and not self._signalled:
            self._signalled = True
            process.send_signal(signal.SIGINT)

    @property
    def _stack(self) -> Stack:
        if self._found is None:
            raise RuntimeError("`find` comes first")
        return self._found

    def _workspace(self, folder: Path) -> Workspace:
        return Workspace(work_dir=str(folder), secrets_provider=self.secrets_provider, pulumi_command=self._engine)

    def _policies(self) -> list[str] | None:
        return [str(self._project.policies)] if self._project.policies else None

    def _begin(self, state: str) -> None:
        self.progress, self._begun, self.state = Progress(), time.monotonic(), state

    def _finish(self, state: str) -> None:
        self.tick()
        self.progress.running.clear()
        self.state = state

    def _fail(self, error: CommandError, failure: str) -> None:
        stopped = self._signalled
        self._finish("stopped" if stopped else failure)
        if not stopped and not self.progress.errors:
            self.progress.messages.append(Message("error", "", reason(error)))
        if isinstance(error, ConcurrentUpdateError):
            advice = f"if no other pulumi works on it, a killed one has left its lock: pulumi cancel -s {self.name}"
            self.progress.messages.append(Message("error", "", advice))
