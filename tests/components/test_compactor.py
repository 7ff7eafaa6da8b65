"""Compactor."""

from components import Compactor
from tests.components.args import COMPACTOR
from tests.engine import build, flag


def compactor(**changes):
    return build(lambda: Compactor("eu-compactor", {**COMPACTOR, **changes}))


def pod(recording) -> dict:
    return recording.one("StatefulSet").inputs["spec"]["template"]["spec"]


def test_there_is_one_and_it_is_gone_before_the_next_one_starts():
    recording = compactor()
    assert recording.one("StatefulSet").inputs["spec"]["replicas"] == 1
    assert recording.of("Deployment") == [], "a Deployment starts the new pod before the old one is gone"


def test_a_drain_of_its_node_may_take_it():
    assert compactor().one("PodDisruptionBudget").inputs["spec"]["maxUnavailable"] == 1


def test_each_resolution_has_its_own_retention():
    (container,) = pod(compactor(retention={"raw": "8d", "five_minutes": "40d", "one_hour": "0s"}))["containers"]
    assert [flag(container, f"--retention.resolution-{name}") for name in ("raw", "5m", "1h")] == ["8d", "40d", "0s"]


def test_numbers_from_the_wire_are_floats_and_work_all_the_same():
    (container,) = pod(compactor(concurrency=2.0, downsample_concurrency=3.0))["containers"]
    assert flag(container, "--compact.concurrency") == "2"
    assert flag(container, "--downsample.concurrency") == "3"


def test_it_works_on_a_volume_and_writes_nowhere_else():
    recording = compactor(storage="200Gi")
    (container,) = pod(recording)["containers"]
    writable = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
    assert writable == [flag(container, "--data-dir")]
    claim = recording.one("PersistentVolumeClaim").inputs
    assert claim["metadata"]["name"] == "data-eu-compactor-0"
    assert claim["spec"]["resources"]["requests"]["storage"] == "200Gi"


def test_it_runs_under_the_account_of_the_role_that_may_delete():
    recording = compactor(service_account="eu-compactor-account")
    account = recording.one("ServiceAccount").inputs["metadata"]
    assert account["name"] == pod(recording)["serviceAccountName"] == "eu-compactor-account"
    assert account["annotations"] == {"eks.amazonaws.com/role-arn": COMPACTOR["role_arn"]}


def test_a_new_objstore_secret_rolls_it():
    assert pod(compactor()) != pod(compactor(objstore_secret="other"))


def test_it_is_reached_by_its_service():
    (outputs,) = compactor().outputs.values()
    assert outputs == {"http_url": "http://eu-compactor.observability.svc:10902"}
