"""The hooks of a commit, run by the real pre-commit in a repository of its own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.engine import ROOT

CONFIG = ROOT / ".pre-commit-config.yaml"
PRE_COMMIT = ROOT / ".venv" / "bin" / "pre-commit"
SOUND = 'NAME = "sound"\n'


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Path:
    """An empty one with this project's configuration and tools, and a pre-commit that has never downloaded anything."""
    for variable in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "home"))
    # Whoever asks for the network is told at once that there is none.
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / ".venv").symlink_to(ROOT / ".venv")
    for name in (CONFIG.name, "pyproject.toml"):
        (folder / name).write_text((ROOT / name).read_text())
    run(folder, "git", "init", "--quiet")
    run(folder, "git", "add", CONFIG.name, "pyproject.toml")
    return folder


def run(folder: Path, *command: object) -> subprocess.CompletedProcess:
    return subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, timeout=60)


def commit(folder: Path, name: str, text: str) -> tuple[int, str]:
    """What the hooks say of a file that is added: exit status and text."""
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    run(folder, "git", "add", name)
    done = run(folder, PRE_COMMIT, "run", "--color=never")
    return done.returncode, done.stdout + done.stderr


def test_the_configuration_is_one_that_pre_commit_understands(tmp_path):
    done = run(tmp_path, PRE_COMMIT, "validate-config", CONFIG)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_sound_file_passes_without_a_network(repository):
    status, said = commit(repository, "sound.py", SOUND)
    assert status == 0, said


@pytest.mark.parametrize(
    ("name", "text", "hook"),
    [
        ("format.py", "NAME   = 'x'\n", "ruff format"),
        ("lint.py", "import os\n", "ruff check"),
        ("render/engine.py", "import pulumi\n\nprint(pulumi)\n", "ruff check"),
        ("page.md", "trailing \n", "no trailing spaces"),
        ("page.md", "<<<<<<< mine\nA\n=======\nB\n>>>>>>> theirs\n", "no trailing spaces"),
    ],
)
def test_what_a_review_would_send_back_is_refused_by_the_hook_for_it(repository, name, text, hook):
    status, said = commit(repository, name, text)
    assert status == 1
    assert [line for line in said.splitlines() if line.startswith(hook) and line.endswith("Failed")], said


def test_dashboards_that_differ_from_their_code_are_written_and_refused(repository):
    for name in ("dashboards", "planner", "render"):
        shutil.copytree(ROOT / name, repository / name)
    path = repository / "dashboards" / "json" / "tempo.json"
    before = path.read_text()

    status, said = commit(repository, "dashboards/json/tempo.json", before.replace("Tempo", "Another", 1))

    assert status == 1
    assert "dashboards are what their code makes" in said
    assert path.read_text() == before
