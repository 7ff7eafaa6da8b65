"""An edge's agent as the real program, in front of a gate that can shut, and its chart's resource before a real API."""

import json
import ssl
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from kubernetes import client, config

from local import certificates, tools
from render import agent, filters
from tests.agents import AGENT
from tests.binaries import free_ports, running

pytestmark = pytest.mark.plugins

HOST, TOKEN, WAIT_SECONDS = "127.0.0.1", "s3cret", 120
#: The operator of the chart `versions.KUBE_PROMETHEUS_STACK` (its appVersion).
OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.93.1"
KEPT = {"scrapes_total", "shop_orders", "go_goroutines", "apiserver_request_duration_seconds_count"}
DROPPED = {
    "go_gc_duration_seconds",
    "go_gc_duration_seconds_sum",
    "kubernetes_feature_enabled",
    "container_tasks_state",
}
#: With an exemplar.
HISTOGRAM = """\
# TYPE apiserver_request_duration_seconds histogram
apiserver_request_duration_seconds_bucket{le="+Inf"} 1 # {trace_id="abc"} 0.5
apiserver_request_duration_seconds_count 1
# TYPE shop_seconds histogram
shop_seconds_bucket{le="+Inf"} 1 # {trace_id="abc"} 0.5
"""


@dataclass
class Edge:
    """An agent that scrapes a page and writes to a Prometheus through a gate, which asks for the token."""

    receiver: str
    """URL."""
    answer: int | None = None
    """What the gate says instead of letting anything through."""
    scrapes: int = 0
    """How often the page was asked for."""
    refused: list[int] = field(default_factory=list)
    """What the gate has said instead."""

    def page(self) -> str:
        self.scrapes += 1
        plain = sorted({*KEPT, *DROPPED} - {"scrapes_total", "apiserver_request_duration_seconds_count"})
        lines = [f"scrapes_total {self.scrapes}", *(f"{name} 1" for name in plain)]
        return "\n".join(lines) + "\n" + HISTOGRAM + "# EOF\n"

    def take(self, headers: dict[str, str], body: bytes) -> int:
        status = self.answer or (None if headers["Authorization"] == f"Bearer {TOKEN}" else 401)
        if status:
            self.refused.append(status)
            return status
        passed = {name: headers[name] for name in headers if name.startswith(("Content-", "X-Prometheus"))}
        request = urllib.request.Request(f"{self.receiver}/api/v1/write", body, passed)
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status

    def ask(self, path: str, **parameters: str) -> list:
        url = f"{self.receiver}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=30) as response:
            data = json.load(response)["data"]
        return data["result"] if isinstance(data, dict) else data

    def samples(self, series: str) -> list[int]:
        """All samples of a series, oldest first."""
        return [int(value) for found in self.ask("query", query=f"{series}[1h]") for _, value in found["values"]]


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    tools.fetch([tools.PROMETHEUS])
    folder = tmp_path_factory.mktemp("edge")
    certificates.create(folder / "certificates", f"https://{HOST}", [HOST])
    receiver, own = free_ports(2)
    edge = Edge(f"http://{HOST}:{receiver}")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "certificates/api-server.crt", folder / "certificates/api-server.key")
    page = _serve(edge)
    gate = _serve(edge, context)
    (folder / "token").write_text(TOKEN)
    (folder / "empty.yml").write_text("{}")
    text = agent.prometheus_yml(
        agent.Agent(
            edge="apac-1",
            labels={"price": "5$"},
            series=100,
            scrape_interval="2s",
            replicas=1,
            url=f"https://{HOST}:{gate.server_port}/api/v1/receive",
            relabeling=filters.relabeling("default", {}),
            storage="10Gi",
            own_ca=True,
        ),
        replica="agent-0",
        scrape_configs=[{"job_name": "page", "static_configs": [{"targets": [f"{HOST}:{page.server_port}"]}]}],
        token_file=str(folder / "token"),
        ca_file=str(folder / "certificates/ca.crt"),
    )
    (folder / "agent.yml").write_text(text)
    program = tools.PROMETHEUS.program("prometheus")
    server = [
        program,
        f"--config.file={folder / 'empty.yml'}",
        f"--storage.tsdb.path={folder / 'receiver'}",
        f"--web.listen-address={HOST}:{receiver}",
        "--web.enable-remote-write-receiver",
        "--enable-feature=exemplar-storage",
    ]
    process = [
        program,
        "--agent",
        f"--config.file={folder / 'agent.yml'}",
        f"--storage.agent.path={folder / 'agent'}",
        f"--web.listen-address={HOST}:{own}",
        *(f"--{name}={value}" for name, value in agent.flags().items()),
    ]
    with running(server, folder / "receiver.log"):
        _eventually(lambda: edge.ask("query", query="1"), folder)
        with running(process, folder / "agent.log"):
            _eventually(lambda: len(edge.samples("scrapes_total")) >= 2, folder)
            yield edge
    for each in (page, gate):
        each.shutdown()


