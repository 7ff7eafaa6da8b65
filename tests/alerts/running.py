"""The real programs of a region as processes on this machine, with one Prometheus that scrapes them all."""

import json
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from local import tools
from render import hashring, history_flags, receive_limits, thanos_flags
from render.gateway_routes import Pass
from tests.envoy import Gateway

HOST = "127.0.0.1"
#: The labels that the stack's Prometheus gives to what it scrapes, besides pod, container, component and job.
COMMON = {"region": "eu", "cluster": "central", "namespace": "observability"}
#: Process -> job, which is the pods' label app.kubernetes.io/component.
JOBS = {
    "receive-router": "receive-router",
    "receive-ingester": "receive-ingester",
    "store": "store",
    "compactor": "compactor",
    "query": "query",
    "query-frontend": "query-frontend",
    "ruler": "ruler",
    "prometheus": "prometheus",
    "sidecar": "prometheus",
    "gateway": "gateway",
}
#: Bytes of one write request; a bigger one is refused.
REQUEST_LIMIT = 1024 * 1024


class Region:
    """Where what runs is reached: HTTP ports by process, the router's for writes, and one where nobody listens."""

    def __init__(self, http: dict[str, int], remote_write: int, nobody: int) -> None:
        self.http, self.remote_write, self.nobody = http, remote_write, nobody

    def url(self, process: str, path: str) -> str:
        return f"http://{HOST}:{self.http[process]}{path}"

    def ask(self, process: str, path: str, **parameters: str) -> object:
        """`data` of an answer. OSError if the process is not up."""
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(self.url(process, f"{path}?{query}"), timeout=10) as answer:
            return json.load(answer)["data"]

    def use(self) -> None:
        """What counters need to appear: queries, one of them without time for it (503), and writes that are refused as
        too large (413) and as garbage (400).
        """
        for process in ("query", "query-frontend"):
            _try(self.url(process, "/api/v1/query?query=up"))
            _try(self.url(process, "/api/v1/query?query=up&timeout=0.000001"))
            _try(self.url(process, "/api/v1/query_range?query=up&start=1700000000&end=1700600000&step=60"))
            _try(self.url(process, "/api/v1/labels?start=1700000000&end=1700600000"))
        for body in (b"garbage", b"0" * (REQUEST_LIMIT + 1)):
            _try(f"http://{HOST}:{self.remote_write}/api/v1/receive", body)


@contextmanager
def region(folder: Path, rules: Path) -> Iterator[Region]:
    """Starts everything. The Prometheus evaluates the files in prometheus/ of `rules`, the Ruler those in ruler/."""
    tools.fetch([tools.THANOS, tools.PROMETHEUS])
    http, grpc = dict(zip(JOBS, _ports(len(JOBS)), strict=True)), dict(zip(JOBS, _ports(len(JOBS)), strict=True))
    remote_write, nobody = _ports(2)
    edge = Pass("token-of-edge", "edge", "default-tenant", 100)
    gateway = Gateway(folder / "gateway", remote_write, [edge], max_request_bytes=REQUEST_LIMIT)
    http["gateway"] = gateway.metrics_port
    running = Region(http, remote_write, nobody)
    commands = _thanos(folder, running, grpc, rules)
    for process, port in {"receive-router": remote_write, "receive-ingester": 0}.items():
        commands[process] += [f"--remote-write.address={HOST}:{port}", f"--receive.capnproto-address={HOST}:0"]
    with ExitStack() as stack:
        # Before there is a router: the first failure of a write is what the gateway counts failures from.
        stack.enter_context(gateway.running())
        assert gateway.write(edge.token) == 503
        for process, arguments in commands.items():
            addresses = [f"--http-address={HOST}:{http[process]}", f"--grpc-address={HOST}:{grpc[process]}"]
            if process == "query-frontend":
                arguments = [argument for argument in arguments if not argument.startswith("--http-address")]
                addresses.pop()
            if process == "compactor":
                addresses.pop()
            stack.enter_context(_process(process, [tools.THANOS.program("thanos"), *arguments, *addresses], folder))
        stack.enter_context(_process("prometheus", _prometheus(folder, running, rules), folder))
        yield running


