"""A region's Query, and what its Query Frontends have logged, through the API server."""

import json
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import cast

import urllib3

import labels
from ops.cluster import Cluster, explained
from ops.errors import OperationError, UnreachableError
from render import Document, network

#: Seconds. Query gives up after two minutes by itself.
TIMEOUT = 150

Ask = Callable[[str, Mapping[str, str]], Document]
"""Asks Query: path and parameters -> the answer, which has `data` and perhaps `warnings`."""


class ReadPath(Cluster):
    """One region's namespace, asked for what is stored and what is read."""

    def __init__(self, context: str, namespace: str, region: str) -> None:
        super().__init__(context, namespace, region)
        self._region = region

    def ask(self, path: str, parameters: Mapping[str, str]) -> Document:
        """The answer of a Query that is ready."""
        ready = self._ready(network.QUERY)
        if not ready:
            raise OperationError(f"no Query is ready in {self.where}: is the stack {self._region} up?")
        # Not every path takes a form, and this is the only one whose parameters may be too long for a URL.
        if path == "/api/v1/query":
            return answer(path, *self._request(ready[0], "POST", path, parameters, TIMEOUT))
        url = f"{path}?{urllib.parse.urlencode(parameters)}"
        return answer(path, *self._request(ready[0], "GET", url, timeout=TIMEOUT))

    def frontends(self) -> list[str]:
        """Pods that log queries."""
        return self._ready(network.QUERY_FRONTEND)

    def log(self, pod: str, seconds: int) -> Iterator[str]:
        """The lines of the last `seconds`, as far as the kubelet has them."""
        with explained("get pods/log", self.where):
            stream = self._core.read_namespaced_pod_log(
                pod, self._namespace, since_seconds=seconds, _preload_content=False, _request_timeout=TIMEOUT
            )
        rest = b""
        try:
            for chunk in stream.stream(1 << 16):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line.decode(errors="replace") for line in lines)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise UnreachableError(f"the log of {pod} broke off: {error}") from None
        finally:
            stream.release_conn()
        yield rest.decode(errors="replace")

    def _ready(self, component: str) -> list[str]:
        pods = self._pods(labels.selector(component, f"{self._region}-{component}"))
        return [pod.name for pod in pods if pod.ready]


def answer(path: str, status: int, text: str) -> Document:
    """The answer of the PromQL API. OperationError if it is none, or an error."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    found = cast("Document", document) if isinstance(document, dict) else {}
    if found.get("status") != "success":
        raise OperationError(f"Query answers {status} to {path}: {found.get('error') or text.strip()[:200]}")
    return found
