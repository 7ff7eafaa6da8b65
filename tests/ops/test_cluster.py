"""What is asked of the API server, of one that has the objects of the region's own stack."""

import signal
from types import SimpleNamespace

import pytest
import urllib3
from kubernetes import client, config
from kubernetes.stream import ws_client

from ops import interruption
from ops.cluster import Cluster, Pod, members
from ops.errors import OperationError, UnreachableError
from tests.stacks import built

REAL_CORE_API = client.CoreV1Api


class Api:
    """Lists the objects that the stack registers, and pods of its templates."""

    def __init__(self) -> None:
        self.objects = [found for found in built.build("apac").kubernetes() if found.kind != "Namespace"]
        self.deleted = []

    def _found(self, kind: str, namespace: str, selector: str) -> list[dict]:
        wanted = dict(pair.split("=") for pair in selector.split(","))
        manifests = [found.manifest for found in self.objects if found.kind == kind]
        assert all(manifest["metadata"]["namespace"] == namespace for manifest in manifests)
        return [manifest for manifest in manifests if wanted.items() <= manifest["metadata"]["labels"].items()]

    def list_namespaced_stateful_set(self, namespace, label_selector, **_):
        return listed(
            SimpleNamespace(metadata=SimpleNamespace(**found["metadata"]), spec=SimpleNamespace(**found["spec"]))
            for found in self._found("StatefulSet", namespace, label_selector)
        )

    def list_namespaced_pod(self, namespace, label_selector, **_):
        sets = [
            *self._found("StatefulSet", namespace, label_selector),
            *self._found("Deployment", namespace, label_selector),
        ]
        return listed(pod(f"{found['metadata']['name']}-0") for found in sets)

    def read_namespaced_config_map(self, name, namespace, **_):
        for found in self.objects:
            if found.kind == "ConfigMap" and found.manifest["metadata"]["name"] == name:
                return SimpleNamespace(data=found.manifest["data"])
        raise client.ApiException(status=404)

    def delete_namespaced_pod(self, name, namespace, body, **_):
        self.deleted.append((name, body.preconditions.uid))


def listed(items) -> SimpleNamespace:
    return SimpleNamespace(items=list(items))


def pod(name: str, *, ready: str = "True", phase: str = "Running", ending: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(
        metadata=SimpleNamespace(name=name, uid=f"uid of {name}", deletion_timestamp=ending),
        status=SimpleNamespace(phase=phase, conditions=[SimpleNamespace(type="Ready", status=ready)]),
    )


@pytest.fixture
def api(monkeypatch) -> Api:
    made = Api()
    monkeypatch.setattr(config, "new_client_from_config", lambda context: None)
    monkeypatch.setattr(client, "CoreV1Api", lambda _: made)
    monkeypatch.setattr(client, "AppsV1Api", lambda _: made)
    return made


@pytest.fixture
def apac(api) -> Cluster:
    return Cluster("somewhere", "observability", "apac")


def test_it_finds_the_receivers_of_the_stack(apac):
    assert apac.ingester_sets() == {"apac-receive-ingester": 3}
    assert members(apac.ring_file()) == 3
    assert [found.name for found in apac.ingesters()] == ["apac-receive-ingester-0"]
    assert [found.name for found in apac.routers()] == ["apac-receive-router-0"]
    assert [found.name for found in apac.stores()] == ["apac-store-0"]


def test_another_stack_in_the_namespace_is_left_alone(api):
    assert Cluster("somewhere", "observability", "eu").ingester_sets() == {}
    assert Cluster("somewhere", "observability", "eu").ring_file() is None


def test_a_pod_that_is_about_to_end_is_not_ready_and_one_that_has_ended_is_none(apac, api):
    pods = [pod("a"), pod("b", ready="False"), pod("c", ending="now"), pod("d", phase="Failed")]
    api.list_namespaced_pod = lambda *_, **__: listed(pods)
    assert [(found.name, found.ready) for found in apac.ingesters()] == [("a", True), ("b", False), ("c", False)]


def test_exactly_the_pod_that_was_seen_is_deleted(apac, api):
    apac.restart(Pod("a", "its uid", ready=True))
    assert api.deleted == [("a", "its uid")]


@pytest.mark.parametrize(
    ("raised", "told", "problem"),
    [
        (client.ApiException(status=403, reason="Forbidden"), OperationError, "you need the right to list pods"),
        (client.ApiException(status=500, reason="etcd"), UnreachableError, "answers 500: etcd"),
        (urllib3.exceptions.ProtocolError("broken"), UnreachableError, "does not answer: broken"),
    ],
)
def test_what_the_api_server_refuses_is_told_from_what_may_pass(apac, api, raised, told, problem):
    def refuse(*_, **__):
        raise raised

    api.list_namespaced_pod = refuse
    with pytest.raises(OperationError, match=problem) as error:
        apac.routers()
    assert type(error.value) is told


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (lambda: signal.raise_signal(signal.SIGINT), KeyboardInterrupt),
        (lambda: (_ for _ in ()).throw(OSError("handshake failed")), UnreachableError),
    ],
)
def test_what_happens_in_a_port_forward_comes_through_the_client(apac, api, monkeypatch, happens, told):
    """Ctrl-C, a broken connection: the client itself is run, down to the web socket."""

    monkeypatch.setattr(ws_client, "create_websocket", lambda *_: happens())
    real = REAL_CORE_API(client.ApiClient(client.Configuration(host="https://127.0.0.1:1")))
    api.connect_get_namespaced_pod_portforward = real.connect_get_namespaced_pod_portforward
    with pytest.raises(told), interruption.kept():
        apac.metrics("a")


def test_a_kubeconfig_without_the_context_is_told(monkeypatch):
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    with pytest.raises(OperationError, match="no usable context 'production'"):
        Cluster("production", "observability", "apac")
