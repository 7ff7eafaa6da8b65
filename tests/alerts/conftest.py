import shutil
from pathlib import Path

import pytest

from render import alerts
from tests.engine import ROOT


@pytest.fixture(scope="session")
def rendered(tmp_path_factory) -> Path:
    """The rules as they are deployed, in the folders prometheus and ruler, beside their unit tests."""
    folder = tmp_path_factory.mktemp("alerts")
    for name in ("prometheus", "ruler"):
        (folder / name).mkdir()
        for file, text in alerts.load(ROOT / "alerts" / name, "https://runbooks.example.com/observability").items():
            (folder / name / file).write_text(text)
    shutil.copytree(ROOT / "alerts" / "tests", folder / "tests")
    return folder
