"""Whether Thanos reads the files for caches, shards and the tripper: a Query Frontend and a Store are started."""

import contextlib
import http.server
import re
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from render import caches, history_flags, shards, thanos_flags, tripper

pytestmark = pytest.mark.plugins

# A fixed address is neither looked up nor connected to before there is something to keep.
MEMCACHED = {"kind": "memcached", "address": "127.0.0.1:9", "max_item_size": "5Mi"}
REDIS = {"kind": "redis", "username": "somebody", "password": "p: 'x' #y", "tls": False}
SECONDS = 15


@pytest.fixture(scope="module")
def thanos() -> str:
    from local import tools

    tools.fetch([tools.THANOS])
    return tools.THANOS.program("thanos")


class Ready(http.server.BaseHTTPRequestHandler):
    """A Query that says it is ready."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def query() -> str:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ready) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextlib.contextmanager
def redis():
    """A port, and the bytes of the first connection to it; nothing is ever answered."""
    heard = bytearray()

    def listen():
        with contextlib.suppress(OSError):
            connection, _ = server.accept()
            with connection:
                connection.settimeout(1)
                heard.extend(connection.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], heard


@contextlib.contextmanager
def running(thanos: str, flags: list[str], log: Path):
    with log.open("w") as out, subprocess.Popen([thanos, *flags], stdout=out, stderr=out) as process:
        try:
            yield process
        finally:
            process.terminate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def written(folder: Path, **documents: str) -> dict[str, str]:
    for name, text in documents.items():
        (folder / name).write_text(text)
    return {f"{name}_file": str(folder / name) for name in documents}


def frontend(folder: Path, cache: dict, query: str, port: int, extra: str = "") -> list[str]:
    document = caches.response_cache(cache) + extra
    flags = thanos_flags.query_frontend(
        **written(folder, tripper=tripper.document(), range_cache=document, labels_cache=document),
        downstream_url=query,
        min_split_interval="24h",
        max_split_interval="336h",
        cache_freshness="10m",
        log_queries_longer_than="10s",
    )
    # Given twice, an address is refused.
    return [*(flag for flag in flags if "http-address" not in flag), f"--http-address=127.0.0.1:{port}"]


def store(folder: Path, cache: dict, port: int) -> list[str]:
    (folder / "bucket").mkdir()
    _, middle, _ = shards.shards(["14d", "90d"], 1, "3m")
    files = written(
        folder,
        objstore=f"type: FILESYSTEM\nconfig: {{directory: {folder}/bucket}}\n",
        index_cache=caches.index_cache(cache),
        caching_bucket=caches.caching_bucket(cache, "3m"),
        selector=shards.selector(middle),
    )
    flags = history_flags.store(
        **files,
        data_dir=str(folder / "data"),
        min_time=middle.min_time,
        max_time=middle.max_time,
        ignore_deletion_marks_delay="1d",
        block_sync_interval="3m",
    )
    return [*flags, f"--http-address=127.0.0.1:{port}", f"--grpc-address=127.0.0.1:{free_port()}"]


def when(answer, log: Path):
    """What `answer` gives once it gives something."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if found := answer():
                return found
        time.sleep(0.1)
    raise AssertionError(log.read_text()[-2000:])


def get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return answer.read().decode() or "ok"


def test_a_query_frontend_is_ready_with_memcached_for_ranges_and_labels(thanos, query, tmp_path):
    port, log = free_port(), tmp_path / "log"
    with running(thanos, frontend(tmp_path, MEMCACHED, query, port), log):
        when(lambda: get(port, "/-/ready"), log)
        servers = re.findall(r'^cortex_memcache_client_servers{.*tripperware="(\w+)"} 1$', get(port, "/metrics"), re.M)
    assert sorted(servers) == ["labels", "query_range"]


def test_a_query_frontend_refuses_a_key_that_it_does_not_know(thanos, query, tmp_path):
    log = tmp_path / "log"
    with running(thanos, frontend(tmp_path, MEMCACHED, query, free_port(), extra="  ttl: 24h\n"), log) as process:
        assert process.wait(SECONDS) != 0, "the test above could not fail"
    assert "field ttl not found" in log.read_text()


def test_a_store_is_ready_with_memcached_and_its_clients_have_what_was_rendered(thanos, tmp_path):
    port, log = free_port(), tmp_path / "log"
    with running(thanos, store(tmp_path, MEMCACHED, port), log):
        when(lambda: get(port, "/-/ready"), log)
        clients = re.findall(r"^thanos_memcached_client_info{.*}", get(port, "/metrics"), re.M)
    assert len(clients) == 2
    for client in clients:
        assert 'max_item_size="5242880"' in client
        assert 'max_get_multi_batch_size="1000"' in client


@pytest.mark.parametrize("program", ["query-frontend", "store"])
def test_redis_hears_the_name_and_the_password(thanos, query, tmp_path, program):
    log = tmp_path / "log"
    with redis() as (port, heard):
        cache = {**REDIS, "address": f"127.0.0.1:{port}"}
        flags = frontend(tmp_path, cache, query, free_port()) if program == "query-frontend" else None
        with running(thanos, flags or store(tmp_path, cache, free_port()), log):
            when(lambda: heard, log)
    assert b"AUTH" in heard
    assert REDIS["username"].encode() in heard
    assert REDIS["password"].encode() in heard


@pytest.mark.parametrize("program", ["query-frontend", "store"])
def test_redis_is_greeted_by_tls_if_so_asked(thanos, query, tmp_path, program):
    log = tmp_path / "log"
    with redis() as (port, heard):
        cache = {**REDIS, "address": f"127.0.0.1:{port}", "tls": True}
        flags = frontend(tmp_path, cache, query, free_port()) if program == "query-frontend" else None
        with running(thanos, flags or store(tmp_path, cache, free_port()), log):
            when(lambda: heard, log)
    assert heard[0] == 0x16, "the first byte of a TLS handshake"
    assert REDIS["password"].encode() not in heard
