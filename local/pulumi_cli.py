"""The environment in which the Pulumi CLI runs: a backend, a passphrase and plugins of its own."""

import os
from pathlib import Path

from local import plugins_home
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
