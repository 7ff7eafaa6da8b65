"""The production stack files, previewed as a pull request from a fork does it."""

import subprocess
import sys

import pytest

from local import preview
from local.paths import ROOT

pytestmark = pytest.mark.plugins


@pytest.mark.parametrize("stack", preview.STACKS)
def test_a_production_stack_is_previewed_without_cluster_credentials_or_state(stack):
    before = (ROOT / f"Pulumi.{stack}.yaml").read_text()

    done = subprocess.run(
        [sys.executable, "-m", "local", "preview", stack], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "to create" in done.stdout
    diagnostics = done.stdout.partition("Diagnostics:")[2]
    assert diagnostics.count("not validated by a dry run") == 1, done.stdout
    assert (ROOT / f"Pulumi.{stack}.yaml").read_text() == before
