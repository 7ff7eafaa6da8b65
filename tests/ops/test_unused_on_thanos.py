"""What is unused, asked of the real programs: edges write through Receive, a Query Frontend logs what it is asked."""

import contextlib
import dataclasses
import datetime
import http.client
import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import re2
import yaml

import stack_file
from local import tools
from ops import stored, unused_metrics, unused_report, used
from ops.read_path import answer
from ops.unused_metrics import Choice
from planner import query_log
from render import agent, endpoints, hashring, receive_limits, thanos_flags
from tests.agents import AGENT
from tests.binaries import free_ports, running

pytestmark = pytest.mark.plugins

COPIES = 3
#: The ring has one port for all.
INGESTERS = [f"127.0.0.{number}" for number in range(1, COPIES + 1)]
HOST = "127.0.0.1"
WAIT_SECONDS = 60
SETTINGS = stack_file.parse(
    {
        "kind": "region",
        "clusterId": "unchecked",
        "region": "apac",
        "objectStore": {"bucketPrefix": "test", "oidcProviderArn": "arn:aws:iam::111111111111:oidc-provider/x"},
        "edges": [{"name": "apac-1", "scrapeInterval": "15s"}],
        "fleet": {"filters": {"trimmed": {"extends": "lean", "drop": ["old_.*"]}}},
    }
)


@dataclass
class Region:
    """Where Query and the Query Frontend are, and what the latter logs."""

    query: str
    frontend: str
    log: Path

    def ask(self, path: str, parameters: dict) -> dict:
        """As through a port-forward."""
        form = urllib.parse.urlencode(parameters)
        address = urllib.parse.urlsplit(self.query).netloc
        connection = http.client.HTTPConnection(address, timeout=30)
        if path == "/api/v1/query":
            connection.request("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded"})
        else:
            connection.request("GET", f"{path}?{form}")
        response = connection.getresponse()
        return answer(path, response.status, response.read().decode())

    def count(self, query: str) -> int:
        found = self.ask("/api/v1/query", {"query": f"count({query})"})["data"]["result"]
        return int(found[0]["value"][1]) if found else 0


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    tools.fetch([tools.THANOS, tools.PROMETHEUS])
    folder = tmp_path_factory.mktemp("unused")
    grpc, http_port, remote_write, *rest = free_ports(12)
    router_grpc, router_http, router_write, query_grpc, query_http, frontend, *agents = rest

    def write(name: str, text: str) -> str:
        (folder / name).write_text(text)
        return str(folder / name)

    members = [hashring.Endpoint(host) for host in INGESTERS]
    ring = hashring.document(members, replication_factor=COPIES, grpc_port=grpc, capnproto_port=1)
    limits = receive_limits.document(
        max_concurrency=0,
        request={"size_bytes": 0, "series": 0, "samples": 0},
        tenants={},
        head_series=0,
        meta_monitoring_url=None,
        replication_factor=COPIES,
    )
    bucket = write("bucket.yml", yaml.safe_dump({"type": "FILESYSTEM", "config": {"directory": str(folder)}}))
    cache = write("cache.yml", yaml.safe_dump({"type": "IN-MEMORY", "config": {"max_size": "10MB", "validity": "1h"}}))
    router = thanos_flags.receive_router(
        region="apac",
        hashring_file=write("ring.json", ring),
        limits_file=write("limits.yaml", limits),
        replication_factor=COPIES,
    )
    asked = write("endpoints.yaml", endpoints.document([], [f"{host}:{grpc}" for host in INGESTERS]))
    query_frontend = thanos_flags.query_frontend(
        downstream_url=f"http://{HOST}:{query_http}",
        tripper_file=write("tripper.yaml", "max_idle_conns_per_host: 100\n"),
        range_cache_file=cache,
        labels_cache_file=cache,
        min_split_interval="24h",
        max_split_interval="336h",
        cache_freshness="10m",
        log_queries_longer_than=SETTINGS.query_frontend.log_queries_longer_than,
    )

    def receive(host: str, flags: list[str], ports: tuple[int, int, int]) -> list[str]:
        names = ("--grpc-address", "--http-address", "--remote-write.address", "--receive.capnproto-address")
        addresses = [f"{name}={host}:{port}" for name, port in zip(names, (*ports, 0), strict=True)]
        return [*(flag.replace("$(POD_NAME)", host) for flag in flags), *addresses]

    thanos = {
        f"ingester-{host}": receive(
            host,
            thanos_flags.receive_ingester(
                region="apac", data_dir=f"{folder}/{host}", retention="3h", objstore_file=bucket
            ),
            (grpc, http_port, remote_write),
        )
        for host in INGESTERS
    }
    thanos["router"] = receive(HOST, router, (router_grpc, router_http, router_write))
    thanos["query"] = [
        *thanos_flags.query(endpoints_file=asked),
        f"--grpc-address={HOST}:{query_grpc}",
        f"--http-address={HOST}:{query_http}",
    ]
    thanos["query-frontend"] = [*query_frontend, f"--http-address={HOST}:{frontend}"]
    with contextlib.ExitStack() as processes:
        for name, flags in thanos.items():
            processes.enter_context(running([tools.THANOS.program("thanos"), *flags], folder / f"{name}.log"))
        for edge, port in zip(("apac-1", "apac-2", "central"), agents, strict=True):
            url = f"http://{HOST}:{router_write}{thanos_flags.REMOTE_WRITE_PATH}"
            told = dataclasses.replace(AGENT, edge=edge, url=url, scrape_interval="1s", relabeling=[], own_ca=False)
            scraped = [{"job_name": "edge", "static_configs": [{"targets": [f"{HOST}:{port}"]}]}]
            text = agent.prometheus_yml(told, replica="one", scrape_configs=scraped, token_file=write("token", "any"))
            command = [
                tools.PROMETHEUS.program("prometheus"),
                "--agent",
                f"--config.file={write(f'{edge}.yml', text)}",
                f"--storage.agent.path={folder}/{edge}",
                f"--web.listen-address={HOST}:{port}",
            ]
            processes.enter_context(running(command, folder / f"{edge}.log"))
        found = Region(f"http://{HOST}:{query_http}", f"http://{HOST}:{frontend}", folder / "query-frontend.log")
        _wait(lambda: found.count("up") == COPIES, folder / "router.log")
        _wait(lambda: _reached(f"{found.frontend}/-/ready"), found.log)
        yield found


