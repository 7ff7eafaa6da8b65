"""The stand-in kubernetes plugin: its life in the real engine, against a real API server without nodes."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from kubernetes import client

from tests.plugins.engine import Stack
from tests.plugins.world import World, failed, succeeded

pytestmark = pytest.mark.plugins


def test_objects_are_created_left_alone_updated_in_place_and_deleted(world: World):
    body = """
own = k8s.core.v1.Namespace("own", metadata={{"name": NAMESPACE + "-own"}})
k8s.apps.v1.Deployment("web", metadata=dict(name="web", namespace=own.metadata.name), spec=dict(
    replicas=0, selector=dict(match_labels={{"app": "web"}}), {spec}
    template=dict(metadata=dict(labels={{"app": "web"}}), spec=dict(containers=[dict(
        name="web", image="web:1", resources=dict(requests={{"cpu": "0.5"}}))]))))
"""
    own = f"{world.namespace}-own"
    world.program(body.format(spec="min_ready_seconds=3,"))
    assert succeeded(world.stack.preview()).changes == {"create": 3}
    assert succeeded(world.stack.up()).changes == {"create": 3}
    assert succeeded(world.stack.up()).changes == {"same": 3}
    # The server writes 0.5 as 500m, and adds dozens of defaults.
    assert succeeded(world.stack.refresh()).changes == {"same": 3}

    world.program(body.format(spec="paused=True,"))
    assert succeeded(world.stack.preview()).changes == {"update": 1, "same": 2}
    assert succeeded(world.stack.up()).changes == {"update": 1, "same": 2}
    spec = client.AppsV1Api(world.core.api_client).read_namespaced_deployment("web", own).spec
    assert spec.paused is True
    assert not spec.min_ready_seconds, "a field that the program no longer sets must go"

    assert succeeded(world.stack.destroy()).changes == {"delete": 3}
    assert own not in [item.metadata.name for item in world.core.list_namespace().items], "it did not wait for the end"


def test_a_change_of_config_map_data_replaces_a_named_one_in_its_place_and_an_autonamed_one_beside_it(world: World):
    body = """
k8s.core.v1.ConfigMap("named", metadata=meta("named"), data={{"key": "{value}"}})
auto = k8s.core.v1.ConfigMap("auto", metadata={{"namespace": NAMESPACE}}, data={{"key": "{value}"}})
pulumi.export("auto", auto.metadata.name)
"""
    world.program(body.format(value="one"))
    succeeded(world.stack.up())
    before, auto = world.config_map("named"), world.stack.outputs()["auto"]
    assert auto.startswith("auto-")
    assert succeeded(world.stack.up()).changes == {"same": 3}

    world.program(body.format(value="two"))
    assert succeeded(world.stack.preview()).changes == {"replace": 2, "same": 1}
    text = succeeded(world.stack.up()).text
    assert text.index("ConfigMap named deleting original") < text.index("ConfigMap named creating replacement"), text
    assert text.index("ConfigMap auto creating replacement") < text.index("ConfigMap auto deleting original"), text
    after = world.config_map("named")
    assert (after.data, after.metadata.uid != before.metadata.uid) == ({"key": "two"}, True)
    assert world.stack.outputs()["auto"] != auto
    names = {item.metadata.name for item in world.core.list_namespaced_config_map(world.namespace).items}
    assert names - {"kube-root-ca.crt"} == {"named", world.stack.outputs()["auto"]}


def test_an_explicit_provider_takes_contents_a_namespace_and_mutable_config_maps(world: World):
    body = """
provider = k8s.Provider("cluster", kubeconfig=open("{kubeconfig}").read(), context="observability-local",
                        namespace=NAMESPACE, enable_config_map_mutable=True)
k8s.core.v1.ConfigMap("rings", metadata={{"name": "rings"}}, data={{"key": "{value}"}},
                      opts=ResourceOptions(provider=provider))
"""
    world.program(body.format(value="one", kubeconfig=world.kubeconfig))
    succeeded(world.stack.up())
    before = world.config_map("rings")
    world.program(body.format(value="two", kubeconfig=world.kubeconfig))
    assert succeeded(world.stack.up()).changes["update"] == 1
    after = world.config_map("rings")
    assert (after.data, after.metadata.uid) == ({"key": "two"}, before.metadata.uid)


def test_refresh_sees_drift_and_deletion_and_up_restores_both(world: World):
    world.program("""
