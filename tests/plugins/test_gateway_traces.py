"""Traces through the real Envoy, by both protocols of OTLP, to a server that takes them as Tempo does."""

import collections
import http.server
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from render.gateway_routes import Pass
from render.tempo import OTLP_GRPC_PATH, OTLP_HTTP_PATH
from tests.binaries import free_ports
from tests.envoy import Gateway, until

pytestmark = pytest.mark.plugins

ONE, OTHER = Pass("token-of-one", "one", "tenant-one", 1000), Pass("token-of-other", "other", "tenant-other", 1000)
LIMIT = 4096
#: An ExportTraceServiceRequest with one span without a name: resource_spans {scope_spans {spans {}}}.
SPAN = b"\x0a\x04\x12\x02\x12\x00"
WRONG = [None, "", "wrong", "token-of-one2", "TOKEN-OF-ONE"]


class Door(Gateway):
    """A gateway before both ports of a Tempo; nobody takes metrics. What Tempo gets: protocol, body, headers."""

    def __init__(self, folder: Path, passes: list[Pass], **more: int) -> None:
        self.got: list[tuple[str, bytes, dict[str, str]]] = []
        nobody, http_port, grpc_port = free_ports(3)
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", http_port), self._handler())
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        self._grpc = grpc.server(ThreadPoolExecutor(4))
        self._grpc.add_generic_rpc_handlers([_Export(self.got)])
        self._grpc.add_insecure_port(f"127.0.0.1:{grpc_port}")
        self._grpc.start()
        ports = {"http": http_port, "grpc": grpc_port}
        super().__init__(folder, nobody, passes, max_request_bytes=LIMIT, tempo=ports, **more)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._grpc.stop(None).wait()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        got = self.got

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                got.append(("http", body, {name.lower(): value for name, value in self.headers.items()}))
                self.send_response(200 if self.path == OTLP_HTTP_PATH else 404)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def send(self, protocol: str, token: str | None, body: bytes = SPAN) -> int | grpc.StatusCode:
        return self.by_http(token, body) if protocol == "http" else self.by_grpc(token, body)

    def by_http(self, token: str | None, body: bytes = SPAN) -> int:
        headers = {"content-type": "application/x-protobuf"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        connection = self.connect()
        connection.request("POST", OTLP_HTTP_PATH, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def by_grpc(self, token: str | None, body: bytes = SPAN) -> grpc.StatusCode:
        trust = grpc.ssl_channel_credentials((self.authority / "ca.crt").read_bytes())
        options = [("grpc.ssl_target_name_override", "localhost")]
        metadata = [("authorization", f"Bearer {token}")] if token is not None else []
        with grpc.secure_channel(f"127.0.0.1:{self.https}", trust, options) as channel:
            try:
                channel.unary_unary(OTLP_GRPC_PATH)(body, metadata=metadata, timeout=10)
            except grpc.RpcError as error:
                return error.code()
        return grpc.StatusCode.OK


class _Export(grpc.GenericRpcHandler):
    def __init__(self, got: list) -> None:
        self.got = got

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if details.method != OTLP_GRPC_PATH:
            return None

        def export(body: bytes, _: grpc.ServicerContext) -> bytes:
            self.got.append(("grpc", body, dict(details.invocation_metadata)))
            return b""

        return grpc.unary_unary_rpc_method_handler(export)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path, [ONE, OTHER])
    with made.running():
        yield made
    made.close()


TAKEN = {"http": 200, "grpc": grpc.StatusCode.OK}
REFUSED = {"http": 401, "grpc": grpc.StatusCode.UNAUTHENTICATED}
each_protocol = pytest.mark.parametrize("protocol", ["http", "grpc"])


@each_protocol
def test_traces_reach_tempo_as_they_are_and_the_token_does_not(door: Door, protocol):
    assert door.send(protocol, ONE.token) == TAKEN[protocol]
    ((arrived_by, body, headers),) = door.got
    assert (arrived_by, body) == (protocol, SPAN)
    assert "authorization" not in headers


@each_protocol
@pytest.mark.parametrize("token", WRONG)
def test_a_token_that_is_wrong_or_missing_is_refused_in_the_words_of_the_protocol(door: Door, protocol, token):
    assert door.send(protocol, token) == REFUSED[protocol]
    assert door.got == []
    assert door.metric("envoy_http_rq_direct_response", '="edges"') == 1


@each_protocol
def test_traces_are_counted_for_each_edge_apart_from_its_metrics(door: Door, protocol):
    for token, times in ((ONE.token, 3), (OTHER.token, 2)):
        for _ in range(times):
            door.send(protocol, token)

    names = ("one", "other", "one/traces", "other/traces")
    counted = {name: door.metric("envoy_vhost_route_upstream_rq_total", f'envoy_route="{name}"') for name in names}
    assert counted == {"one": 0, "other": 0, "one/traces": 3, "other/traces": 2}


@each_protocol
def test_traces_that_fail_are_counted_apart_from_metrics_that_fail(tmp_path, protocol):
    """By the alert GatewayWritesFailing; the gateway's own 5xx of a gRPC request is a 200 to who sent it."""
    made = Door(tmp_path, [ONE])
    made.close()
    with made.running():
        for _ in range(3):
            made.send(protocol, ONE.token)
        assert made.write(ONE.token) == 503
        failed = {
            route: made.metric("envoy_vhost_route_upstream_rq_xx", f'class="5",envoy_virtual_host="edges",{route}')
            for route in ('envoy_route="one"}', 'envoy_route="one/traces"}')
        }
    assert failed == {'envoy_route="one"}': 1, 'envoy_route="one/traces"}': 3}


@pytest.mark.parametrize(("protocol", "limited"), [("http", 429), ("grpc", grpc.StatusCode.UNAVAILABLE)])
def test_an_edge_that_sends_too_often_is_held_back_alone_and_sends_again(door: Door, protocol, limited):
    """429 of HTTP is UNAVAILABLE of gRPC: senders of OTLP try both again."""
    slow = Pass("token-of-slow", "slow", "tenant-slow", 5)
    door.admit(slow, ONE)
    until(lambda: door.send(protocol, slow.token) == TAKEN[protocol])
    answers = collections.Counter(door.send(protocol, slow.token) for _ in range(30))

    assert set(answers) == {TAKEN[protocol], limited}
    assert door.send(protocol, ONE.token) == TAKEN[protocol]
    assert door.metric("envoy_http_local_rate_limit_rate_limited", '"slow"') >= answers[limited]


@each_protocol
def test_a_push_that_is_too_large_is_refused(door: Door, protocol):
    assert door.send(protocol, ONE.token, b"x" * (LIMIT - 5)) == TAKEN[protocol]
    assert door.send(protocol, ONE.token, b"x" * 50 * LIMIT) not in (*TAKEN.values(), *REFUSED.values())
    assert len(door.got) == 1


def test_without_tempo_no_path_of_traces_is_open(tmp_path):
    made = Door(tmp_path, [ONE])
    made.tempo = {}
    made.admit(ONE)
    with made.running():
        assert made.by_http(ONE.token) == 503
        assert made.by_grpc(ONE.token) == grpc.StatusCode.UNAVAILABLE
    made.close()
    assert made.got == []


def test_while_tempo_is_away_senders_are_told_to_try_again(door: Door):
    door.close()
    door._http.server_close()
    assert door.by_http(ONE.token) == 503
    until(lambda: door.by_grpc(ONE.token) == grpc.StatusCode.UNAVAILABLE)
