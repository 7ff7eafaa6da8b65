"""What live tests ask of the running platform."""

import itertools
import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import TypeVar

from local import edges
from tests.live.conftest import command

T = TypeVar("T")
#: What Grafana allows a query by default. A pod that dies may swallow packets, and Query then waits once for gRPC's
#: connect time-out, 20 s (measured), before it answers from the other copies.
CLIENT_SECONDS = 30


def kubectl(*arguments: str, stdin: str = "") -> str:
    return command("kubectl", *arguments, stdin=stdin).stdout


def get(kind: str, *arguments: str) -> list[dict]:
    return json.loads(kubectl("get", kind, "-o", "json", *arguments))["items"]


def pods(namespace: str, component: str) -> list[str]:
    """Names of a component's pods, sorted."""
    found = get("pods", f"--namespace={namespace}", f"--selector=app.kubernetes.io/component={component}")
    return sorted(pod["metadata"]["name"] for pod in found)


def api(url: str, path: str, **parameters: str) -> dict:
    """One request to the API of Prometheus; raises on anything but success. The whole answer, warnings included."""
    address = f"{url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(address, timeout=CLIENT_SECONDS) as response:
        return json.load(response)


def query(url: str, promql: str, **parameters: str) -> dict:
    """One instant query."""
    return api(url, "query", query=promql, **parameters)


def gaps(url: str, selector: str, begin: float, end: float, **parameters: str) -> list[str]:
    """What lacks samples between two moments: an edge scrapes every 5 s. Fails if there are hardly any series."""
    answer = query(url, f"{selector}[{int(end - begin)}s]", time=str(end), **parameters)
    series = answer["data"]["result"]
    assert len(series) > 100, answer
    found = []
    for one in series:
        times = [begin, *(at for at, _ in one["values"]), end]
        if wide := [(a, b) for a, b in itertools.pairwise(times) if b - a >= 1.5 * edges.SCRAPE_INTERVAL_SECONDS]:
            found.append(f"{one['metric']} has no sample within {wide}")
    return found


def metric(namespace: str, pod: str, name: str, having: str = "", port: int = 10902) -> float:
    """The sum of a metric's series on a pod, of those whose labels contain the text `having`."""
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy/metrics"
    lines = [line for line in kubectl("get", "--raw", path).splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if having in line)


def until(check: Callable[[], T], seconds: float, every: float = 2.0) -> T:
    """What `check` returns as soon as that is true. Fails with its last answer after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s; the last answer was {found!r}"
        time.sleep(every)
    return found