k8s.core.v1.Service("web", metadata=meta("web"), spec=dict(
    session_affinity="ClientIP", ports=[dict(name="http", port=80, target_port=8080), dict(name="grpc", port=90)]))
k8s.core.v1.Service("gone", metadata=meta("gone"), spec=dict(ports=[dict(port=80)]))
""")
    succeeded(world.stack.up())
    # Somebody else's additions are nothing that `up` would take back, so they are no drift.
    world.core.patch_namespaced_service("web", world.namespace, {"metadata": {"labels": {"team": "sre"}}})
    assert succeeded(world.stack.refresh()).changes == {"same": 3}

    drift = {"sessionAffinity": "None", "ports": [{"port": 80, "targetPort": 8081}]}
    world.core.patch_namespaced_service("web", world.namespace, {"spec": drift})
    world.core.delete_namespaced_service("gone", world.namespace)
    assert succeeded(world.stack.refresh()).changes == {"same": 1, "update": 1, "delete": 1}
    recorded = world.stack.state()["web"]["inputs"]["spec"]
    assert recorded["sessionAffinity"] == "None"
    assert recorded["ports"] == [{"name": "http", "port": 80, "targetPort": 8081}, {"name": "grpc", "port": 90}]
    assert succeeded(world.stack.preview()).changes == {"same": 1, "update": 1, "create": 1}
    assert succeeded(world.stack.up()).changes == {"same": 1, "update": 1, "create": 1}
    spec = world.core.read_namespaced_service("web", world.namespace).spec
    assert (spec.session_affinity, [port.target_port for port in spec.ports]) == ("ClientIP", [8080, 90])
    assert world.core.read_namespaced_service("gone", world.namespace).spec.ports[0].port == 80
    assert succeeded(world.stack.refresh()).changes == {"same": 3}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # An unknown field passes the SDK and its mocks; only the server knows.
        (
            'k8s.core.v1.Service("x", metadata=meta("x"), spec={"ports": [{"port": 80}], "bogus": 1})',
            ".spec.bogus: field not declared in schema",
        ),
        (
            'k8s.core.v1.Service("x", metadata={"name": "x", "namespace": "later"}, spec={"ports": [{"port": 0}]})',
            "must be between 1 and 65535",
        ),
        (
            'k8s.apiextensions.CustomResource("x", api_version="apps/v1", kind="Deploymnt", metadata=meta("x"))',
            "no kind Deploymnt in apps/v1",
        ),
        ('k8s.core.v1.ConfigMapPatch("x", metadata=meta("x"), data={})', "kubernetes:core/v1:ConfigMapPatch"),
        ('k8s.core.v1.ConfigMapList("x", items=[])', "kubernetes:core/v1:ConfigMapList"),
        # API servers quote what they reject.
        (
            'k8s.core.v1.Service("x", metadata=meta("x"), spec={"ports": [{"port": 80, "name": '
            'pulumi.Output.secret("Not-A-Name")}]})',
            '"[secret]"',
        ),
    ],
)
def test_an_object_that_the_api_server_would_reject_is_refused_at_preview(world: World, body: str, expected: str):
    world.program(body)
    text = failed(world.stack.preview())
    assert expected in text.replace('\\"', '"'), text
    assert "Not-A-Name" not in text


def test_an_object_that_exists_already_is_not_taken_over(world: World):
    world.core.create_namespaced_config_map(world.namespace, {"metadata": {"name": "theirs"}, "data": {"a": "1"}})
    world.program('k8s.core.v1.ConfigMap("mine", metadata=meta("theirs"), data={"a": "2"})')
    assert f"ConfigMap {world.namespace}/theirs exists already" in failed(world.stack.up())
    assert world.config_map("theirs").data == {"a": "1"}


def test_secrets_stay_secret_in_state_and_cause_no_diff(world: World):
    world.program("""
