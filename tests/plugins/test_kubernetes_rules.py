"""The stand-in kubernetes plugin's rules, without an engine or a cluster."""

import asyncio
import base64

import pytest
from pulumi.provider.experimental import provider as rpc
from pulumi.provider.experimental.property_value import PropertyValue

from local.plugins.kubernetes import diffs, fields, objects, ready
from local.plugins.kubernetes.cluster import Settings
from local.plugins.kubernetes.provider import Kubernetes
from local.plugins.values import UNKNOWN, plain_map, wrap_map


def obj(kind: str, api_version: str = "v1", name: str = "x", **rest) -> dict:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "ns"}, **rest}


def diff(old: dict, new: dict, **settings):
    return diffs.response(old, new, Settings(**settings))


def test_equal_objects_have_no_diff():
    found = diff(obj("Service", spec={"ports": [{"port": 80}]}), obj("Service", spec={"ports": [{"port": 80}]}))
    assert (found.changes, found.detailed_diff) == (False, {})


def test_a_diff_names_the_smallest_paths_in_the_engines_notation():
    old = obj("Service", spec={"ports": [{"port": 80}], "type": "ClusterIP"})
    new = obj("Service", spec={"ports": [{"port": 81}, {"port": 90}]})
    new["metadata"]["labels"] = {"app.kubernetes.io/name": "x"}
    old["metadata"]["labels"] = {}
    assert {path: change.kind.name for path, change in diff(old, new).detailed_diff.items()} == {
        'metadata.labels["app.kubernetes.io/name"]': "ADD",
        "spec.ports[0].port": "UPDATE",
        "spec.ports[1]": "ADD",
        "spec.type": "DELETE",
    }


def test_true_is_not_one():
    assert diff(obj("Pod", spec={"a": True}), obj("Pod", spec={"a": 1})).changes


@pytest.mark.parametrize(
    ("kind", "api_version", "path"),
    [
        ("Deployment", "apps/v1", "spec.selector"),
        ("DaemonSet", "apps/v1", "spec.selector"),
        ("StatefulSet", "apps/v1", "spec.volumeClaimTemplates"),
        ("StatefulSet", "apps/v1", "spec.serviceName"),
        ("StatefulSet", "apps/v1", "spec.podManagementPolicy"),
        ("StatefulSet", "apps/v1", "spec.selector"),
        ("StatefulSet", "apps/v1", "spec.revisionHistoryLimit"),
        ("Job", "batch/v1", "spec.template"),
        ("RoleBinding", "rbac.authorization.k8s.io/v1", "roleRef"),
        ("PersistentVolumeClaim", "v1", "spec.storageClassName"),
        ("StorageClass", "storage.k8s.io/v1", "provisioner"),
        ("Service", "v1", "spec.clusterIP"),
        ("Secret", "v1", "type"),
        ("ConfigMap", "v1", "metadata.name"),
        ("ConfigMap", "v1", "metadata.namespace"),
    ],
)
def test_a_change_of_an_immutable_field_replaces(kind: str, api_version: str, path: str):
    old, new = obj(kind, api_version), obj(kind, api_version)
    for each, value in ((old, {"inner": "a"}), (new, {"inner": "b"})):
        *parents, last = path.split(".")
        at = each
        for key in parents:
            at = at.setdefault(key, {})
        at[last] = value
    found = diff(old, new)
    assert found.replaces == [f"{path}.inner"]
    # Two objects of different names or namespaces can exist at a time.
    assert found.delete_before_replace is not path.startswith("metadata")


@pytest.mark.parametrize(
    ("kind", "api_version", "path"),
    [
        ("StatefulSet", "apps/v1", "spec.replicas"),
        ("StatefulSet", "apps/v1", "spec.template"),
        ("Deployment", "apps/v1", "spec.template"),
        ("PersistentVolumeClaim", "v1", "spec.resources"),
        ("PodDisruptionBudget", "policy/v1", "spec"),
        ("Service", "v1", "spec.type"),
    ],
)
def test_a_change_of_a_mutable_field_is_made_in_place(kind: str, api_version: str, path: str):
    top, _, inner = path.partition(".")
    found = diff(
        obj(kind, api_version, **{top: {inner or "minAvailable": 1}}),
        obj(kind, api_version, **{top: {inner or "minAvailable": 2}}),
    )
    assert (found.changes, found.replaces) == (True, [])


def test_adding_what_holds_an_immutable_field_replaces():
    assert diff(obj("Service"), obj("Service", spec={"clusterIP": "None"})).replaces == ["spec"]
    assert diff(obj("Service"), obj("Service", spec={"type": "NodePort"})).replaces == []


