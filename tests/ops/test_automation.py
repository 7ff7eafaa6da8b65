"""With a stand-in for the CLI."""

from pathlib import Path

import pytest
from pulumi.automation import CommandError

from ops.automation import Engine, reason


@pytest.fixture
def cli(tmp_path, monkeypatch) -> Path:
    """Answers as a supported version; what it does else is for the test to append."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    script = tmp_path / "pulumi"
    script.write_text('#!/bin/sh\n[ "$1" = version ] && exec echo v3.246.0\n')
    script.chmod(0o755)
    return script


@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("echo 'error: no such key' >&2; exit 255", "error: no such key"),
        ("exit 3", "pulumi up ended with 3 and gave no reason"),
        ("kill -9 $$", "pulumi up ended with -9 and gave no reason"),
    ],
)
def test_an_error_tells_what_the_cli_said_and_never_what_it_printed(does, told, cli, tmp_path):
    cli.write_text(f"{cli.read_text()}echo the-secret\n{does}\n")
    with pytest.raises(CommandError) as failed:
        Engine().run(["up"], str(tmp_path), {})
    assert reason(failed.value) == told
    assert "the-secret" not in str(failed.value)
