"""Pulumi homes of the local platform: which provider plugins the engine finds.

The official plugins wherever `pulumi plugin install` can get them; elsewhere stand-ins of our own (`local/plugins/`),
put where the engine looks for the version that the SDK asks for. The user's own Pulumi home is not touched.
"""

import shlex
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from local import downloads, progress
from local.paths import CACHE, ROOT
from local.tools import PULUMI

NAMES = ("aws", "kubernetes", "random")


def prepare(*, official: bool) -> Path:
    """A Pulumi home with the three plugins. official: whether the official ones may be used where they can be had."""
    home = CACHE / ("pulumi-home" if official else "pulumi-home-stand-ins")
    missing = [name for name in NAMES if not _folder(home, name).exists()]
    reachable = official and bool(missing) and downloads.reachable()
    for name in missing:
        if not (reachable and _install(home, name)):
            _stand_in(home, name)
    return home


def _folder(home: Path, name: str) -> Path:
    return home / "plugins" / f"resource-{name}-v{version(f'pulumi-{name}')}"


def _install(home: Path, name: str) -> bool:
    command = [PULUMI.program("pulumi"), "plugin", "install", "resource", name, f"v{version(f'pulumi-{name}')}"]
    with progress.step(f"official plugin {name}"):
        done = subprocess.run(command, env={"PULUMI_HOME": str(home), "PATH": "/usr/bin:/bin"}, capture_output=True)
    return done.returncode == 0 and _folder(home, name).exists()


def _stand_in(home: Path, name: str) -> None:
    """The folder appears with all that is in it: another command may be looking for it."""
    folder = _folder(home, name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as place:
        made = Path(place) / folder.name
        made.mkdir()
        launcher = made / f"pulumi-resource-{name}"
        command = f"{shlex.quote(sys.executable)} -m local.plugins.{name}"
        launcher.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {command} "$@"\n')
        launcher.chmod(0o755)
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():
                raise