k8s.core.v1.Secret("login", metadata=meta("login"), string_data={"password": "hunter22-in-the-clear"})
k8s.core.v1.ConfigMap("mixed", metadata=meta("mixed"), data={"token": pulumi.Output.secret("hunter22-in-a-map")})
""")
    text = succeeded(world.stack.up()).text
    encoded = world.core.read_namespaced_secret("login", world.namespace).data["password"]
    recorded = json.dumps(world.stack.state())
    for revealing in ("hunter22-in-the-clear", "hunter22-in-a-map", encoded):
        assert revealing not in recorded
        assert revealing not in text
    assert succeeded(world.stack.up()).changes == {"same": 3}
    assert succeeded(world.stack.refresh()).changes == {"same": 3}
    world.core.patch_namespaced_secret("login", world.namespace, {"stringData": {"password": "drifted-in-the-clear"}})
    assert succeeded(world.stack.refresh()).changes == {"same": 2, "update": 1}
    assert "drifted-in-the-clear" not in json.dumps(world.stack.state())


def test_a_deployment_that_does_not_get_ready_fails_with_the_last_events_and_is_awaited_again(world: World):
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    world.core.create_namespaced_resource_quota(world.namespace, quota)
    world.program("""
k8s.apps.v1.Deployment("web", metadata=meta("web"), spec=dict(
    replicas=1, selector=dict(match_labels={"app": "web"}), template=dict(metadata=dict(labels={"app": "web"}),
    spec=dict(containers=[dict(name="web", image="web:1")]))), opts=ResourceOptions(custom_timeouts=dict(create="4s")))
""")
    text = failed(world.stack.up())
    assert f"Deployment {world.namespace}/web: not ready after 4 s: 0 of 1 replicas" in text, text
    assert "event: ReplicaSet web-" in text, text
    assert "exceeded quota" in text, text
    assert "initErrors" in world.stack.state()["web"], "it exists, so it must be in the state"

    world.core.delete_namespaced_resource_quota("none", world.namespace)
    with InBackground(lambda: make_pods_ready(world)):
        succeeded(world.stack.up())
    assert "initErrors" not in world.stack.state()["web"]
    assert world.stack.state()["web"]["outputs"]["status"]["availableReplicas"] == 1


def test_awaiting_can_be_turned_off_for_a_machine_that_runs_no_pods(world: World):
    world.program("""
k8s.core.v1.Pod("pod", metadata=meta("pod"), spec=dict(containers=[dict(name="web", image="web:1")]))
k8s.core.v1.Service("web", metadata=meta("web"), spec=dict(selector={"app": "web"}, ports=[dict(port=80)]))
""")
    succeeded(world.stack.up(PULUMI_K8S_STAND_IN_AWAIT="false"))


def test_what_can_never_have_endpoints_or_a_volume_yet_is_not_awaited(world: World):
    world.program("""
k8s.core.v1.Service("headless", metadata=meta("headless"), spec=dict(
    cluster_ip="None", selector={"app": "web"}, ports=[dict(port=80)]))
k8s.core.v1.Service("bare", metadata=meta("bare"), spec=dict(ports=[dict(port=80)]))
k8s.core.v1.Service("alias", metadata=meta("alias"), spec=dict(type="ExternalName", external_name="example.com"))
k8s.core.v1.Service("waits", metadata=meta("waits"), spec=dict(selector={"app": "web"}, ports=[dict(port=80)]),
                    opts=ResourceOptions(custom_timeouts=dict(create="3s")))
late = k8s.storage.v1.StorageClass("late", metadata=dict(name=NAMESPACE), provisioner="none/none",
                                   volume_binding_mode="WaitForFirstConsumer")
k8s.core.v1.PersistentVolumeClaim("claim", metadata=meta("claim"), spec=dict(
    storage_class_name=late.metadata.name, access_modes=["ReadWriteOnce"], resources=dict(requests={"storage": "1Gi"})))
""")
    text = failed(world.stack.up())
    assert "no ready endpoint (0 pods match its selector)" in text, text
    assert {name for name, entry in world.stack.state().items() if "initErrors" in entry} == {"waits"}
    succeeded(world.stack.destroy())


def test_kinds_without_a_controller_are_neither_awaited_nor_seen_as_drifted(world: World):
    world.program("""
k8s.scheduling.v1.PriorityClass("first", metadata={"name": NAMESPACE}, value=1000)
k8s.networking.v1.NetworkPolicy("wall", metadata=meta("wall"), spec=dict(
    pod_selector=dict(match_labels={"app": "web"}), policy_types=["Ingress"],
    ingress=[dict(from_=[dict(pod_selector={})], ports=[dict(port="http")])]))