def test_an_immutable_field_that_is_not_known_yet_replaces():
    old, new = obj("Service", spec={"clusterIP": "None"}), obj("Service", spec={"clusterIP": UNKNOWN})
    assert diff(old, new).replaces == ["spec.clusterIP"]
    assert diff(old, obj("Service", spec=UNKNOWN)).replaces == ["spec"]


def test_config_map_and_secret_data_replace_unless_the_provider_says_they_are_mutable():
    for kind, key, mutable in (
        ("ConfigMap", "data", {"config_map_mutable": True}),
        ("ConfigMap", "binaryData", {"config_map_mutable": True}),
        ("Secret", "stringData", {"secret_mutable": True}),
    ):
        old, new = obj(kind, **{key: {"a": "1"}}), obj(kind, **{key: {"a": "2"}})
        assert diff(old, new).replaces == [f"{key}.a"]
        assert diff(old, new, **mutable).replaces == []
        assert diff(old | {"immutable": True}, new | {"immutable": True}, **mutable).replaces == [f"{key}.a"]
        assert diff(old | {"immutable": True}, old, **mutable).replaces == ["immutable"], (
            "the server refuses to thaw it"
        )
        assert diff(old, old | {"immutable": True}, **mutable).replaces == []


def test_an_autonamed_object_is_replaced_by_creating_first():
    def named(value: str) -> dict:
        made = obj("ConfigMap", data={"a": value})
        made["metadata"]["annotations"] = {objects.AUTONAMED: "true"}
        return made

    found = diff(named("1"), named("2"))
    assert (found.replaces, found.delete_before_replace) == (["data.a"], False)


def test_another_version_of_a_group_is_an_update_and_another_group_a_replacement():
    assert (
        diff(
            obj("HorizontalPodAutoscaler", "autoscaling/v1"), obj("HorizontalPodAutoscaler", "autoscaling/v2")
        ).replaces
        == []
    )
    assert diff(obj("Ingress", "extensions/v1beta1"), obj("Ingress", "networking.k8s.io/v1")).replaces == ["apiVersion"]


def test_drift_is_what_an_update_would_change_and_nothing_else():
    old = obj("Deployment", "apps/v1", spec={"replicas": 3, "cpu": "0.5", "names": ["a"], "gone": {"x": 1}})
    applied = obj("Deployment", "apps/v1", spec={"replicas": 3, "cpu": "500m", "names": ["a", "theirs"], "default": 1})
    live = obj("Deployment", "apps/v1", spec={"replicas": 5, "cpu": "500m", "names": ["a", "theirs"], "default": 1})
    live["metadata"] |= {"resourceVersion": "7", "managedFields": []}
    seen = objects.observed_inputs(old, live, applied)
    assert seen["spec"] == {"replicas": 5, "cpu": "0.5", "names": ["a"]}
    assert seen["metadata"] == old["metadata"]


def test_an_item_that_is_taken_out_of_a_list_is_missing_and_the_others_are_as_they_were_written():
    old = obj("Service", spec={"ports": [{"port": 80}, {"port": 90, "name": "grpc"}]})
    applied = obj("Service", spec={"ports": [{"port": 80, "protocol": "TCP"}, {"port": 90, "name": "grpc", "x": 1}]})
    live = obj("Service", spec={"ports": [{"port": 90, "name": "grpc", "x": 1}]})
    assert objects.observed_inputs(old, live, applied)["spec"] == {"ports": [{"port": 90, "name": "grpc"}]}
    live["spec"]["ports"] = [{"port": 7, "name": "theirs"}, *live["spec"]["ports"], {"port": 9}]
    assert objects.observed_inputs(old, live, applied)["spec"]["ports"] == [
        {"port": 7, "name": "theirs"},
        {"port": 90, "name": "grpc"},
        {"port": 9},
    ]