def _serve(edge: Edge, context: ssl.SSLContext | None = None) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(200, edge.page().encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._reply(edge.take(self.headers, body), b"")

        def _reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _eventually(check: Callable[[], object], folder: Path | None = None) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            if check():
                return
        except OSError:
            pass  # not up yet
        time.sleep(0.5)
    logs = "\n".join(path.read_text()[-1500:] for path in folder.glob("*.log")) if folder else ""
    raise AssertionError(f"it did not happen\n{logs}")


def test_exactly_the_names_that_the_profile_keeps_arrive(edge):
    names = {name for name in edge.ask("label/__name__/values") if not name.startswith("scrape_")}
    assert names == {*KEPT, "shop_seconds_bucket", "up"}


def test_a_series_tells_its_edge_and_its_replica(edge):
    (found,) = edge.ask("query", query="shop_orders")
    labels = found["metric"]
    assert (labels["cluster"], labels["price"], labels["prometheus_replica"]) == ("apac-1", "5$", "agent-0")


def test_exemplars_come_along(edge):
    (found,) = edge.ask("query_exemplars", query="shop_seconds_bucket", start="0", end=str(time.time() + 60))
    assert found["exemplars"][0]["labels"] == {"trace_id": "abc"}


def test_every_sample_of_an_outage_arrives_once_it_is_over(edge):
    for edge.answer in (429, 503):
        enough = edge.scrapes + 4
        _eventually(lambda enough=enough: edge.scrapes >= enough and edge.answer in edge.refused)
    edge.answer = None
    last = edge.scrapes
    assert edge.samples("scrapes_total")[-1] < last - 6, "there was no outage"
    _eventually(lambda: edge.samples("scrapes_total")[-1] > last)
    arrived = edge.samples("scrapes_total")
    assert arrived == sorted(set(arrived))
    # A scrape may take too long on a busy machine: then the agent has no sample, and says so.
    assert len(set(range(1, arrived[-1] + 1)) - set(arrived)) == edge.samples("up").count(0)


@pytest.fixture(scope="module")
def agents(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict], object]:
    """Asks the API server, which knows the operator's resources, whether it takes the spec of a PrometheusAgent."""
    env = {"PATH": tools.search_path(), "HOME": str(Path.home()), "GOTOOLCHAIN": "local"}
    command = ["go", "mod", "download", "-json", OPERATOR]
    done = subprocess.run(command, cwd=tmp_path_factory.mktemp("module"), env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = Path(json.loads(done.stdout)["Dir"], "example/prometheus-operator-crd")
    definition = yaml.safe_load((folder / "monitoring.coreos.com_prometheusagents.yaml").read_text())
    api = config.new_client_from_config(str(kubeconfig))
    client.ApiextensionsV1Api(api).create_custom_resource_definition(definition)
    group, version, plural = "monitoring.coreos.com", "v1alpha1", "prometheusagents"

    def create(spec: dict) -> object:
        body = {
            "apiVersion": f"{group}/{version}",
            "kind": "PrometheusAgent",
            "metadata": {"name": "edge", "namespace": "default"},
            "spec": spec,
        }
        return client.CustomObjectsApi(api).create_namespaced_custom_object(
            group, version, "default", plural, body, dry_run="All", field_validation="Strict"
        )

    def served() -> bool:
        try:
            return bool(client.CustomObjectsApi(api).list_namespaced_custom_object(group, version, "default", plural))
        except client.ApiException:
            return False

    _eventually(served)
    return create


def _spec() -> dict:
    """What the chart passes on to the PrometheusAgent as it is; storageSpec is `storage` there."""
    made = replace(AGENT, relabeling=filters.relabeling("lean", {}))
    values = agent.chart_values(made, {})["prometheus"]["prometheusSpec"]
    of_the_chart = ("image", "storageSpec", "prometheusExternalLabelNameClear")
    passed = {
        name: value
        for name, value in values.items()
        if name not in of_the_chart and not name.endswith("NilUsesHelmValues")
    }
    return {**passed, "storage": values["storageSpec"]}


def test_the_charts_resource_is_what_the_operator_knows(agents):
    taken = agents(_spec())["spec"]
    assert {**taken, **_spec()} == taken, "with its own defaults, and nothing pruned"


@pytest.mark.parametrize("misspelt", ["retryOnHttp429", "max_backoff"])
def test_a_misspelt_setting_is_refused(misspelt, agents):
    spec = _spec()
    spec["remoteWrite"][0]["queueConfig"][misspelt] = "30s"
    with pytest.raises(client.ApiException, match=f"unknown field .*{misspelt}"):
        agents(spec)
