"""Previews by the real engine with the stand-in plugins: of a region with so many edges, and of an empty program."""

import re
import resource
import subprocess
import time
from pathlib import Path

import yaml

from local import preview, pulumi_cli
from local.paths import ROOT

STACK = "apac"
GENERATORS = ("applicationSet", "applications")
#: The sizes of the production stack file have to hold all of them.
SERIES = 1000
#: Starts what a region starts, and makes nothing: the SDKs are read, and a provider of each runs.
EMPTY = """
import pulumi_aws, pulumi_kubernetes, pulumi_random

pulumi_aws.Provider("aws", region="ap-southeast-1")
pulumi_kubernetes.Provider("kubernetes", context="none")
pulumi_random.Provider("random")
"""


class PreviewError(Exception):
    """A preview failed; the message has what it said."""


class Project:
    """A program and its stack file, with a backend of their own in `folder`. No cluster, credentials or state."""

    def __init__(self, folder: Path, program: Path, document: dict):
        self._program, self._file = program, folder / f"Pulumi.{STACK}.yaml"
        (folder / "backend").mkdir(parents=True)
        (folder / "passphrase").write_text("bench")
        self._environment = pulumi_cli.environment(
            backend=folder / "backend", passphrase_file=folder / "passphrase", official_plugins=False
        )
        self._environment["KUBECONFIG"] = str(folder / "no-kubeconfig")
        # A new stack's encryption salt is written beside the project file.
        (folder / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
        self._file.write_text(yaml.safe_dump(document))
        self._pulumi(folder, "stack", "init", STACK)

    def preview(self) -> tuple[float, float, int]:
        """How many seconds and CPU seconds it takes, and how many resources would be created."""
        begun, before = time.monotonic(), _cpu_seconds()
        said = self._pulumi(self._program, "preview", f"--stack={STACK}", f"--config-file={self._file}")
        seconds, cpu_seconds = time.monotonic() - begun, _cpu_seconds() - before
        found = re.search(r"\+ (\d+) to create", said)
        if not found:
            raise PreviewError(f"the preview does not say how much it would create:\n{said}")
        return seconds, cpu_seconds, int(found[1])

    def _pulumi(self, cwd: Path, *arguments: str) -> str:
        command = ["pulumi", *arguments, "--non-interactive"]
        done = subprocess.run(command, cwd=cwd, env=self._environment, capture_output=True, text=True)
        if done.returncode:
            raise PreviewError(f"`{' '.join(command)}` failed:\n{done.stdout}{done.stderr}")
        return done.stdout


def _cpu_seconds() -> float:
    """Of all processes that have been started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def region(folder: Path, generator: str, edges: int) -> Project:
    """The production stack file with so many edges in the place of its own."""
    document = yaml.safe_load((ROOT / f"Pulumi.{STACK}.yaml").read_text())
    config = document["config"]
    config["observability:edges"] = [{"name": f"edge-{number}", "series": SERIES} for number in range(edges)]
    config["observability:fleet"] = {"argoCd": {"generator": generator}}
    preview.offline(config)
    return Project(folder, ROOT, document)


def empty(folder: Path) -> Project:
    """A program that starts all that a region starts, and makes nothing."""
    program = folder / "program"
    program.mkdir(parents=True)
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    project["runtime"]["options"]["virtualenv"] = str(ROOT / ".venv")
    (program / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    (program / "__main__.py").write_text(EMPTY)
    return Project(folder, program, {"config": {}})
