"""The end of the local platform. The file's name puts it last: these tests take the platform away."""

import subprocess
import time
from pathlib import Path

import pytest

from local import node, object_storage, stacks
from local.paths import STATE
from tests.live.cluster import get
from tests.live.conftest import command

pytestmark = pytest.mark.live


def test_destroy_leaves_no_object_and_no_bucket(machine):
    for stack in reversed(stacks.STACKS):
        command("pulumi", "destroy", "--stack", stack, "--yes", "--non-interactive")

    assert object_storage.buckets(machine) == []
    namespaces = {item["metadata"]["name"] for item in get("namespaces")}
    assert namespaces == {"default", "kube-node-lease", "kube-public", "kube-system"}
    deadline = time.monotonic() + 30  # the provisioner removes released volumes within seconds
    while (left := get("persistentvolumes")) and time.monotonic() < deadline:
        time.sleep(1)
    assert left == []


def test_down_leaves_nothing_behind(machine):
    command("down")

    assert node.current() is None
    assert not STATE.exists()
    links = subprocess.run(["ip", "link"], capture_output=True, text=True).stdout
    assert node.LINK not in links
    mounts = Path("/proc/mounts").read_text()
    assert str(STATE) not in mounts
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True).stdout
    assert "KUBE" not in rules
    assert "CNI" not in rules
    processes = subprocess.run(["ps", "-eo", "stat=,args="], capture_output=True, text=True).stdout.splitlines()
    # A process that has ended and waits to be reaped by the machine's own init is not running.
    assert not [line for line in processes if str(STATE) in line and not line.startswith("Z")]


def test_a_machine_that_may_not_make_namespaces_gets_the_stacks_without_pods(machine):
    output = command("up", under=("setpriv", "--bounding-set=-sys_admin")).stdout

    assert "This machine lacks network, mount, process, IPC and host name namespaces (CAP_SYS_ADMIN)" in output
    assert "Up without pods" in output
    assert {item["metadata"]["namespace"] for item in get("statefulsets", "--all-namespaces")} == set(stacks.REGIONS)
    running = node.current()
    assert running is not None
    assert len(object_storage.buckets(running)) == len(stacks.REGIONS)

    command("down")
    assert node.current() is None
    assert not running.running("etcd")
