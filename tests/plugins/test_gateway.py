"""The gateway's files in the real Envoy: who gets in, as whom, and what happens when the files change."""

import collections
import http.client
import http.server
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from render import gateway_routes
from render.gateway_routes import Pass
from tests.binaries import free_ports
from tests.envoy import Gateway, until

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


class Door(Gateway):
    """A gateway before `Routers` that lets `ONE` and `OTHER` in."""

    def __init__(self, folder: Path, **more: int) -> None:
        (router_port,) = free_ports(1)
        self.routers = Routers(router_port)
        threading.Thread(target=self.routers.serve_forever, daemon=True).start()
        super().__init__(folder, router_port, [ONE, OTHER], max_request_bytes=LIMIT, **more)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path)
    with made.running():
        yield made
    made.routers.shutdown()


def test_envoy_accepts_the_files(tmp_path):
    made = Door(tmp_path)
    done = subprocess.run(made.command("--mode", "validate"), capture_output=True, text=True, timeout=60)
    made.routers.shutdown()
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr.lower(), done.stderr
    assert "work-in-progress" not in done.stderr, done.stderr


def test_an_edge_writes_as_its_own_tenant_whatever_it_says_itself(door: Door):
    assert door.write(ONE.token) == 200
    assert door.write(ONE.token, tenant=OTHER.tenant) == 200
    assert door.write(OTHER.token) == 200

    assert door.routers.tenants == ["tenant-one", "tenant-one", "tenant-other"]
    assert door.routers.tokens == [], "routers need no token, and their logs are read by many"


@pytest.mark.parametrize("token", [None, "", "wrong", "token-of-one ", "token-of-one2", "TOKEN-OF-ONE"])
def test_a_token_that_is_wrong_or_missing_is_refused_and_counted(door: Door, token):
    before = door.metric("envoy_http_rq_direct_response", '="edges"')
    # Spaces around a header's value are not part of it.
    assert door.write(token, tenant="tenant-one") == (200 if token == "token-of-one " else 401)

    if token != "token-of-one ":
        assert door.routers.tenants == []
        assert door.metric("envoy_http_rq_direct_response", '="edges"') == before + 1


def test_a_revoked_token_is_refused_and_a_new_one_taken_while_others_write_on(door: Door):
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


def test_a_file_that_is_broken_changes_nothing_and_is_counted(door: Door):
    door.mount("routes", {"routes.yaml": gateway_routes.document([ONE], traces=True).replace('"exact":', '"exactly":')})
    until(lambda: door.metric("envoy_http_rds_update_rejected") + door.metric("envoy_http_rds_update_failure") > 0)

    assert door.write(ONE.token) == 200
    assert door.write(OTHER.token) == 200


def test_a_gateway_that_starts_with_a_broken_file_has_its_edges_try_again(tmp_path):
    made = Door(tmp_path)
    made.mount("routes", {"routes.yaml": "{"})
    with made.running():
        until(lambda: made.write(ONE.token) == 503, 60)  # not 404, after which agents give a sample up
        made.admit(ONE)
        until(lambda: made.write(ONE.token) == 200)
    made.routers.shutdown()


@pytest.mark.parametrize("file", ["[garbage", '"exactly": "Bearer token-of-one"'])
def test_no_token_is_in_the_log_whatever_is_wrong_with_the_file(door: Door, file):
    whole = gateway_routes.document([ONE, OTHER], traces=True)
    door.mount("routes", {"routes.yaml": whole.replace('"exact": "Bearer token-of-one"', file)})
    until(lambda: door.metric("envoy_http_rds_update_rejected") + door.metric("envoy_http_rds_update_failure") > 0)

    assert "token-of" not in door.log.read_text()


@pytest.mark.parametrize("name", ["n", "y", "on", "1e3", "0x1f", "017", "null"])
def test_the_name_of_an_edge_is_a_name_whatever_else_it_could_be(door: Door, name):
    door.admit(Pass("token-of-it", name, name, 1000))
    until(lambda: door.write("token-of-it") == 200)

    assert door.routers.tenants == [name]
    assert door.metric("envoy_vhost_route_upstream_rq_total", f'"{name}"') == 1


def test_a_gateway_that_is_short_of_memory_takes_no_writes_and_says_so(tmp_path):
    """Envoy itself needs more than this heap. A probe that fails would end the pod, and all that it works on."""
    made = Door(tmp_path, max_heap_bytes=5_000_000)
    with made.running():
        until(lambda: made.write(ONE.token) == 503)
        assert made.asked("/ready")[0] == 200
        assert made.metric("envoy_overload_envoy_overload_actions_stop_accepting_requests_active") == 1
    made.routers.shutdown()


def test_an_edge_that_writes_too_often_is_held_back_alone(door: Door):
    slow = Pass("token-of-slow", "slow", "tenant-slow", 5)
    door.admit(slow, ONE)
    until(lambda: door.write(slow.token) == 200)
    statuses = collections.Counter(door.write(slow.token) for _ in range(30))

    assert set(statuses) == {200, 429}
    assert door.write(ONE.token) == 200
    assert door.metric("envoy_http_local_rate_limit_rate_limited", '"slow"') >= statuses[429]
    assert door.metric("envoy_http_local_rate_limit_rate_limited", '"one"') == 0


def test_a_request_that_is_too_large_is_refused(door: Door):
    assert door.write(ONE.token, size=LIMIT) == 200
    assert door.write(ONE.token, size=50 * LIMIT) == 413


def test_a_renewed_certificate_is_shown_without_a_restart(door: Door):
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


def test_requests_are_counted_for_each_edge(door: Door):
    for token, times in ((ONE.token, 3), (OTHER.token, 2)):
        for _ in range(times):
            door.write(token)

    counted = {edge: door.metric("envoy_vhost_route_upstream_rq_total", f'"{edge}"') for edge in ("one", "other")}
    assert counted == {"one": 3, "other": 2}


@pytest.mark.parametrize(
    "path", ["/config_dump", "/", "/quitquitquit", "/stats", "/logging", "/metrics/../config_dump"]
)
def test_the_port_of_the_metrics_shows_nothing_else(door: Door, path):
    assert door.asked(path)[0] == 404


def test_plain_text_is_not_answered(door: Door):
    connection = http.client.HTTPConnection("127.0.0.1", door.https, timeout=5)

    def write() -> None:
        connection.request("POST", "/api/v1/receive", b"x", {"Authorization": f"Bearer {ONE.token}"})
        connection.getresponse()

    with pytest.raises((http.client.HTTPException, OSError)):
        write()
