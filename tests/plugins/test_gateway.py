"""The gateway's files in the real Envoy: who gets in, as whom, and what happens when the files change."""

import collections
import http.client
import http.server
import os
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import certificates, tools
from render import gateway
from render.gateway import Pass
from tests.binaries import free_ports

pytestmark = pytest.mark.plugins

ONE, OTHER = Pass("token-of-one", "one", "tenant-one", 1000), Pass("token-of-other", "other", "tenant-other", 1000)
LIMIT = 4096


class Routers(http.server.ThreadingHTTPServer):
    """Answers as Receive does, and remembers whom it has seen."""

    def __init__(self, port: int) -> None:
        self.tenants: list[str | None] = []
        self.tokens: list[str] = []
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.tenants += self.headers.get_all("THANOS-TENANT") or [None]
        self.server.tokens += self.headers.get_all("Authorization") or []
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Gateway:
    """An Envoy with its files in volumes, which change as the kubelet changes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.https, self.metrics_port, router_port = free_ports(3)
        self.routers = Routers(router_port)
        threading.Thread(target=self.routers.serve_forever, daemon=True).start()
        self.authority = folder / "authority"
        certificates.create(self.authority, "https://127.0.0.1", ["127.0.0.1"])
        self.admit(ONE, OTHER)
        self.show("localhost")
        self.mount("config", {"envoy.yaml": self._bootstrap(router_port), "certificate.yaml": self._certificate()})

    def _bootstrap(self, router_port: int) -> str:
        text = gateway.bootstrap(
            certificate_file=f"{self.folder}/config/certificate.yaml",
            routes_file=f"{self.folder}/routes/routes.yaml",
            routes_dir=f"{self.folder}/routes",
            routers="127.0.0.1",
            router_port=router_port,
            max_request_bytes=LIMIT,
            max_heap_bytes=256 * 2**20,
        )
        ports = {gateway.HTTPS_PORT: self.https, gateway.METRICS_PORT: self.metrics_port}
        for port, free in ports.items():
            text = text.replace(f"port_value: {port}\n", f"port_value: {free}\n")
        # In a pod the socket is its own; here others may run.
        return text.replace("@envoy-admin", f"@envoy-admin-{self.https}")

    def _certificate(self) -> str:
        return gateway.certificate(directory=f"{self.folder}/tls")

    def mount(self, volume: str, files: dict[str, str]) -> None:
        """New content of a volume: a new folder, to which the link that all files go through is moved."""
        path = self.folder / volume
        content = path / f"..{time.time_ns()}"
        content.mkdir(parents=True)
        for name, text in files.items():
            (content / name).write_text(text)
            if not (path / name).is_symlink():
                (path / name).symlink_to(f"..data/{name}")
        (path / "..new").symlink_to(content.name)
        os.rename(path / "..new", path / "..data")

    def admit(self, *passes: Pass) -> None:
        self.mount("routes", {"routes.yaml": gateway.routes(passes)})

    def show(self, name: str) -> None:
        """A certificate for a DNS name."""
        certificate, key = certificates.server(self.authority, name)
        self.mount("tls", {"tls.crt": certificate.decode(), "tls.key": key.decode()})

    def command(self, *arguments: str) -> list[str]:
        return [tools.ENVOY.program("envoy"), "--config-path", f"{self.folder}/config/envoy.yaml", *arguments]

    def connect(self, name: str = "localhost") -> http.client.HTTPSConnection:
        trust = ssl.create_default_context(cafile=self.authority / "ca.crt")
        connection = http.client.HTTPSConnection("127.0.0.1", self.https, context=trust, timeout=10)
        connection.connect = lambda: _connect(connection, trust, name)
        return connection

    def write(self, token: str | None, *, tenant: str | None = None, size: int = 10, connection=None) -> int:
        """The status of one remote write."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        if tenant:
            headers["THANOS-TENANT"] = tenant
        connection = connection or self.connect()
        connection.request("POST", "/api/v1/receive", b"x" * size, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def asked(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""

    def metric(self, name: str, having: str = "") -> float:
        _, text = self.asked("/metrics")
        lines = [line for line in text.splitlines() if line.startswith((f"{name}{{", f"{name} ")) and having in line]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def _connect(connection: http.client.HTTPSConnection, trust: ssl.SSLContext, name: str) -> None:
    http.client.HTTPConnection.connect(connection)
    connection.sock = trust.wrap_socket(connection.sock, server_hostname=name)


def until(check, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Gateway]:
    made = Gateway(tmp_path)
    with (tmp_path / "envoy.log").open("wb") as log:
        command = made.command("--log-level", "warning", "--disable-hot-restart", "--concurrency", "2")
        process = subprocess.Popen(command, stdout=log, stderr=log)

    def ready() -> bool:
        assert process.poll() is None, (tmp_path / "envoy.log").read_text()
        try:
            return made.asked("/ready")[0] == 200
        except OSError:
            return False

    try:
        until(ready, 60)
        yield made
    finally:
        process.terminate()
        process.wait(timeout=30)
        made.routers.shutdown()


def test_envoy_accepts_the_files(tmp_path):
    made = Gateway(tmp_path)
    done = subprocess.run(made.command("--mode", "validate"), capture_output=True, text=True, timeout=60)
    made.routers.shutdown()
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr.lower(), done.stderr
    assert "work-in-progress" not in done.stderr, done.stderr


def test_an_edge_writes_as_its_own_tenant_whatever_it_says_itself(door: Gateway):
    assert door.write(ONE.token) == 200
    assert door.write(ONE.token, tenant=OTHER.tenant) == 200
    assert door.write(OTHER.token) == 200

    assert door.routers.tenants == ["tenant-one", "tenant-one", "tenant-other"]
    assert door.routers.tokens == [], "routers need no token, and their logs are read by many"


@pytest.mark.parametrize("token", [None, "", "wrong", "token-of-one ", "token-of-one2", "TOKEN-OF-ONE"])
def test_a_token_that_is_wrong_or_missing_is_refused_and_counted(door: Gateway, token):
    before = door.metric("envoy_http_rq_direct_response", '="edges"')
    # Spaces around a header's value are not part of it.
    assert door.write(token, tenant="tenant-one") == (200 if token == "token-of-one " else 401)

    if token != "token-of-one ":
        assert door.routers.tenants == []
        assert door.metric("envoy_http_rq_direct_response", '="edges"') == before + 1


def test_a_revoked_token_is_refused_and_a_new_one_taken_while_others_write_on(door: Gateway):
    """One connection that is kept open, and another edge that writes all the time: no request of it is dropped."""
    kept, statuses, stop = door.connect(), collections.Counter(), threading.Event()

    def writes_on() -> None:
        while not stop.is_set():
            statuses[door.write(OTHER.token, connection=kept)] += 1

    writer = threading.Thread(target=writes_on)
    writer.start()
    try:
        assert door.write(ONE.token) == 200
        for round_ in range(5):
            fresh = Pass(f"new-{round_}", "one", "tenant-one", 1000)
            door.admit(fresh, OTHER)
            until(lambda fresh=fresh: door.write(fresh.token) == 200)
            assert door.write(ONE.token) == 401
            if round_:
                assert door.write(f"new-{round_ - 1}") == 401
    finally:
        stop.set()
        writer.join()
    assert set(statuses) == {200}
    assert statuses[200] > 50


def test_a_file_that_is_broken_changes_nothing_and_is_counted(door: Gateway):
    door.mount("routes", {"routes.yaml": gateway.routes([ONE]).replace("exact:", "exactly:")})
    until(lambda: door.metric("envoy_http_rds_update_rejected") + door.metric("envoy_http_rds_update_failure") > 0)

    assert door.write(ONE.token) == 200
    assert door.write(OTHER.token) == 200


def test_an_edge_that_writes_too_often_is_held_back_alone(door: Gateway):
    slow = Pass("token-of-slow", "slow", "tenant-slow", 5)
    door.admit(slow, ONE)
    until(lambda: door.write(slow.token) == 200)
    statuses = collections.Counter(door.write(slow.token) for _ in range(30))

    assert set(statuses) == {200, 429}
    assert door.write(ONE.token) == 200
    assert door.metric("envoy_http_local_rate_limit_rate_limited") == statuses[429]


def test_a_request_that_is_too_large_is_refused(door: Gateway):
    assert door.write(ONE.token, size=LIMIT) == 200
    assert door.write(ONE.token, size=50 * LIMIT) == 413


def test_a_renewed_certificate_is_shown_without_a_restart(door: Gateway):
    with pytest.raises(ssl.SSLCertVerificationError):
        door.connect("gateway.example").connect()

    door.show("gateway.example")

    def shown() -> bool:
        try:
            door.connect("gateway.example").connect()
        except ssl.SSLCertVerificationError:
            return False
        return True

    until(shown)


def test_requests_are_counted_for_each_edge(door: Gateway):
    for token, times in ((ONE.token, 3), (OTHER.token, 2)):
        for _ in range(times):
            door.write(token)

    counted = {edge: door.metric("envoy_vhost_route_upstream_rq_total", f'"{edge}"') for edge in ("one", "other")}
    assert counted == {"one": 3, "other": 2}


@pytest.mark.parametrize(
    "path", ["/config_dump", "/", "/quitquitquit", "/stats", "/logging", "/metrics/../config_dump"]
)
def test_the_port_of_the_metrics_shows_nothing_else(door: Gateway, path):
    assert door.asked(path)[0] == 404


def test_plain_text_is_not_answered(door: Gateway):
    connection = http.client.HTTPConnection("127.0.0.1", door.https, timeout=5)
    connection.request("POST", "/api/v1/receive", b"x", {"Authorization": f"Bearer {ONE.token}"})
    with pytest.raises((http.client.HTTPException, OSError)):
        connection.getresponse()
