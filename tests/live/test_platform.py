"""The local platform as a user meets it."""

import json
import subprocess
import time

import pytest
import yaml

from local import edges, platform, stacks
from local.paths import ROOT
from tests.live.cluster import gaps, get, kubectl, pods, query, until
from tests.live.conftest import command

pytestmark = pytest.mark.live

INGESTERS = "app.kubernetes.io/component=receive-ingester"


def up_series(answer: dict) -> dict[tuple[str, str], str]:
    return {
        (series["metric"]["region"], series["metric"]["cluster"]): series["value"][1]
        for series in answer["data"]["result"]
    }


def test_up_prints_every_edge_of_both_regions(platform_up, machine):
    rows = [line for line in platform_up.splitlines() if any(edge in line for _, edge in edges.expected())]

    for region, edge in edges.expected():
        assert any(region in row and f" {edge} " in row for row in rows), platform_up


def test_the_global_query_agrees_with_the_regional_ones(machine):
    regional = {}
    for region in stacks.REGIONS:
        found = up_series(query(platform.query_url(machine, region), platform.QUERY))
        assert {name for name, _ in found} == {region}, "a region shows its own edges and no others"
        regional |= found

    answer = query(platform.query_url(machine, "global"), platform.QUERY)

    assert up_series(answer) == regional == dict.fromkeys(edges.expected(), "1")
    assert not answer.get("warnings")


def test_every_sample_is_stored_three_times_and_shown_once(machine):
    url = platform.query_url(machine, "apac")
    promql = 'count by (receive_replica) (up{job="edge", cluster="apac-1"})'

    replicas = query(url, promql, dedup="false")["data"]["result"]
    deduplicated = query(url, 'count(up{job="edge", cluster="apac-1"})')["data"]["result"]

    assert len({series["metric"]["receive_replica"] for series in replicas}) == 3
    assert [series["value"][1] for series in deduplicated] == ["1"]


@pytest.mark.parametrize("namespace", stacks.STACKS)
def test_a_namespace_refuses_pods_that_are_not_restricted(machine, namespace):
    container = {"name": "a", "image": "a", "securityContext": {"privileged": True}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [container]}}
    with pytest.raises(AssertionError, match=r'violates PodSecurity "restricted:v1\.34"'):
        kubectl("create", f"--namespace={namespace}", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))


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


def test_a_stack_file_for_another_cluster_changes_nothing(machine, tmp_path):
    """The running stack with its file, in which the cluster's identity is another one."""
    wanted = yaml.safe_load(stacks.config_file("eu").read_text())
    right = wanted["config"]["observability:clusterId"]
    wanted["config"]["observability:clusterId"] = "deadbeef-0000-4000-8000-000000000000"
    wrong = tmp_path / "Pulumi.eu.yaml"
    wrong.write_text(yaml.safe_dump(wanted))

    def versions() -> set[tuple[str, str, str]]:
        # Statuses change by themselves, and so do the versions of what has one; these have none.
        found = [
            (item["kind"], item["metadata"]["name"], item["metadata"]["resourceVersion"])
            for kind in ("configmaps", "secrets", "services", "serviceaccounts", "networkpolicies")
            for item in get(kind, "--namespace=eu")
        ]
        generations = [
            (item["kind"], item["metadata"]["name"], str(item["metadata"]["generation"]))
            for item in get("statefulsets,deployments", "--namespace=eu")
        ]
        return {*found, *generations}

    before = versions()
    assert len(before) > 50

    for operation in (["preview"], ["up", "--yes", "--skip-preview"]):
        done = subprocess.run(
            ["pulumi", *operation, "--stack=eu", f"--config-file={wrong}", "--non-interactive"],
            cwd=ROOT,
            env=stacks.environment(machine),
            capture_output=True,
            text=True,
        )
        said = " ".join((done.stdout + done.stderr).split())
        assert done.returncode != 0, said
        assert f"has the UID {right}, and observability:clusterId is deadbeef-0000-4000-8000-000000000000" in said
        assert "Traceback" not in said

    assert versions() == before
    command("pulumi", "preview", "--stack", "eu", "--expect-no-changes", "--non-interactive")


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


def kill(pod: str) -> None:
    kubectl("delete", "pod", pod, "--namespace=apac", "--grace-period=0", "--force")


def drain(pod: str) -> None:
    """What a drain of its node does: the API asks the disruption budget, and the pod has its grace period."""
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": "apac"}}
    kubectl("create", "--raw", f"/api/v1/namespaces/apac/pods/{pod}/eviction", "-f", "-", stdin=json.dumps(eviction))


@pytest.mark.parametrize(
    ("leave", "ordinal"),
    [(kill, 0), (kill, 1), (drain, 2)],
    ids=["killed", "another killed", "drained"],
)
def test_an_ingester_may_go_while_edges_write(machine, leave, ordinal):
    """No query fails while the pod is away, and the minute around its end lacks no sample of any series."""
    url = platform.query_url(machine, "global")
    pod = pods("apac", "receive-ingester")[ordinal]
    (uid,) = (item["metadata"]["uid"] for item in get("pods", "--namespace=apac") if item["metadata"]["name"] == pod)
    begin = time.time()
    time.sleep(10)
    leave(pod)
    asked = 0
    while time.time() < begin + 60:
        answer = query(url, platform.QUERY)
        assert set(up_series(answer)) == edges.expected(), f"after {asked} queries: {answer}"
        asked += 1
        time.sleep(0.5)
    end = time.time()
    time.sleep(2 * edges.SCRAPE_INTERVAL_SECONDS)  # what was scraped before the end has then been written

    assert asked > 30, "the queries have to be frequent to mean something"
    for edge in ("apac-1", "apac-2"):
        assert gaps(url, f'{{cluster="{edge}", job="edge"}}', begin, end) == []
    kubectl("wait", "pod", pod, "--namespace=apac", "--for=condition=Ready", "--timeout=120s")
    renewed = {item["metadata"]["name"]: item["metadata"]["uid"] for item in get("pods", "--namespace=apac")}
    assert renewed[pod] != uid, "the pod was never gone"


def test_a_claim_grows_in_place(machine):
    """Twice the size for each ingester's volume, by one setting; no pod restarts."""
    before = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in get("pods", "--namespace=apac")}

    def sizes() -> set[str]:
        claims = get("persistentvolumeclaims", "--namespace=apac", f"--selector={INGESTERS}")
        return {claim["status"]["capacity"]["storage"] for claim in claims}

    def up(size: str) -> None:
        path = "observability:receive.storage"
        command("pulumi", "config", "set", "--path", path, size, "--stack", "apac")
        command("pulumi", "up", "--stack", "apac", "--yes", "--non-interactive")

    assert sizes() == {"1Gi"}
    up("2Gi")
    until(lambda: sizes() == {"2Gi"}, seconds=60)

    assert {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in get("pods", "--namespace=apac")} == before
    with pytest.raises(AssertionError, match="cannot shrink"):
        up("1Gi")
    command("pulumi", "config", "set", "--path", "observability:receive.storage", "2Gi", "--stack", "apac")
    command("pulumi", "preview", "--stack", "apac", "--expect-no-changes", "--non-interactive")
