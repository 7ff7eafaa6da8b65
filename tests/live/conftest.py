import subprocess
import sys

import pytest

from local import node
from local.paths import ROOT


def command(*arguments: str, under: tuple[str, ...] = (), stdin: str = "") -> subprocess.CompletedProcess:
    """Runs `python -m local …` as a user would. under: a command line that runs it, e.g. with fewer rights."""
    full = [*under, sys.executable, "-m", "local", *arguments]
    done = subprocess.run(full, cwd=ROOT, capture_output=True, text=True, input=stdin)
    if done.returncode:
        raise AssertionError(f"`local {' '.join(arguments)}` ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


@pytest.fixture(scope="session")
def platform_up():
    """The output of `local up`. In the end the platform is as it was: made anew if it ran before, else taken down."""
    was_running = node.current() is not None
    try:
        yield command("up").stdout
    finally:
        # Also where it did not come up: what half of it runs would be left behind.
        command("up" if was_running else "down")


@pytest.fixture(scope="session")
def machine(platform_up) -> node.Node:
    running = node.current()
    assert running is not None
    if not running.isolated:
        pytest.skip("this machine cannot run pods")
    return running
