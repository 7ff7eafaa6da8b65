"""Runs the three stacks on the local platform: same program, same stack names, stack files of its own."""

import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

from kubernetes import client, config

from local import control_plane, network, object_storage, progress, pulumi_cli
from local.node import Node
from local.paths import ROOT, STATE

REGIONS = ("apac", "eu")
#: In the order of dependence.
STACKS = (*REGIONS, "global")
BACKEND = STATE / "pulumi"
PROJECT = STATE / "project"
#: Stands in the stack files for the identity of the cluster that comes up.
CLUSTER_ID = "00000000-0000-0000-0000-000000000000"
_PASSPHRASE = STATE / "passphrase"


class StackError(Exception):
    """A Pulumi command failed; it has printed why."""


def environment(node: Node) -> dict[str, str]:
    """Variables for a Pulumi CLI that knows this platform only: its backend, its cluster, its plugins."""
    if not _PASSPHRASE.exists():
        _PASSPHRASE.touch(mode=0o600)
        _PASSPHRASE.write_text(secrets.token_urlsafe())
    BACKEND.mkdir(exist_ok=True)
    variables = {
        **pulumi_cli.environment(backend=BACKEND, passphrase_file=_PASSPHRASE, official_plugins=node.isolated),
        "KUBECONFIG": str(control_plane.KUBECONFIG),
    }
    if not node.isolated:
        variables["PULUMI_K8S_STAND_IN_AWAIT"] = "false"  # without a kubelet nothing becomes ready
    return variables


def up(node: Node, parts: Collection[str]) -> None:
    """What `make deploy` does, for this platform: the regions side by side, then the global stack.

    `parts`: what new stacks have beyond their stack file (`images`).
    """
    with progress.step("preparing the stacks"):
        for stack in STACKS:
            prepare(node, stack, parts)
    with progress.step(f"pulumi up: {', '.join(STACKS)}", speaks=True):
        command = [sys.executable, "-m", "ops.deploy", f"--config-dir={PROJECT}", "--yes", "--skip-preview"]
        if pulumi_cli.operate(command, environment(node)):
            raise StackError("the stacks did not all come up: the reasons stand above. `make up` goes on")


def prepare(node: Node, stack: str, parts: Collection[str]) -> None:
    """Makes the stack and its working copy of the stack file, with what only this run knows.

    A new stack's encryption salt is written beside the project file, so that is a copy too: the checkout stays clean.
    """
    if (PROJECT / f"{stack}.ready").exists():
        return
    PROJECT.mkdir(exist_ok=True)
    shutil.copy(ROOT / "Pulumi.yaml", PROJECT)
    text = (ROOT / "local" / f"Pulumi.{stack}.yaml").read_text()
    for part in parts:
        text = text.replace(f"observability:{part}:\n    enabled: false", f"observability:{part}:\n    enabled: true")
    text = text.replace(network.NODE, node.address).replace(CLUSTER_ID, _cluster_id())
    config_file(stack).write_text(text)
    _run(node, "stack", "select", "--create", f"--stack={stack}", cwd=PROJECT)
    if stack in REGIONS:
        keys = {"objectStoreAccessKey": object_storage.ACCESS_KEY, "objectStoreSecretKey": object_storage.SECRET_KEY}
        for key, value in keys.items():
            _run(node, "config", "set", "--secret", key, f"--stack={stack}", cwd=PROJECT, stdin=value)
    (PROJECT / f"{stack}.ready").touch()


def _cluster_id() -> str:
    """The UID of the cluster's namespace kube-system."""
    api = client.CoreV1Api(config.new_client_from_config(str(control_plane.KUBECONFIG)))
    return api.read_namespace("kube-system").metadata.uid


def config_file(stack: str) -> Path:
    return PROJECT / f"Pulumi.{stack}.yaml"


def outputs(node: Node, stack: str, *, secrets: bool = False) -> dict:
    """What the stack exports; secrets in clear if asked for."""
    shown = ["--show-secrets"] if secrets else []
    return json.loads(_run(node, "stack", "output", "--json", *shown, f"--stack={stack}"))


def _run(node: Node, *arguments: str, cwd: Path = ROOT, stdin: str = "") -> str:
    done = subprocess.run(
        ["pulumi", *arguments, "--non-interactive"],
        cwd=cwd, env=environment(node), input=stdin, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise StackError(f"`pulumi {' '.join(arguments[:2])}` failed: {done.stderr.strip()}")
    return done.stdout
