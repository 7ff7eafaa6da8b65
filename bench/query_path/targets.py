"""The ways to ask: Query directly, and Query Frontends in front of a Query.

Every target has a Query, a Store and a memcached of its own, so none warms the caches of another. The Store caches the
index and parts of blocks in each, as the platform ships it: what is compared is the Query Frontend alone.
"""

import os
import re
import socket
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.query_path.processes import HOST, Processes, cpu_seconds, free_port
from local import tools
from render import caches, endpoints, history_flags, memcached, thanos_flags, tripper
from settings.history import Compactor, Store
from settings.read_path import Caches, Memcached, QueryFrontend

DIRECT, DEFAULT = "Query", "Query Frontend"
DYNAMIC_SPLIT = ("min-split-interval", "max-split-interval", "horizontal-shards")
#: Counters of a Store: where it sums them up, and the pattern of the series that it adds.
COUNTERS = {
    "Series calls": r'grpc_server_handled_total\{.*grpc_method="Series"',
    "bucket reads": r'thanos_objstore_bucket_operations_total\{.*operation="get_range"',
    "bucket bytes": r'thanos_objstore_bucket_operation_fetched_bytes_total\{.*operation="get_range"',
    "cached bytes": r'thanos_store_bucket_cache_getrange_fetched_bytes_total\{.*origin="cache"',
}


def static_split(interval: str) -> list[str]:
    """The flags of a Query Frontend that splits by one length, whatever the range."""
    return [f"--query-range.split-interval={interval}", *(f"--query-range.{name}=0" for name in DYNAMIC_SPLIT)]


@dataclass
class Target:
    """One way to ask. `url` answers the Prometheus API."""

    name: str
    url: str = ""
    store_url: str = ""
    pids: list[int] = field(default_factory=list)
    caches: list[str] = field(default_factory=list)

    def flush(self) -> None:
        """Empties every memcached of the target."""
        for address in self.caches:
            host, _, port = address.rpartition(":")
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                connection.sendall(b"flush_all\r\n")
                if not connection.recv(64).startswith(b"OK"):
                    raise RuntimeError(f"memcached at {address} did not flush")

    def counters(self) -> dict[str, float]:
        """What the Store has read so far, and the CPU seconds of all processes of the target."""
        with urllib.request.urlopen(f"{self.store_url}/metrics", timeout=10) as response:
            text = response.read().decode()
        return {**count(text, COUNTERS), "CPU seconds": cpu_seconds(self.pids)}


def count(exposition: str, patterns: Mapping[str, str]) -> dict[str, float]:
    """Sums of the series that begin with a pattern, in Prometheus's text format."""
    totals = dict.fromkeys(patterns, 0.0)
    for line in exposition.splitlines():
        for name, pattern in patterns.items():
            if re.match(pattern, line):
                totals[name] += float(line.rpartition(" ")[2])
    return totals


class Chain:
    """Starts the processes of one target, with the flags and files that the platform gives them."""

    def __init__(self, name: str, processes: Processes, folder: Path):
        self.target = Target(name)
        self._processes = processes
        self._stem = re.sub(r"\W+", "-", name.lower())
        self._home = folder / self._stem
        self._home.mkdir()

    def store(self, objstore: str) -> str:
        """A Store with its memcached; returns its gRPC address."""
        cache, settings = self._memcached("store-cache", Caches().store), Store()
        flags = history_flags.store(
            data_dir=str(self._home / "store"),
            objstore_file=self._write("objstore.yml", objstore),
            index_cache_file=self._write("index-cache.yml", caches.index_cache(cache)),
            caching_bucket_file=self._write(
                "caching-bucket.yml", caches.caching_bucket(cache, settings.block_sync_interval)
            ),
            selector_file=self._write("selector.yml", "[]\n"),
            ignore_deletion_marks_delay=Compactor().delete_delay,
            block_sync_interval=settings.block_sync_interval,
            series_limit=settings.limits.series,
            samples_limit=settings.limits.samples,
        )
        self.target.store_url, grpc = self._thanos("store", flags)
        return grpc

    def query(self, store: str) -> None:
        document = endpoints.document([], [store])
        flags = thanos_flags.query(endpoints_file=self._write("endpoints.yml", document))
        self.target.url, _ = self._thanos("query", flags)

    def query_frontend(self, replaced: Sequence[str]) -> None:
        """With the default settings, except for the flags `replaced`."""
        settings = QueryFrontend()
        answers = self._write("answers.yml", caches.response_cache(self._memcached("answers", Caches().query)))
        flags = thanos_flags.query_frontend(
            downstream_url=self.target.url,
            tripper_file=self._write("tripper.yml", tripper.document()),
            range_cache_file=answers,
            labels_cache_file=answers,
            min_split_interval=settings.min_split_interval,
            max_split_interval=settings.max_split_interval,
            cache_freshness=settings.cache_freshness,
            log_queries_longer_than=settings.log_queries_longer_than,
            vertical_shards=settings.vertical_shards,
        )
        by_name = {flag.partition("=")[0]: flag for flag in [*flags, *replaced]}
        self.target.url, _ = self._thanos("query-frontend", by_name.values())

    def _memcached(self, role: str, settings: Memcached) -> dict[str, str]:
        port = free_port()
        command = [tools.MEMCACHED.program("memcached")]
        command += memcached.arguments(
            memory=settings.memory, max_item_size=settings.max_item_size, connections=settings.connections
        )
        command += [f"-l{HOST}", f"-p{port}", *(["-uroot"] if os.geteuid() == 0 else [])]
        address = f"{HOST}:{port}"
        self.target.pids.append(self._processes.spawn(f"{self._stem}-{role}", command, address))
        self.target.caches.append(address)
        return {"kind": "memcached", "address": address, "max_item_size": settings.max_item_size}

    def _thanos(self, role: str, flags: Iterable[str]) -> tuple[str, str]:
        """URL and gRPC address, once it is ready."""
        http, grpc = (f"{HOST}:{free_port()}" for _ in range(2))
        listen = [f"--http-address={http}", f"--grpc-address={grpc}"][: 1 if role == "query-frontend" else 2]
        command = [tools.THANOS.program("thanos"), *flags, *listen]
        self.target.pids.append(self._processes.spawn(f"{self._stem}-{role}", command, f"http://{http}/-/ready"))
        return f"http://{http}", grpc

    def _write(self, file: str, text: str) -> str:
        path = self._home / file
        path.write_text(text)
        return str(path)


def start(
    name: str, processes: Processes, folder: Path, objstore: str, replaced: Sequence[str] | None = None
) -> Target:
    """A Query and, unless `replaced` is None, a Query Frontend before it, in which those flags are replaced."""
    chain = Chain(name, processes, folder)
    chain.query(chain.store(objstore))
    if replaced is not None:
        chain.query_frontend(replaced)
    return chain.target
