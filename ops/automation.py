"""Pulumi's Automation API as this program needs it.

It differs in three things from the API's own ways. The CLI runs in a process group of its own, so that a Ctrl-C reaches
it from here and once: a second one would make it drop what it is doing. The stack that the user has selected stays
selected. And `reason` gets at what the CLI has said.
"""

import os
import subprocess
from collections.abc import Mapping

from pulumi.automation import CommandError, CommandResult, LocalWorkspace, OnOutput, PulumiCommand
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
        result = CommandResult(out, err, process.returncode)
        if result.code:
            raise create_command_error(result)
        return result


class Workspace(LocalWorkspace):
    """A checkout whose selected stack is nobody's business."""

    def select_stack(self, stack_name: str) -> None:
        """StackNotFoundError if the backend has no such stack."""
        self.pulumi_command.run(["stack", "--stack", stack_name], self.work_dir, self.env_vars)

    def create_stack(self, stack_name: str) -> None:
        provider = ["--secrets-provider", self.secrets_provider] if self.secrets_provider else []
        arguments = ["stack", "init", stack_name, "--no-select", *provider]
        self.pulumi_command.run(arguments, self.work_dir, self.env_vars)


def reason(error: CommandError) -> str:
    """What the CLI has said on standard error. The API keeps it only in the exception's text."""
    return str(error).partition("\n stderr: ")[2].strip() or str(error)
