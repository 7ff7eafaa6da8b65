"""The fleet on the local platform: an edge more is one line, and one line less shuts it out."""

import base64
import itertools
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from local import edges, node, platform, stacks
from local.certificates import trusting
from local.control_plane import CERTIFICATES
from tests import remote_write
from tests.live.cluster import api, get, kubectl, metric, pods, query, until
from tests.live.conftest import command

pytestmark = pytest.mark.live

REGION, NEW = "apac", "apac-3"
LINE = f"    - {{name: {NEW}, series: 1000, scrapeInterval: 5s, storage: 1Gi}}\n"
#: The region in which each edge is a tenant.
APART = "eu"
#: Of the metrics port of gateways.
METRICS_PORT = 9902


def edit(old: str, new: str, region: str = REGION) -> None:
    file = stacks.config_file(region)
    text = file.read_text()
    assert text.count(old) == 1, text
    file.write_text(text.replace(old, new))


def up(region: str = REGION) -> dict[str, int]:
    """`pulumi up`; how many resources were created, updated and deleted."""
    output = command("pulumi", "up", "--stack", region, "--yes", "--skip-preview", "--non-interactive").stdout
    assert "replaced" not in output, output
    return {what: int(number) for number, what in re.findall(r"(\d+) (created|updated|deleted)", output)}


def uids() -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in get("pods", "--all-namespaces")}


def credential(machine: node.Node, edge: str, region: str = REGION) -> dict[str, str]:
    return stacks.outputs(machine, region, secrets=True)["edges"][edge]


