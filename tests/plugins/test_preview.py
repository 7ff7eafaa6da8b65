"""The production stack files, previewed as a pull request from a fork does it."""

import pytest

from local import preview
from local.paths import ROOT

pytestmark = pytest.mark.plugins


@pytest.mark.parametrize("stack", preview.STACKS)
def test_a_production_stack_is_previewed_without_cluster_credentials_or_state(stack, capfd):
    before = (ROOT / f"Pulumi.{stack}.yaml").read_text()

    code = preview.preview(stack, official_plugins=False)

    output = capfd.readouterr().out
    assert code == 0, output
    assert "to create" in output
    said = output.partition("Diagnostics:")[2].count("not validated by a dry run")
    assert said == 1, f"it is to be said once: {output}"
    assert (ROOT / f"Pulumi.{stack}.yaml").read_text() == before
