"""The local platform as a user meets it. The tests run in this order: the last ones take the platform away."""

import json
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from local import edges, node, object_storage, platform, stacks
from local.paths import STATE
from tests.live.conftest import command

pytestmark = pytest.mark.live

#: What Grafana allows a query by default. A pod that dies may swallow packets, and Query then waits once for gRPC's
#: connect time-out, 20 s (measured), before it answers from the other copies.
CLIENT_SECONDS = 30
INGESTERS = "app.kubernetes.io/component=receive-ingester"


def kubectl(*arguments: str) -> str:
    return command("kubectl", *arguments).stdout


def get(kind: str, *arguments: str) -> list[dict]:
    return json.loads(kubectl("get", kind, "-o", "json", *arguments))["items"]


def query(url: str, promql: str, **parameters: str) -> dict:
    """One instant query; raises on anything but success. The whole answer, warnings included."""
    address = f"{url}/api/v1/query?{urllib.parse.urlencode({'query': promql, **parameters})}"
    with urllib.request.urlopen(address, timeout=CLIENT_SECONDS) as response:
        return json.load(response)


def up_series(answer: dict) -> dict[tuple[str, str], str]:
    return {
        (series["metric"]["region"], series["metric"]["cluster"]): series["value"][1]
        for series in answer["data"]["result"]
    }


def test_up_prints_every_edge_of_both_regions(platform_up, machine):
    rows = [line for line in platform_up.splitlines() if any(edge in line for _, edge in platform.EXPECTED)]

    for region, edge in platform.EXPECTED:
        assert any(region in row and f" {edge} " in row for row in rows), platform_up


def test_the_global_query_agrees_with_the_regional_ones(machine):
    regional = {}
    for region in stacks.REGIONS:
        found = up_series(query(platform.query_url(machine, region), platform.QUERY))
        assert {name for name, _ in found} == {region}, "a region shows its own edges and no others"
        regional |= found

    answer = query(platform.query_url(machine, "global"), platform.QUERY)

    assert up_series(answer) == regional == dict.fromkeys(platform.EXPECTED, "1")
    assert not answer.get("warnings")


def test_every_sample_is_stored_three_times_and_shown_once(machine):
    url = platform.query_url(machine, "apac")
    promql = 'count by (receive_replica) (up{job="edge", cluster="apac-1"})'

    replicas = query(url, promql, dedup="false")["data"]["result"]
    deduplicated = query(url, 'count(up{job="edge", cluster="apac-1"})')["data"]["result"]

    assert len({series["metric"]["receive_replica"] for series in replicas}) == 3
    assert [series["value"][1] for series in deduplicated] == ["1"]


def test_a_second_up_changes_nothing(machine):
    pods = {pod["metadata"]["uid"] for pod in get("pods", "--all-namespaces")}

    output = command("up").stdout

    assert {pod["metadata"]["uid"] for pod in get("pods", "--all-namespaces")} == pods
    assert " created" not in output
    assert " updated" not in output
    assert output.count(" unchanged") == len(stacks.STACKS)


@pytest.mark.parametrize("stack", stacks.STACKS)
def test_a_preview_of_an_unchanged_stack_shows_no_change(machine, stack):
    command("pulumi", "preview", "--stack", stack, "--expect-no-changes", "--non-interactive")


def test_a_deleted_service_is_seen_by_refresh_and_restored_by_up(machine):
    names = {service["metadata"]["name"] for service in get("services", "--namespace=apac")}
    victim = sorted(names)[0]
    kubectl("delete", "service", victim, "--namespace=apac")

    refreshed = command("pulumi", "refresh", "--stack", "apac", "--yes", "--non-interactive").stdout
    assert victim in refreshed
    assert "1 deleted" in refreshed

    restored = command("pulumi", "up", "--stack", "apac", "--yes", "--non-interactive").stdout
    assert "1 created" in restored
    assert {service["metadata"]["name"] for service in get("services", "--namespace=apac")} == names
    command("pulumi", "preview", "--stack", "apac", "--expect-no-changes", "--non-interactive")


@pytest.mark.parametrize("ordinal", [0, 1, 2])
def test_an_ingester_may_die_while_edges_write(machine, ordinal):
    """No query fails while the pod is away, and the minute around its death lacks no sample of any series."""
    url = platform.query_url(machine, "global")
    pod = sorted(pod["metadata"]["name"] for pod in get("pods", "--namespace=apac", f"--selector={INGESTERS}"))[ordinal]
    begin = time.time()
    time.sleep(10)
    kubectl("delete", "pod", pod, "--namespace=apac", "--grace-period=0", "--force")
    asked = 0
    while time.time() < begin + 60:
        answer = query(url, platform.QUERY)
        assert set(up_series(answer)) == platform.EXPECTED, f"after {asked} queries: {answer}"
        asked += 1
        time.sleep(0.5)
    end = time.time()
    time.sleep(2 * edges.SCRAPE_INTERVAL_SECONDS)  # what was scraped before the end has then been written

    assert asked > 30, "the queries have to be frequent to mean something"
    for edge in edges.EDGES["apac"]:
        promql = f'{{cluster="{edge}", job="edge"}}[{int(end - begin)}s]'
        series = query(url, promql, time=str(end))["data"]["result"]
        assert len(series) > 100
        for one in series:
            times = [at for at, _ in one["values"]]
            gaps = [after - before for before, after in zip([begin, *times], [*times, end], strict=True)]
            assert max(gaps) < 1.5 * edges.SCRAPE_INTERVAL_SECONDS, f"a sample is missing: {one['metric']} at {times}"
    kubectl("wait", "pod", pod, "--namespace=apac", "--for=condition=Ready", "--timeout=120s")


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
