"""What is asked of Query and read of logs, through the API server."""

import io

import pytest
import urllib3
from kubernetes import client

from ops import cluster
from ops.errors import OperationError, UnreachableError
from ops.read_path import ReadPath, answer
from tests.ops.test_cluster import api, listed, pod  # noqa: F401


@pytest.fixture
def apac(api) -> ReadPath:  # noqa: F811
    return ReadPath("somewhere", "observability", "apac")


class Forward:
    """A port-forward whose other end answers with a text."""

    def __init__(self, text: bytes) -> None:
        self.text, self.sent = text, b""

    def socket(self, port):
        assert port == 10902
        return self

    def settimeout(self, seconds):
        self.seconds = seconds

    def sendall(self, data):
        self.sent += data

    def makefile(self, *_, **__):
        return io.BytesIO(self.text)

    def error(self, port):
        return None

    def close(self):
        pass


def forwarded(monkeypatch, api, text: bytes) -> Forward:  # noqa: F811
    made = Forward(text)
    api.connect_get_namespaced_pod_portforward = None
    monkeypatch.setattr(cluster, "portforward", lambda _, pod, namespace, ports: made)
    return made


GOOD = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"status":"success","data":[1]}'


def test_a_query_is_sent_as_a_form_to_the_query_of_the_stack(apac, api, monkeypatch):  # noqa: F811
    made = forwarded(monkeypatch, api, GOOD)
    assert apac.ask("/api/v1/query", {"query": 'count({a="b"})'})["data"] == [1]
    head, body = made.sent.split(b"\r\n\r\n")
    assert head.startswith(b"POST /api/v1/query HTTP/1.1\r\nHost: apac-query-0")
    assert b"application/x-www-form-urlencoded" in head
    assert body == b"query=count%28%7Ba%3D%22b%22%7D%29"
    assert made.seconds > 120, "Query itself gives up after two minutes"


def test_all_else_is_sent_as_a_url(apac, api, monkeypatch):  # noqa: F811
    made = forwarded(monkeypatch, api, GOOD)
    apac.ask("/api/v1/status/tsdb", {"match[]": '{a!=""}'})
    assert made.sent.startswith(b"GET /api/v1/status/tsdb?match%5B%5D=%7Ba%21%3D%22%22%7D HTTP/1.1\r\n")


def test_without_a_query_that_is_ready_it_says_so(apac, api):  # noqa: F811
    api.list_namespaced_pod = lambda *_, **__: listed([pod("apac-query-0", ready="False")])
    with pytest.raises(OperationError, match="no Query is ready in context somewhere, namespace observability"):
        apac.ask("/api/v1/query", {"query": "up"})


@pytest.mark.parametrize(
    ("status", "text", "problem"),
    [
        (
            503,
            '{"status":"error","errorType":"timeout","error":"query timed out"}',
            "answers 503 to /x: query timed out",
        ),
        (404, "404 page not found\n", "answers 404 to /x: 404 page not found"),
        (200, "<html>", "answers 200 to /x: <html>"),
        (200, "[1]", "answers 200 to /x: .1."),
    ],
)
def test_what_query_refuses_is_told_in_its_words(status, text, problem):
    with pytest.raises(OperationError, match=problem):
        answer("/x", status, text)


class Log:
    """A log that comes in pieces."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces, self.released = pieces, False

    def stream(self, _):
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def release_conn(self):
        self.released = True


def test_a_log_is_read_line_by_line_as_it_comes(apac, api):  # noqa: F811
    log, asked = Log(b"on", b"e\ntwo \xc3", b"\xa9\n\xff", b"three"), {}

    def read(name, namespace, **options):
        asked.update(options, name=name)
        return log

    api.read_namespaced_pod_log = read
    assert apac.frontends() == ["apac-query-frontend-0"]
    assert list(apac.log("apac-query-frontend-0", 3600)) == ["one", "two é", "�three"]
    assert (asked["name"], asked["since_seconds"]) == ("apac-query-frontend-0", 3600)
    assert log.released


def test_a_log_that_breaks_off_or_is_refused_is_told(apac, api):  # noqa: F811
    api.read_namespaced_pod_log = lambda *_, **__: Log(b"a\n", urllib3.exceptions.ProtocolError("gone"))
    with pytest.raises(UnreachableError, match="the log of a broke off: gone"):
        list(apac.log("a", 1))

    def refuse(*_, **__):
        raise client.ApiException(status=403, reason="Forbidden")

    api.read_namespaced_pod_log = refuse
    with pytest.raises(OperationError, match="you need the right to get pods/log"):
        list(apac.log("a", 1))
