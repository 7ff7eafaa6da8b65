"""Argo CD's own definitions of its objects, from its Go module."""

import json
import os
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import yaml
from kubernetes import client

#: The release against which our objects are checked.
MODULE = "github.com/argoproj/argo-cd/v3@v3.6.1"
#: With which its templates are rendered; see `go list -m` of that module.
TEMPLATE_LIBRARIES = ("github.com/Masterminds/sprig/v3@v3.3.0", "sigs.k8s.io/yaml@v1.6.0")


def go(*args: str, folder: Path | str, text: str = "") -> str:
    """Runs Go, which keeps what it gets and what it builds."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
    done = subprocess.run(["go", *args], cwd=folder, env=environment, input=text, capture_output=True, text=True)
    assert done.returncode == 0, f"`go {' '.join(args)}` failed: {done.stderr}{done.stdout}"
    return done.stdout


@cache
def definitions() -> list[dict]:
    """The CustomResourceDefinitions of Application and ApplicationSet."""
    with tempfile.TemporaryDirectory() as folder:
        module = Path(json.loads(go("mod", "download", "-json", MODULE, folder=folder))["Dir"])
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [
        yaml.load((module / "manifests" / "crds" / f"{kind}-crd.yaml").read_text(), Loader=loader)
        for kind in ("application", "applicationset")
    ]


def install(api: client.ApiClient) -> None:
    """Makes the kinds known to an API server, if they are not."""
    extensions = client.ApiextensionsV1Api(api)
    names = {definition["metadata"]["name"]: definition for definition in definitions()}
    there = {found.metadata.name for found in extensions.list_custom_resource_definition().items}
    for name in set(names) - there:
        extensions.create_custom_resource_definition(names[name])
    deadline = time.monotonic() + 30
    for name in names:
        while not _established(extensions.read_custom_resource_definition(name)):
            assert time.monotonic() < deadline, f"{name} is not served"
            time.sleep(0.2)


def _established(definition: client.V1CustomResourceDefinition) -> bool:
    conditions = definition.status.conditions or []
    return any(condition.type == "Established" and condition.status == "True" for condition in conditions)
