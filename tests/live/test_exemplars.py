"""A slow request at an edge: its exemplar is found in the global query, and by that its trace, where Tempo runs."""

import base64
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

import pytest

from local import edges, node, platform, stacks
from tests.live.cluster import api, get, query, until

pytestmark = pytest.mark.live

SECONDS, BUCKET = 0.7, "0.75"
HISTOGRAM = "checkout_request_duration_seconds_bucket"


@dataclass(frozen=True)
class Slow:
    """A request that took longer than any other of the example service."""

    region: str
    cluster: str
    trace_id: str
    at: float


@pytest.fixture(scope="module", params=stacks.REGIONS)
def slow(machine, request) -> Slow:
    region, at = request.param, time.time()
    port = edges.FIRST_PORT + stacks.REGIONS.index(region) * edges.PORTS_PER_REGION + edges.CHECKOUT
    with urllib.request.urlopen(f"http://{machine.address}:{port}/checkout?seconds={SECONDS}", data=b"") as response:
        return Slow(region, edges.settings(region).edges[0].name, response.read().decode(), at)


def found(machine: node.Node, stack: str, slow: Slow) -> dict[str, str]:
    """The labels of the series whose exemplar is the request's trace, as a stack's Query knows it; none yet: empty."""
    times = {"start": str(slow.at - 60), "end": str(time.time() + 60)}
    answer = api(platform.query_url(machine, stack), "query_exemplars", query=HISTOGRAM, **times)
    assert not answer.get("warnings")
    for series in answer["data"]:
        if slow.trace_id in [exemplar["labels"]["trace_id"] for exemplar in series["exemplars"]]:
            return series["seriesLabels"]
    return {}


def test_the_request_is_a_series_with_an_exemplar_in_receive(machine, slow):
    labels = until(lambda: found(machine, slow.region, slow), seconds=60)

    assert (labels["cluster"], labels["le"]) == (slow.cluster, BUCKET)
    counted = query(
        platform.query_url(machine, slow.region),
        f'{HISTOGRAM}{{cluster="{slow.cluster}", le="{BUCKET}"}} - ignoring(le) {HISTOGRAM}{{le="0.5"}}',
    )
    assert [float(series["value"][1]) >= 1 for series in counted["data"]["result"]] == [True]


def test_the_global_query_has_its_exemplar_in_the_region_where_it_was(machine, slow):
    labels = until(lambda: found(machine, "global", slow), seconds=60)

    assert (labels["region"], labels["cluster"]) == (slow.region, slow.cluster)


@pytest.fixture
def tempo(machine, slow) -> str:
    """URL of the Tempo of the request's region."""
    if not platform.outputs(machine, slow.region)["tempo_http_url"]:
        pytest.skip("Tempo did not run: its image cannot be pulled here, so no trace was stored and none was fetched")
    [pod] = get("pods", f"--namespace={slow.region}", "--selector=app.kubernetes.io/component=tempo")
    return f"http://{pod['status']['podIP']}:3200"


def spans(trace: dict) -> set[str]:
    batches = trace.get("batches") or trace.get("resourceSpans") or trace["trace"]["resourceSpans"]
    return {span["name"] for batch in batches for scope in batch["scopeSpans"] for span in scope["spans"]}


def fetched(request: urllib.request.Request | str) -> dict | None:
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise


def test_its_trace_is_fetched_by_the_id_of_the_exemplar(machine, slow, tempo):
    trace = until(lambda: fetched(f"{tempo}/api/traces/{slow.trace_id}"), seconds=60)

    assert spans(trace) == {"POST /checkout", "charge card"}


def test_tempo_makes_metrics_of_the_spans_with_the_edges_cluster(machine, slow, tempo):
    promql = f'traces_spanmetrics_calls_total{{service="checkout", cluster="{slow.cluster}"}}'
    series = until(lambda: query(platform.query_url(machine, "global"), promql)["data"]["result"], seconds=120)

    assert {one["metric"]["region"] for one in series} == {slow.region}


@pytest.mark.parametrize("stack", ["global", "of the region"])
def test_grafana_leads_to_the_same_trace(machine, slow, tempo, stack):
    stack = slow.region if stack == "of the region" else stack
    exported = stacks.outputs(machine, stack, secrets=True)
    url = platform.outputs(machine, stack)["grafana_url"]
    if not url:
        pytest.skip("Grafana did not run: its image cannot be pulled here, so nobody followed the link to the trace")
    password = exported["grafana_admin_password"]
    request = urllib.request.Request(
        f"{platform.reached(url)}/api/datasources/proxy/uid/tempo-{slow.region}/api/traces/{slow.trace_id}",
        headers={"Authorization": "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()},
    )

    assert spans(until(lambda: fetched(request), seconds=60)) == {"POST /checkout", "charge card"}
