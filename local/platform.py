"""The whole local platform, in the order in which it comes up."""

import functools
import json
import time
import urllib.error
import urllib.parse
import urllib.request

from kubernetes import client, config
from rich.console import Console
from rich.table import Table

from local import (
    capabilities,
    control_plane,
    edges,
    gateways,
    images,
    kubelet,
    node,
    object_storage,
    progress,
    stacks,
    tools,
    volumes,
)
from local.paths import CACHE, STATE

#: One series per edge that is up, named by the labels that its region and the edge itself put on it.
QUERY = 'sum by (region, cluster) (up{job="edge"})'
#: Stack output -> who answers there. Not every stack has both.
PAGES = {"query_frontend_http_url": "Query Frontend", "query_http_url": "Query"}


class PlatformError(Exception):
    """The platform does not do what it should; the message says what was seen."""


def fetch_tools() -> int:
    tools.fetch((*tools.CONTROL_PLANE, *tools.CONTAINERS))
    return 0


def up() -> int:
    STATE.mkdir(exist_ok=True)
    lacking = capabilities.missing(STATE)
    for name in lacking:
        progress.say(f"This machine lacks {name}.", "yellow")
    if lacking:
        progress.say(
            "Pods cannot run here: going on with etcd, the API server, S3 and the three stacks alone.", "yellow"
        )
    tools.fetch(tools.CONTROL_PLANE if lacking else (*tools.CONTROL_PLANE, *tools.CONTAINERS))
    machine, parts = node.start(isolated=not lacking), set()
    control_plane.start(machine)
    object_storage.start(machine)
    if machine.isolated:
        kubelet.start_containerd(machine)
        parts = images.provide(machine)
        kubelet.start(machine)
        volumes.start(machine)
    gateways.provide()
    stacks.up(machine, parts)
    if lacking:
        progress.say(
            f"\nUp without pods after {progress.elapsed():.0f} s. Stacks: {', '.join(stacks.STACKS)}.", "yellow"
        )
        progress.say("Missing for the rest: " + "; ".join(lacking), "yellow")
        return 0
    edges.start(machine)
    show(machine, await_edges(machine))
    progress.say(f"Up after {progress.elapsed():.0f} s. `make down` stops it all.")
    return 0


def query() -> int:
    machine = node.current()
    if not machine or not machine.isolated:
        raise PlatformError("the local platform does not run (with pods): start it with `make up`")
    show(machine, instant(machine, QUERY))
    return 0


def down() -> int:
    with progress.step("stopping the local platform"):
        node.stop()
        node.forget()
    progress.say(f"Stopped; nothing of it runs or is mounted. Built tools stay in {CACHE}.")
    return 0


def await_edges(machine: node.Node, seconds: float = 240) -> list[dict]:
    """The query's result once every edge is in it. The kubelet takes up to a minute to hand a new ring to the
    routers.
    """
    expected = edges.expected()
    with progress.step(f"waiting for all {len(expected)} edges in the global query"):
        deadline = time.monotonic() + seconds
        result: list[dict] = []
        while time.monotonic() < deadline:
            result = instant(machine, QUERY)
            if _edges(result) >= expected:
                return result
            time.sleep(2)
    absent = ", ".join(sorted(edge for _, edge in expected - _edges(result)))
    raise PlatformError(f"after {seconds:.0f} s the global query does not show: {absent}. Logs are in {node.LOGS}.")


def instant(machine: node.Node, promql: str, stack: str = "global", **parameters: str) -> list[dict]:
    """The result of an instant query through the Query of a stack; empty while it does not answer."""
    address = f"{query_url(machine, stack)}/api/v1/query?{urllib.parse.urlencode({'query': promql, **parameters})}"
    try:
        with urllib.request.urlopen(address, timeout=30) as response:
            return json.load(response)["data"]["result"]
    except urllib.error.HTTPError as error:
        raise PlatformError(f"{address} answers {error.code}: {error.read().decode(errors='replace')[:500]}") from None
    except OSError:
        return []


def query_url(machine: node.Node, stack: str) -> str:
    """URL of the stack's Query as the host reaches it."""
    return reached(outputs(machine, stack)["query_http_url"])


def outputs(machine: node.Node, stack: str) -> dict[str, str]:
    """What the stack says of itself."""
    return stacks.outputs(machine, stack)["region" if stack in stacks.REGIONS else "global"]


def reached(url: str) -> str:
    """The URL with the Service's address in place of its name, since the host has no cluster DNS."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=f"{service_address(parts.hostname)}:{parts.port}").geturl()


@functools.cache
def service_address(host: str) -> str:
    """Cluster IP of `<service>.<namespace>.svc…`."""
    service, namespace, *_ = host.split(".")
    api = client.CoreV1Api(config.new_client_from_config(str(control_plane.KUBECONFIG)))
    return api.read_namespaced_service(service, namespace).spec.cluster_ip


def show(machine: node.Node, result: list[dict]) -> None:
    progress.say(f"\n{QUERY}   (asked of the global Query)")
    table = Table()
    for column in ("region", "cluster", "up"):
        table.add_column(column)
    for series in sorted(result, key=lambda series: sorted(series["metric"].items())):
        table.add_row(series["metric"].get("region"), series["metric"].get("cluster"), series["value"][1])
    Console().print(table)
    for stack in reversed(stacks.STACKS):
        known = outputs(machine, stack)
        for output, name in PAGES.items():
            if output in known:
                progress.say(f"  {name} {stack}: {reached(known[output])}")


def _edges(result: list[dict]) -> set[tuple[str | None, str | None]]:
    return {(series["metric"].get("region"), series["metric"].get("cluster")) for series in result}
