"""The Pulumi CLI: an environment with a backend, a passphrase and plugins of its own, and one operation that may be
interrupted."""

import os
import subprocess
from pathlib import Path

from local import plugins_home, progress
from local.paths import ROOT
from local.tools import search_path


def environment(*, backend: Path, passphrase_file: Path, official_plugins: bool) -> dict[str, str]:
    variables = {
        **os.environ,
        "PATH": search_path(),
        "PULUMI_BACKEND_URL": backend.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase_file),
        "PULUMI_HOME": str(plugins_home.prepare(official=official_plugins)),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    variables.pop("PULUMI_CONFIG_PASSPHRASE", None)
    return variables


def operate(command: list[str], variables: dict[str, str] | None = None) -> int:
    """One operation on a stack, its output passed through; returns its exit code."""
    with subprocess.Popen(command, cwd=ROOT, env=variables, stdin=subprocess.DEVNULL) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # It has got the signal too. Killed now, it would leave objects that its state does not know.
            progress.say("waiting for pulumi to record what it has done", "yellow")
            process.wait()
            raise
