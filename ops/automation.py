"""Pulumi's Automation API as this program needs it.

It differs in four things from the API's own ways. The CLI runs in a process group of its own, so that a Ctrl-C reaches
it from here and once: a second one would make it drop what it is doing. The stack that the user has selected stays
selected. `up` asks for no outputs. And an error tells what the CLI has said to people, never what it has printed.
"""

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime

from pulumi import automation
from pulumi.automation import CommandError, CommandResult, LocalWorkspace, OnOutput, PulumiCommand
from pulumi.automation._stack import StackInitMode
from pulumi.automation.errors import create_command_error


class Engine(PulumiCommand):
    """The CLI; one command at a time."""

    process: subprocess.Popen[str] | None = None

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """As the base class has it: CommandError if the command fails."""
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        with subprocess.Popen(
            [self.command, "--non-interactive", *args],
            cwd=cwd, env=environment, text=True, process_group=0,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            self.process = process
            try:
                out, err = process.communicate()
            finally:
                self.process = None
        for text, tell in ((out, on_output), (err, on_error)):
            if tell:
                for line in text.splitlines():
                    tell(line)
        if code := process.returncode:
            # Errors are shown, and standard output may have secrets in clear.
            said = err.strip() or f"pulumi {args[0]} ended with {code} and gave no reason"
            raise create_command_error(CommandResult("", said, code))
        return CommandResult(out, err, code)


class Workspace(LocalWorkspace):
    """A checkout whose selected stack is nobody's business."""

    def select_stack(self, stack_name: str) -> None:
        """StackNotFoundError if the backend has no such stack."""
        self.pulumi_command.run(["stack", "--stack", stack_name], self.work_dir, self.env_vars)

    def create_stack(self, stack_name: str) -> None:
        provider = ["--secrets-provider", self.secrets_provider] if self.secrets_provider else []
        arguments = ["stack", "init", stack_name, "--no-select", *provider]
        self.pulumi_command.run(arguments, self.work_dir, self.env_vars)


class Stack(automation.Stack):
    """One whose `up` ends with the CLI's.

    The API's goes on and asks for the outputs, secrets in clear, and for the history. Nobody here reads them, and a
    stack that is up would count as failed if one of these questions failed.
    """

    def __init__(self, name: str, workspace: Workspace) -> None:
        """StackNotFoundError if the backend has no such stack."""
        super().__init__(name, workspace, StackInitMode.SELECT)

    def outputs(self) -> automation.OutputMap:
        return {}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:
        return automation.UpdateSummary("update", datetime.now(UTC), "", {}, {}, "succeeded")


def reason(error: CommandError) -> str:
    """What the CLI has said on standard error. The API keeps it only in the exception's text."""
    return str(error).partition("\n stderr: ")[2]