def send(machine: node.Node, token: str, labels: dict[str, str], region: str = REGION, **headers: str) -> int:
    """The status of one sample that is written to a region's gateway."""
    host = f"{region}-gateway.{region}.svc"
    address = f"https://{platform.service_address(host)}/api/v1/receive"
    sample = remote_write.body(labels, 1, int(time.time() * 1000))
    own = {**remote_write.HEADERS, "Authorization": f"Bearer {token}", "Host": host, **headers}
    request = urllib.request.Request(address, sample, own)
    try:
        with trusting(CERTIFICATES, host).open(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def refused(region: str = REGION) -> float:
    """How often the gateways of a region have answered 401."""
    return sum(
        metric(region, pod, "envoy_http_rq_direct_response", '="edges"', port=METRICS_PORT)
        for pod in pods(region, "gateway")
    )


@dataclass
class Grown:
    """A fifth edge, from its line in the stack file to its series in the global Query."""

    changes: dict[str, int]
    seconds: float
    pods_before: dict[str, str]
    pods_after: dict[str, str]


@pytest.fixture(scope="module")
def fifth(machine) -> Iterator[Grown]:
    before, file = uids(), stacks.config_file(REGION)
    written = file.read_text()
    try:
        edit("  observability:gateway:\n", f"{LINE}  observability:gateway:\n")
        changes = up()
        begun = time.monotonic()
        region = edges.settings(REGION)
        (edge,) = (edge for edge in region.edges if edge.name == NEW)
        edges.run(machine, region, edge, edges.FIRST_PORT + 90, **credential(machine, NEW))
        url = platform.query_url(machine, "global")
        until(lambda: query(url, f'up{{cluster="{NEW}"}}')["data"]["result"], 120, every=1)
        yield Grown(changes, time.monotonic() - begun, before, uids())
    finally:
        file.write_text(written)
        up()


def test_a_fifth_edge_is_one_line_and_is_in_the_global_query_within_a_minute(fifth):
    assert fifth.seconds < 60
    assert fifth.changes == {"created": 1, "updated": 1}, "its token, and the routes of the gateway"


def test_no_pod_is_restarted_for_it(fifth):
    assert fifth.pods_after == fifth.pods_before


def test_its_requests_go_to_all_routers_though_its_connections_stay(machine, fifth):
    def taken() -> dict[str, float]:
        having = 'handler="receive"'
        return {pod: metric(REGION, pod, "http_requests_total", having) for pod in pods(REGION, "receive-router")}

    before = taken()
    assert len(before) == 2
    until(lambda: all(now > before[pod] + 1 for pod, now in taken().items()), 60)


def test_its_token_is_shown_to_nobody_who_does_not_ask(machine, fifth):
    token = credential(machine, NEW)["token"]
    assert send(machine, token, {"__name__": "probe", "cluster": NEW}) == 200

    assert token not in command("pulumi", "stack", "output", "--json", "--stack", REGION).stdout
    assert token not in (stacks.BACKEND / ".pulumi/stacks/observability/apac.json").read_text()
    encoded = base64.b64encode(token.encode()).decode()
    config_maps = kubectl("get", "configmaps", "--all-namespaces", "-o", "yaml")
    workloads = kubectl("get", "pods,deployments,statefulsets", "--all-namespaces", "-o", "yaml")
    logs = [kubectl("logs", pod, f"--namespace={REGION}", "--tail=-1") for pod in pods(REGION, "gateway")]
    for text in (config_maps, workloads, *logs):
        assert token not in text
        assert encoded not in text


def test_the_token_of_one_edge_cannot_write_as_another(machine):
    """Where each edge is a tenant: whatever the request says, its series are those of the token's owner."""
    token, other = (credential(machine, edge, APART)["token"] for edge in ("eu-1", "eu-2"))
    assert token != other
    labels = {"__name__": "stolen", "cluster": "eu-2"}

    assert send(machine, token, labels, APART, **{"THANOS-TENANT": "eu-2"}) == 200
    before = refused(APART)
    assert send(machine, token[:-1] + ("a" if token[-1] != "a" else "b"), labels, APART) == 401
    assert refused(APART) == before + 1

    url = platform.query_url(machine, APART)
    found = until(lambda: query(url, "stolen")["data"]["result"], 30)
    assert [series["metric"]["tenant_id"] for series in found] == ["eu-1"]


def test_a_rotated_token_is_good_at_once_and_the_former_until_the_next(machine, fifth):
    former = credential(machine, NEW)["token"]
    edit(f"name: {NEW},", f"name: {NEW}, tokenRevision: 2,")
    assert up() == {"created": 1, "updated": 1}
    fresh = credential(machine, NEW)["token"]
    assert fresh != former

    labels = {"__name__": "probe", "cluster": NEW}
    until(lambda: send(machine, fresh, labels) == 200, 60)
    assert send(machine, former, labels) == 200
    edit(f"name: {NEW}, tokenRevision: 2,", f"name: {NEW},")
    up()


def test_an_edge_less_is_shut_out_at_once_and_its_data_stay(machine, fifth):
    """Its agent goes on trying. The kubelet hands the routes to the gateways: here within about 10 s."""
    url = platform.query_url(machine, "global")
    token = credential(machine, NEW)["token"]
    edit(LINE, "")
    begun = time.time()
    assert up() == {"deleted": 1, "updated": 1}
    until(lambda: send(machine, token, {"__name__": "probe", "cluster": NEW}) == 401, 60, every=0.5)
    shut = time.time()
    before = refused()
    until(lambda: refused() > before, 60)

    time.sleep(4 * edges.SCRAPE_INTERVAL_SECONDS)
    now = time.time()
    answer = query(url, f'up{{cluster="{NEW}"}}[{int(now - begun) + 60}s]', time=str(now))
    times = [at for series in answer["data"]["result"] for at, _ in series["values"]]
    assert times, "what it has written stays"
    assert max(times) < shut + edges.SCRAPE_INTERVAL_SECONDS
    assert shut - begun < 60
    others = api(
        url, "query_range", query='count by (cluster) (up{job="edge"})', start=str(begun), end=str(now), step="5"
    )
    for series in others["data"]["result"]:
        at = [float(value[0]) for value in series["values"]]
        if series["metric"]["cluster"] != NEW:
            assert all(later - earlier <= 5 for earlier, later in itertools.pairwise(at)), series


def test_fifty_edges_at_once_preview_clean(machine):
    file = stacks.config_file(REGION)
    text = file.read_text()
    lines = "".join(
        f"    - {{name: many-{number}, series: 50, scrapeInterval: 60s, storage: 1Gi}}\n" for number in range(50)
    )
    try:
        edit("  observability:gateway:\n", f"{lines}  observability:gateway:\n")
        output = command("pulumi", "preview", "--stack", REGION, "--non-interactive").stdout
    finally:
        file.write_text(text)
    assert "50 to create" in output, output
    assert "1 to update" in output, output
    assert "to delete" not in output
    assert "replace" not in output
