"""Routers, ingesters and the ring."""

import json

import pytest

from components import Receive
from tests.components.args import RECEIVE
from tests.engine import build


def receive(**changes):
    return build(lambda: Receive("eu-receive", {**RECEIVE, **changes}))


def ring(recording) -> list[str]:
    document = json.loads(recording.one("ConfigMap").inputs["data"]["hashrings.json"])
    return [endpoint["address"] for endpoint in document[0]["endpoints"]]


def pod(recording, kind) -> dict:
    return recording.one(kind).inputs["spec"]["template"]


def test_the_ring_grows_with_the_ingesters_and_rolls_no_pod():
    small, large = receive(ingesters=3), receive(ingesters=5)
    assert len(ring(small)) == 3
    assert len(ring(large)) == 5
    assert pod(small, "Deployment") == pod(large, "Deployment")
    assert pod(small, "StatefulSet") == pod(large, "StatefulSet")
    assert small.one("ConfigMap").inputs["metadata"] == large.one("ConfigMap").inputs["metadata"]


def test_numbers_from_the_wire_are_floats_and_work_all_the_same():
    floats = receive(routers=2.0, ingesters=3.0, replication_factor=3.0)
    assert ring(floats) == ring(receive())
    assert "--receive.replication-factor=3" in pod(floats, "Deployment")["spec"]["containers"][0]["args"]


def test_a_ring_smaller_than_the_replication_factor_is_refused():
    with pytest.raises(ValueError, match="2 ingesters cannot hold 3 copies"):
        receive(ingesters=2)


@pytest.mark.parametrize(("factor", "unavailable"), [(1, 1), (2, 1), (3, 1), (5, 2)])
def test_a_drain_takes_as_many_ingesters_as_writes_can_spare(factor, unavailable):
    recording = receive(ingesters=5, replication_factor=factor)
    budget = recording.one("PodDisruptionBudget", "ingester")
    assert budget.inputs["spec"]["maxUnavailable"] == unavailable


def test_an_ingester_has_the_time_to_flush_and_upload():
    assert pod(receive(), "StatefulSet")["spec"]["terminationGracePeriodSeconds"] == 900


def test_a_long_replay_is_not_mistaken_for_a_hang():
    probe = pod(receive(), "StatefulSet")["spec"]["containers"][0]["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 1800


def test_ingesters_start_together_and_keep_their_volumes():
    spec = receive().one("StatefulSet").inputs["spec"]
    assert spec["podManagementPolicy"] == "Parallel"
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}


def test_a_rollout_waits_until_routers_have_found_the_last_ingester_again():
    assert receive().one("StatefulSet").inputs["spec"]["minReadySeconds"] >= 30


def test_another_volume_size_does_not_replace_the_ingesters():
    assert receive().one("StatefulSet").ignore_changes == ("spec.volumeClaimTemplates",)
    (claim,) = receive(storage="90Gi").one("StatefulSet").inputs["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "90Gi"


def test_a_new_objstore_secret_rolls_the_ingesters():
    assert pod(receive(), "StatefulSet") != pod(receive(objstore_secret="other"), "StatefulSet")


def test_routers_leave_the_service_before_they_stop():
    container = pod(receive(), "Deployment")["spec"]["containers"][0]
    assert container["lifecycle"] == {"preStop": {"sleep": {"seconds": 10}}}, "the image has no shell to sleep in"


def test_the_ingesters_service_has_an_address_per_pod():
    assert receive().one("Service", "ingester").inputs["spec"]["clusterIP"] == "None"


def test_memory_is_limited_to_the_request_unless_said_otherwise():
    resources = {"cpu": "1", "memory": "1Gi", "memory_limit": "3Gi"}

    def limit(**changes):
        return pod(receive(**changes), "StatefulSet")["spec"]["containers"][0]["resources"]["limits"]

    assert limit() == {"memory": "128Mi"}
    assert limit(ingester_resources=resources) == {"memory": "3Gi"}


def test_a_name_too_long_for_kubernetes_is_refused_before_it_is_sent():
    with pytest.raises(ValueError, match="52 are allowed"):
        build(lambda: Receive("r" * 44, RECEIVE))