def _wait(condition, log: Path) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if condition():
                return
        time.sleep(0.3)
    raise AssertionError(log.read_text()[-3000:])


def _reached(url: str, form: dict | None = None) -> int:
    try:
        with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode() if form else None, timeout=10) as found:
            return found.status
    except urllib.error.HTTPError as error:
        return error.code


def test_what_the_frontend_was_asked_for_stays_and_the_rest_of_what_edges_send_is_proposed(region, tmp_path):
    asked_at = datetime.datetime.now(datetime.UTC)
    duration = "prometheus_http_request_duration_seconds"
    api, now = f"{region.frontend}/api/v1", time.time()
    _reached(f"{api}/query_range", {"query": f"rate({duration}_count[5m])", "start": now - 60, "end": now, "step": 15})
    _reached(f"{api}/query?" + urllib.parse.urlencode({"query": 'sum(go_goroutines{cluster="apac-1"}) > "'}))
    series = [("match[]", 'go_info{version="a,b"}'), ("match[]", "{__name__=~'go_gc_.*|x'}")]
    times = {"start": int(now) - 60, "end": int(now)}
    assert _reached(f"{api}/series?" + urllib.parse.urlencode([*series, *times.items()])) == 200
    _wait(lambda: "param_match" in region.log.read_text(), region.log)
    panel = {"targets": [{"expr": "rate(process_cpu_seconds_total[$__rate_interval])"}]}
    (tmp_path / "dashboard.json").write_text(json.dumps({"panels": [panel]}))

    log = query_log.merged(used.logs([region.log]))
    expressions = [*used.rules([]), *used.dashboards([tmp_path])]
    choice = Choice(keep=["net_conntrack_.*"], min_series=1, top=1000)
    report = unused_metrics.find(region.ask, SETTINGS, expressions, log, choice)

    dropped = {metric.name: metric for metric in report.dropped}
    assert f"{duration}_bucket" in dropped, "only its count was asked for"
    assert {f"{duration}_count", f"{duration}_sum", "go_goroutines", "go_info", "up"}.isdisjoint(dropped)
    assert not [name for name in dropped if name.startswith(("go_gc_", "net_conntrack_"))]
    assert {"process_cpu_seconds_total"}.isdisjoint(dropped)
    assert {"process_open_fds", "go_threads"} <= set(dropped)
    assert log.first <= log.last
    assert log.last >= asked_at - datetime.timedelta(seconds=1)
    assert [each.expression.text for each in report.usage.unclear] == ['sum(go_goroutines{cluster="apac-1"}) > "']

    assert dropped["go_threads"].edges == {"apac-1": 1, "apac-2": 1}, "what the stack itself writes is no edge's"
    assert report.unknown_edges == ["apac-2"]
    (name, profile) = report.profile
    expression = re2.compile("|".join(profile["drop"]))
    names = stored.names(region.ask, COPIES)
    assert names.series["up"] == COPIES, "three edges, and each copy is counted by its ingester"
    matched = {found for found in names.series if expression.fullmatch(found)}
    assert matched == set(dropped)
    everything = "|".join(profile["drop"]).replace("\\", "\\\\")
    assert report.saving.series == region.count(f'{{__name__=~"{everything}", cluster!="central"}}')
    edge = report.saving.series / 2
    assert report.saving.samples_per_second == pytest.approx(edge / 15 + edge / 30)
    assert (name, profile["extends"], profile["drop"][0]) == ("trimmed", "lean", "old_.*"), "what it said stays"
    assert unused_report.as_json(report)["stackFile"]


def test_a_name_with_too_many_series_is_counted_edge_by_edge(region, monkeypatch):
    monkeypatch.setattr(stored, "SERIES", 2)
    found = stored.edges(region.ask, datetime.datetime.now(datetime.UTC))
    assert found == ["apac-1", "apac-2"]
    questions = stored.questions({"up": 3, "go_threads": 1}, found)
    assert len(questions) == 3
    counted = [row for row, _ in stored.count(region.ask, questions)]
    assert [{"up": {edge: 1}} in counted for edge in found] == [True, True]
