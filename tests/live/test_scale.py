"""Receivers are added and taken away while edges write: no write fails, no sample is lost, no query lacks an edge."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

from local import edges, node, object_storage, platform, stacks
from local.paths import ROOT
from tests.live.cluster import gaps, get, metric, pods, query
from tests.live.conftest import command

pytestmark = pytest.mark.live

REGION = "apac"
EDGES = ("apac-1", "apac-2")
FAILED = "prometheus_remote_storage_samples_failed_total"
#: By reason, and so not there before the first.
DROPPED = "prometheus_remote_storage_samples_dropped_total"
#: What the edge's filter leaves out is not lost.
FILTERED = 'reason="dropped_series"'
STORED = "prometheus_tsdb_head_samples_appended_total"
ALL = ("ingester-0", "ingester-1", "ingester-2", "ingester-3", "ingester-4")


def total(address: str, name: str, *, always_there: bool = True, without: str | None = None) -> float:
    """The sum of all series of a metric of the process at host:port, but of those whose labels contain a text."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as response:
        lines = response.read().decode().splitlines()
    there = any(line.startswith(f"# TYPE {name} ") for line in lines)
    assert there or not always_there, f"{address} has no metric {name}"
    found = [line for line in lines if line.startswith((f"{name}{{", f"{name} "))]
    return sum(float(line.rsplit(" ", 1)[1]) for line in found if not without or without not in line)


def failed_at_the_edges(machine: node.Node) -> dict[str, float]:
    """Samples that each edge gave up."""
    addresses = {edge: f"{machine.address}:{port}" for port, edge in enumerate(EDGES, edges.FIRST_PORT)}
    return {
        edge: total(address, FAILED) + total(address, DROPPED, always_there=False, without=FILTERED)
        for edge, address in addresses.items()
    }


class Watching(threading.Thread):
    """Somebody who asks for the region's edges all the time, and counts what single ingesters store."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.asked, self.wrong, self.done = url, 0, [], threading.Event()
        self.addresses: dict[str, str] = {}
        self.stored: dict[str, float] = {}

    def run(self) -> None:
        while not self.done.wait(1):
            asked = time.time()
            try:
                answer = query(self.url, 'up{job="edge"}')
                if {series["metric"]["cluster"] for series in answer["data"]["result"]} != set(EDGES):
                    self.wrong.append(answer)
            except Exception as error:
                self.wrong.append(f"asked at {asked:.0f}, after {time.time() - asked:.1f} s: {error!r}")
            self.asked += 1
            for pod, address in self.addresses.items():
                with contextlib.suppress(OSError):  # it restarts
                    self.stored[pod] = max(self.stored.get(pod, 0), total(address, STORED))


def interrupted_at(words: str, *arguments: str) -> tuple[int, str]:
    """Presses Ctrl-C once the command has printed these words; its exit code and output."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "local", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    output = ""
    for line in process.stdout:
        output += line
        if f"] {words}" in line:
            os.killpg(process.pid, signal.SIGINT)
            break
    output += process.stdout.read()
    return process.wait(), output


@pytest.fixture(scope="module")
def scaled(machine) -> tuple[float, float, Watching]:
    """3 to 5 receivers, with an interruption, and back to 3. Begin, end, and who asked meanwhile."""
    assert set(failed_at_the_edges(machine).values()) == {0}
    watching = Watching(platform.query_url(machine, REGION))
    watching.start()
    begin = time.time()
    time.sleep(10)

    code, output = interrupted_at("wait until every router has loaded the ring", "scale-receive", REGION, "5", "--yes")
    assert code == 128 + signal.SIGINT, output
    assert "nothing is lost: the same command goes on" in output
    assert "Traceback" not in output
    command("scale-receive", REGION, "5", "--yes")
    five = pods(REGION, "receive-ingester")
    assert [name.partition("receive-")[2] for name in five] == list(ALL)
    time.sleep(3 * edges.SCRAPE_INTERVAL_SECONDS)
    assert all(metric(REGION, pod, "prometheus_tsdb_head_series") > 100 for pod in five), "all share the series"

    addresses = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in get("pods", f"--namespace={REGION}")}
    watching.addresses = {pod: f"{addresses[pod]}:10902" for pod in five[3:]}

    output = command("scale-receive", REGION, "3", "--yes").stdout
    assert "make blocks of all that apac-receive-ingester-4 holds" in output
    time.sleep(10)
    end = time.time()
    watching.done.set()
    watching.join()
    time.sleep(2 * edges.SCRAPE_INTERVAL_SECONDS)  # what was scraped before the end has then been written
    return begin, end, watching


def test_three_receivers_are_left_and_nothing_is_left_to_apply(machine, scaled):
    assert [name.partition("receive-")[2] for name in pods(REGION, "receive-ingester")] == list(ALL[:3])
    command("pulumi", "preview", "--stack", REGION, "--expect-no-changes", "--non-interactive")


def test_no_write_failed_and_no_query_lacked_an_edge(machine, scaled):
    _, _, watching = scaled
    assert set(failed_at_the_edges(machine).values()) == {0}
    assert watching.wrong == []
    assert watching.asked > 60


@pytest.mark.parametrize("edge", EDGES)
def test_every_sample_of_the_whole_time_is_there(machine, scaled, edge):
    begin, end, _ = scaled
    assert gaps(platform.query_url(machine, REGION), f'{{cluster="{edge}", job="edge"}}', begin, end) == []


@pytest.mark.parametrize("ordinal", [3, 4])
def test_all_that_a_receiver_had_stored_is_in_the_bucket_when_it_has_left(machine, scaled, ordinal):
    begin, end, watching = scaled
    pod = f"apac-receive-{ALL[ordinal]}"
    bucket = stacks.outputs(machine, REGION)["region"]["metrics_bucket"]
    blocks = [
        meta
        for meta in object_storage.block_metas(machine, bucket)
        if meta["thanos"]["labels"].get("receive_replica") == pod and meta["maxTime"] > begin * 1000
    ]

    assert watching.stored[pod] > 1000
    assert sum(meta["stats"]["numSamples"] for meta in blocks) == watching.stored[pod]
    promql = f'{{job="edge", receive_replica="{pod}"}}[{int(end - begin)}s]'
    answered = query(platform.query_url(machine, REGION), promql, time=str(end), dedup="false")["data"]["result"]
    assert len(answered) > 100
    # Not without holes: while routers load another ring one after the other, a series goes to its old ingesters and to
    # its new ones in turn. That no sample is missing of all copies is another test.
