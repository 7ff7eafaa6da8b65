"""The policy pack, started by the engine without a language host.

The host that can be built here (v3.79) cannot run plugins for a newer engine. A pack whose runtime is no language is
started as `pulumi-analyzer-policy-RUNTIME` from PATH instead (sdk/go/common/resource/plugin/analyzer_plugin.go,
NewPolicyAnalyzer). So this writes a pack that has nothing but such a runtime, and the program that runs the real one.
"""

import os
import shlex
import sys
from pathlib import Path

from local.paths import ROOT

_RUNTIME = "observability"


def prepare(folder: Path, environment: dict[str, str]) -> Path:
    """What goes behind `--policy-pack`; `environment` gets the program on its PATH."""
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text(f"runtime: {_RUNTIME}\n")
    launcher = folder / f"pulumi-analyzer-policy-{_RUNTIME}"
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(ROOT / 'policy'))}"
    launcher.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    launcher.chmod(0o755)
    environment["PATH"] = os.pathsep.join([str(folder), environment["PATH"]])
    return folder