class Silent:
    """An engine that hears warnings."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def warn(self, message: str, urn: str = "") -> None:
        self.heard.append(message)


def test_metadata_that_is_not_known_yet_is_left_as_it_is():
    inputs = wrap_map({"apiVersion": "v1", "kind": "ConfigMap", "metadata": UNKNOWN, "data": {"a": "b"}})
    request = rpc.CheckRequest("urn:pulumi:test::probe::kubernetes:core/v1:ConfigMap::x", {}, inputs, b"")
    answer = asyncio.run(Kubernetes(Silent()).check(request))
    assert not answer.failures
    assert plain_map(answer.inputs)["metadata"] is UNKNOWN


def test_drift_of_string_data_is_seen_although_the_server_keeps_only_data():
    def stored(text: str) -> dict:
        return obj("Secret", data={"password": base64.b64encode(text.encode()).decode()})

    old = obj("Secret", stringData={"password": "one"})
    assert objects.observed_inputs(old, stored("one"), stored("one")) == old
    assert objects.observed_inputs(old, stored("two"), stored("one"))["stringData"] == {"password": "two"}


def test_what_is_secret_in_an_input_is_secret_in_the_outputs():
    inputs = wrap_map(obj("ConfigMap", data={"a": "b"}))
    inputs["data"] = PropertyValue({"a": PropertyValue("hidden", is_secret=True)})
    live = obj("ConfigMap", data={"a": "hidden"})
    live["metadata"]["annotations"] = {objects.LAST_APPLIED: "hidden", "other": "x"}
    live["metadata"]["managedFields"] = [{"manager": "x"}]
    outputs = objects.outputs(live, inputs)
    assert outputs["data"].is_secret
    assert not outputs["metadata"].contains_secret()
    assert "hidden" not in str(outputs["metadata"])
    assert "managedFields" not in outputs["metadata"].value

    outputs = objects.outputs(obj("Secret", data={"a": "aGlkZGVu"}), wrap_map(obj("Secret", data={"a": "aGlkZGVu"})))
    assert outputs["data"].is_secret, "the kind alone makes it secret"


@pytest.mark.parametrize(
    ("token", "named"),
    [
        ("kubernetes:core/v1:PodList", "PodList"),
        ("kubernetes:apps/v1:DeploymentPatch", "DeploymentPatch"),
        ("kubernetes:helm.sh/v3:Release", "Release"),
    ],
)
def test_a_type_without_a_manifest_of_its_own_is_refused_by_name(token: str, named: str):
    assert named in objects.unsupported(token, {"chart": "x"})


def test_scope_is_known_for_built_in_kinds():
    assert not fields.is_namespaced(obj("Namespace"))
    assert not fields.is_namespaced(obj("ClusterRole", "rbac.authorization.k8s.io/v1"))
    assert not fields.is_namespaced(obj("PriorityClass", "scheduling.k8s.io/v1"))
    assert fields.is_namespaced(obj("Role", "rbac.authorization.k8s.io/v1"))
    assert fields.is_namespaced(obj("Deployment", "apps/v1"))


def deployment(generation: int = 2, **status) -> dict:
    made = obj("Deployment", "apps/v1", spec={"replicas": 2}, status={"observedGeneration": 2, **status})
    made["metadata"]["generation"] = generation
    return made


@pytest.mark.parametrize(
    ("live", "reason"),
    [
        (
            deployment(3, replicas=2, updatedReplicas=2, availableReplicas=2),
            "waiting for the controller to see the change",
        ),
        (deployment(replicas=2, updatedReplicas=1, availableReplicas=2), "1 of 2 replicas updated"),
        (deployment(replicas=3, updatedReplicas=2, availableReplicas=3), "1 old replicas still to go"),
        (deployment(replicas=2, updatedReplicas=2), "0 of 2 replicas available"),
        (deployment(replicas=2, updatedReplicas=2, availableReplicas=2), None),
    ],
)
def test_a_deployment_is_ready_when_the_last_change_is_rolled_out(live: dict, reason: str | None):
    assert ready.CHECKS["apps", "Deployment"](live, None) == reason


def test_a_stateful_set_is_ready_when_its_partition_is_updated_and_all_pods_are_ready():
    def check(**status):
        strategy = {"rollingUpdate": {"partition": 1}}
        live = obj("StatefulSet", "apps/v1", spec={"replicas": 3, "updateStrategy": strategy}, status=status)
        return ready.CHECKS["apps", "StatefulSet"](live, None)

    rolling = {"currentRevision": "a", "updateRevision": "b", "readyReplicas": 3}
    assert check(**rolling, updatedReplicas=1) == "1 of 2 replicas updated"
    assert check(**rolling, updatedReplicas=2) is None
    assert check(currentRevision="a", updateRevision="a", readyReplicas=2) == "2 of 3 replicas ready"


def test_a_failed_job_is_not_waited_for():
    check = ready.CHECKS["batch", "Job"]
    job = obj(
        "Job", "batch/v1", spec={}, status={"conditions": [{"type": "Failed", "status": "True", "message": "why"}]}
    )
    with pytest.raises(ready.HopelessError, match="why"):
        check(job, None)
    done = obj("Job", "batch/v1", spec={}, status={"conditions": [{"type": "Complete", "status": "True"}]})
    assert check(done, None) is None