def _thanos(folder: Path, running: Region, grpc: dict[str, int], rules: Path) -> dict[str, list[str]]:
    """The flags of each process as in production, but for addresses."""
    bucket = _write(folder / "bucket.yml", {"type": "FILESYSTEM", "config": {"directory": str(folder / "bucket")}})
    cache = {"type": "MEMCACHED", "config": {"addresses": [f"{HOST}:{running.nobody}"]}}
    store_cache, answer_cache = _write(folder / "cache.yml", cache), _write(folder / "answers.yml", cache)
    tripper = _write(folder / "tripper.yml", {"max_idle_conns_per_host": 100})
    ring = folder / "hashrings.json"
    ring.write_text(
        hashring.document(
            [hashring.Endpoint(HOST)],
            replication_factor=1,
            grpc_port=grpc["receive-ingester"],
            capnproto_port=running.nobody,
        )
    )
    limits = folder / "limits.yaml"
    limits.write_text(
        receive_limits.document(
            max_concurrency=10,
            request={"size_bytes": REQUEST_LIMIT, "series": 0, "samples": 0},
            tenants={},
            head_series=1_000_000,
            meta_monitoring_url=running.url("prometheus", ""),
            replication_factor=1,
        )
    )
    # The last endpoint is strict and nobody is there.
    asked = [{"address": f"{HOST}:{grpc[name]}"} for name in ("receive-ingester", "store", "sidecar")]
    asked.append({"address": f"{HOST}:{running.nobody}", "strict": True})
    found = _write(folder / "endpoints.yaml", {"endpoints": asked})
    remote_write = _write(folder / "ruler-write.yml", {"remote_write": [{"url": _receive_url(running)}]})
    return {
        "receive-router": thanos_flags.receive_router(
            region="eu", hashring_file=str(ring), limits_file=str(limits), replication_factor=1
        ),
        "receive-ingester": thanos_flags.receive_ingester(
            region="eu", data_dir=str(folder / "ingester"), retention="24h", objstore_file=bucket
        ),
        "store": history_flags.store(
            data_dir=str(folder / "store"),
            objstore_file=bucket,
            index_cache_file=store_cache,
            caching_bucket_file=store_cache,
            selector_file=_write(folder / "selector.yml", []),
            ignore_deletion_marks_delay="24h",
            block_sync_interval="5s",
        ),
        "compactor": history_flags.compact(
            data_dir=str(folder / "compactor"),
            objstore_file=bucket,
            retention_raw="7d",
            retention_5m="30d",
            retention_1h="180d",
            delete_delay="48h",
            vertical_compaction=True,
        ),
        "query": thanos_flags.query(endpoints_file=found),
        "query-frontend": thanos_flags.query_frontend(
            downstream_url=running.url("query", ""),
            tripper_file=tripper,
            range_cache_file=answer_cache,
            labels_cache_file=answer_cache,
            min_split_interval="24h",
            max_split_interval="336h",
            cache_freshness="10m",
            log_queries_longer_than="10s",
        ),
        "ruler": thanos_flags.rule(
            region="eu",
            data_dir=str(folder / "ruler"),
            rule_files=[f"{rules}/ruler/*.yaml"],
            query_url=running.url("query", ""),
            evaluation_interval="5s",
            alertmanagers=[f"http://{HOST}:{running.nobody}"],
            alert_query_url=running.url("query", ""),
            remote_write_file=remote_write,
        ),
        "sidecar": thanos_flags.sidecar(
            data_dir=str(folder / "prometheus"),
            prometheus_url=running.url("prometheus", ""),
            ready_timeout="1m",
            objstore_file=bucket,
        ),
    }


def _receive_url(running: Region) -> str:
    return f"http://{HOST}:{running.remote_write}/api/v1/receive"


def _prometheus(folder: Path, running: Region, rules: Path) -> list[str]:
    scrapes = [
        {
            "job_name": process,
            "static_configs": [
                {
                    "targets": [f"{HOST}:{port}"],
                    "labels": {
                        **COMMON,
                        "job": JOBS[process],
                        "component": JOBS[process],
                        "pod": f"{JOBS[process]}-0",
                        "container": process,
                    },
                }
            ],
        }
        for process, port in running.http.items()
    ]
    config = {
        "global": {
            "scrape_interval": "1s",
            "evaluation_interval": "2s",
            "external_labels": {"region": "eu", "cluster": "central", "prometheus_replica": "prometheus-0"},
        },
        "rule_files": [f"{rules}/prometheus/*.yaml"],
        "scrape_configs": scrapes,
        "remote_write": [{"url": _receive_url(running)}],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"{HOST}:{running.nobody}"]}]}]},
    }
    return [
        tools.PROMETHEUS.program("prometheus"),
        f"--config.file={_write(folder / 'prometheus.yml', config)}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        "--storage.tsdb.min-block-duration=2h",
        "--storage.tsdb.max-block-duration=2h",
        f"--web.listen-address={HOST}:{running.http['prometheus']}",
        "--web.enable-admin-api",
    ]


@contextmanager
def _process(name: str, command: list[str], folder: Path) -> Iterator[None]:
    for each in ("bucket", name):
        (folder / each).mkdir(exist_ok=True)
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait(timeout=30)


def _write(path: Path, document: object) -> str:
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return str(path)


def _try(url: str, body: bytes | None = None) -> None:
    try:
        urllib.request.urlopen(url, body, timeout=10).close()
    except urllib.error.HTTPError as error:
        error.close()
    except OSError:
        pass  # not up yet; the caller comes again


def _ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind((HOST, 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
