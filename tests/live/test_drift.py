"""Somebody changes the running platform by hand: it is found, told, and repaired."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from local import node, object_storage, stacks
from local.paths import ROOT
from tests.live.cluster import get, kubectl
from tests.live.conftest import command

pytestmark = pytest.mark.live

REGION = "apac"
DEPLOYMENT = f"{REGION}-query-frontend"
NAMESPACE = f"--namespace={REGION}"


def drift(*arguments: str) -> tuple[int, str]:
    """Exit code and output of `python -m local drift`; anything but drift or none of it is a failure."""
    full = [sys.executable, "-m", "local", "drift", REGION, *arguments]
    done = subprocess.run(full, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode in (0, 2), done.stdout + done.stderr
    return done.returncode, done.stdout


def replicas() -> int:
    (found,) = (item for item in get("deployments", NAMESPACE) if item["metadata"]["name"] == DEPLOYMENT)
    return found["spec"]["replicas"]


def policies() -> dict[str, dict]:
    return {item["metadata"]["name"]: item["spec"] for item in get("networkpolicies", NAMESPACE)}


@dataclass(frozen=True)
class Changed:
    """Before and after, and what the commands ended with and said."""

    policy: str
    bucket: str
    before: tuple
    first: tuple[int, str]
    found: tuple[int, str]
    replicas_found: int
    repaired: tuple[int, str]
    after: tuple
    last: tuple[int, str]


@pytest.fixture(scope="module")
def changed(machine: node.Node) -> Iterator[Changed]:
    s3, bucket = object_storage.client(machine), stacks.outputs(machine, REGION)["region"]["metrics_bucket"]

    def state() -> tuple:
        return replicas(), policies(), s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]

    try:
        first, before = drift(), state()
        policy = sorted(before[1])[0]
        kubectl("scale", "deployment", DEPLOYMENT, NAMESPACE, f"--replicas={before[0] + 1}")
        kubectl("label", "deployment", DEPLOYMENT, NAMESPACE, "team=sre")
        kubectl("delete", "networkpolicy", policy, NAMESPACE)
        s3.delete_bucket_lifecycle(Bucket=bucket)
        found, replicas_found = drift(), replicas()
        repaired = drift("--repair", "--yes")
        yield Changed(policy, bucket, before, first, found, replicas_found, repaired, state(), drift())
    finally:
        kubectl("label", "deployment", DEPLOYMENT, NAMESPACE, "team-")
        command("pulumi", "up", "--stack", REGION, "--refresh", "--yes", "--skip-preview", "--non-interactive")


def test_a_running_stack_is_in_sync_whatever_its_controllers_do(changed):
    assert changed.first[0] == 0, changed.first[1]
    assert f"{REGION}: in sync" in changed.first[1]


def test_what_was_changed_is_named_and_nothing_else(changed):
    code, shown = changed.found
    assert code == 2
    assert f"{REGION}: 3 resources drifted" in shown, shown
    assert f"Deployment {REGION}/{DEPLOYMENT} (apac / " in shown, shown
    assert f"spec.replicas: wanted {changed.before[0]}, found {changed.before[0] + 1}" in shown
    assert f"NetworkPolicy {REGION}/{changed.policy} " in shown
    assert f"BucketLifecycleConfiguration {changed.bucket} " in shown


def test_a_look_repairs_nothing(changed):
    assert changed.replicas_found == changed.before[0] + 1


def test_a_repair_brings_back_what_was_there_and_then_all_is_in_sync(changed):
    code, shown = changed.repaired
    assert code == 0, shown
    assert f"{REGION}: in sync, 3 resources repaired" in shown
    assert changed.after == changed.before
    assert changed.last[0] == 0, changed.last[1]