role = k8s.rbac.v1.Role("reader", metadata=meta("reader"), rules=[
    dict(api_groups=[""], resources=["pods"], verbs=["get", "list", "watch"])])
k8s.rbac.v1.RoleBinding("reader", metadata=meta("reader"), subjects=[dict(kind="ServiceAccount", name="default")],
    role_ref=dict(api_group="rbac.authorization.k8s.io", kind="Role", name=role.metadata.name))
""")
    assert succeeded(world.stack.up()).changes == {"create": 5}
    assert succeeded(world.stack.refresh()).changes == {"same": 5}
    assert succeeded(world.stack.up()).changes == {"same": 5}
    succeeded(world.stack.destroy())


def test_a_custom_resource_whose_definition_is_not_installed_is_named(world: World):
    world.program("""
k8s.apiextensions.CustomResource("tls", api_version="cert-manager.io/v1", kind="Certificate", metadata=meta("tls"),
                                 spec={"secretName": "tls"})
""")
    succeeded(world.stack.preview())
    text = failed(world.stack.up())
    assert "knows no kind Certificate in cert-manager.io/v1 (is its CustomResourceDefinition installed?)" in text, text


def test_a_custom_resource_may_come_with_its_definition(world: World):
    world.program("""
crd = k8s.apiextensions.v1.CustomResourceDefinition("crd", metadata={"name": f"things.{NAMESPACE}.example.com"},
    spec=dict(group=NAMESPACE + ".example.com", scope="Cluster", names=dict(plural="things", kind="Thing"),
    versions=[dict(name="v1", served=True, storage=True, schema=dict(open_apiv3_schema=dict(type="object",
        properties=dict(spec=dict(type="object", properties=dict(size=dict(type="integer")))))))]))
k8s.apiextensions.CustomResource("thing", api_version=NAMESPACE + ".example.com/v1", kind="Thing",
    metadata={"name": "thing"}, spec={"size": 3}, opts=ResourceOptions(depends_on=[crd]))
""")
    succeeded(world.stack.preview())
    assert succeeded(world.stack.up()).changes == {"create": 3}
    assert succeeded(world.stack.up()).changes == {"same": 3}
    assert succeeded(world.stack.refresh()).changes == {"same": 3}
    assert succeeded(world.stack.destroy()).changes == {"delete": 3}


def test_an_existing_object_can_be_imported(world: World):
    world.core.create_namespaced_config_map(world.namespace, {"metadata": {"name": "theirs"}, "data": {"a": "1"}})
    world.program(f"""
k8s.core.v1.ConfigMap("mine", metadata=meta("theirs"), data={{"a": "1"}},
                      opts=ResourceOptions(import_="{world.namespace}/theirs"))
""")
    assert succeeded(world.stack.up()).changes == {"import": 1, "create": 1}


def test_a_preview_without_a_cluster_works_and_says_once_that_nothing_was_validated(tmp_path: Path):
    stack = Stack(
        tmp_path / "project",
        config={"kubernetes:context": "production-apac", "kubernetes:kubeconfig": str(tmp_path / "none")},
    )
    stack.program("""
import pulumi_kubernetes as k8s
for name in ("one", "two", "three"):
    k8s.core.v1.ConfigMap(name, metadata={"name": name, "namespace": "x"}, data={"a": "1"})
""")
    preview = succeeded(stack.preview())
    assert preview.changes == {"create": 4}
    shown = [d["message"] for d in json.loads(preview.text)["diagnostics"]]
    (warning,) = [message for message in shown if "not validated by a dry run" in message]
    for named in ("production-apac", str(tmp_path / "none")):
        assert named in warning
        assert named in failed(stack.up())


class InBackground:
    """Repeats an action in a thread until the block ends."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._repeat, args=[action])

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _repeat(self, action: Callable[[], None]) -> None:
        while not self._stop.wait(0.5):
            action()


def make_pods_ready(world: World) -> None:
    """What a kubelet would report."""
    for pod in world.core.list_namespaced_pod(world.namespace).items:
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        world.core.patch_namespaced_pod_status(pod.metadata.name, world.namespace, {"status": status})
