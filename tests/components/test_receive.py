"""Routers, ingesters and the ring."""

import json

import pytest

from components import Receive
from tests.components.args import RECEIVE
from tests.engine import build


def receive(**changes):
    return build(lambda: Receive("eu-receive", {**RECEIVE, **changes}))


def ring(recording) -> list[str]:
    document = json.loads(recording.one("ConfigMap", "hashring").inputs["data"]["hashrings.json"])
    return [endpoint["address"] for endpoint in document[0]["endpoints"]]


def pod(recording, kind) -> dict:
    return recording.one(kind).inputs["spec"]["template"]


def test_the_ring_grows_with_the_ingesters_and_rolls_no_pod():
    small, large = receive(ingesters=3, ring=3), receive(ingesters=5, ring=5)
    assert len(ring(small)) == 3
    assert len(ring(large)) == 5
    assert pod(small, "Deployment") == pod(large, "Deployment")
    assert pod(small, "StatefulSet") == pod(large, "StatefulSet")
    assert (
        small.one("ConfigMap", "hashring").inputs["metadata"] == large.one("ConfigMap", "hashring").inputs["metadata"]
    )


def test_numbers_from_the_wire_are_floats_and_work_all_the_same():
    floats = receive(routers=2.0, ingesters=3.0, ring=3.0, replication_factor=3.0)
    assert ring(floats) == ring(receive())
    assert "--receive.replication-factor=3" in pod(floats, "Deployment")["spec"]["containers"][0]["args"]


def test_a_ring_smaller_than_the_replication_factor_is_refused():
    with pytest.raises(ValueError, match="2 ingesters cannot hold 3 copies"):
        receive(ring=2)


def test_pods_may_be_there_without_being_in_the_ring():
    recording = receive(ingesters=5, ring=3)
    assert recording.one("StatefulSet").inputs["spec"]["replicas"] == 5
    assert [address.split(".")[0] for address in ring(recording)] == [f"eu-receive-ingester-{n}" for n in range(3)]


def test_each_zone_has_its_own_pods_and_the_ring_knows_their_zones():
    recording = receive(ingesters=6, ring=6, zones=["za", "zb", "zc"])
    sets = {found.name: found.inputs["spec"] for found in recording.of("StatefulSet")}
    assert set(sets) == {f"eu-receive-ingester-{zone}" for zone in ("za", "zb", "zc")}
    for name, spec in sets.items():
        zone = name.rsplit("-", 1)[1]
        assert spec["replicas"] == 2
        assert spec["template"]["spec"]["nodeSelector"] == {"topology.kubernetes.io/zone": zone}
        assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
    selectors = [spec["selector"]["matchLabels"] for spec in sets.values()]
    assert len({str(selector) for selector in selectors}) == 3, "a set would adopt the pods of another"
    document = json.loads(recording.one("ConfigMap", "hashring").inputs["data"]["hashrings.json"])
    assert sorted(endpoint["az"] for endpoint in document[0]["endpoints"]) == ["za", "za", "zb", "zb", "zc", "zc"]
    for endpoint in document[0]["endpoints"]:
        assert f"-{endpoint['az']}-" in endpoint["address"]


def test_without_zones_pods_are_bound_to_none():
    assert "nodeSelector" not in pod(receive(), "StatefulSet")["spec"]


def test_every_pod_has_a_claim_of_its_own_that_outlives_it():
    claims = receive(ingesters=5).of("PersistentVolumeClaim")
    assert {claim.inputs["metadata"]["name"] for claim in claims} == {f"data-eu-receive-ingester-{n}" for n in range(5)}
    assert all(claim.retained for claim in claims)
    assert {claim.inputs["spec"]["resources"]["requests"]["storage"] for claim in claims} == {"50Gi"}


def test_a_claim_looks_like_the_one_that_the_stateful_set_would_make():
    recording = receive(storage_class="fast")
    (template,) = recording.one("StatefulSet").inputs["spec"]["volumeClaimTemplates"]
    for claim in recording.of("PersistentVolumeClaim"):
        assert claim.inputs["spec"] == template["spec"]
        assert claim.inputs["metadata"]["name"].startswith(f"{template['metadata']['name']}-")
    assert template["spec"]["storageClassName"] == "fast"


def test_other_limits_roll_no_router():
    stricter = {**RECEIVE["limits"], "max_concurrency": 7}
    assert pod(receive(limits=stricter), "Deployment") == pod(receive(), "Deployment")
    assert "max_concurrency: 7" in receive(limits=stricter).one("ConfigMap", "limits").inputs["data"]["limits.yaml"]


def test_tls_reaches_flags_and_volumes_of_routers_and_ingesters():
    recording = receive(tls={"secret": "grpc", "server_name": "thanos.example"})
    for kind in ("Deployment", "StatefulSet"):
        spec = pod(recording, kind)["spec"]
        assert {"name": "tls", "secret": {"secretName": "grpc"}} in spec["volumes"]
        assert {"name": "tls", "mountPath": "/etc/thanos/tls", "readOnly": True} in spec["containers"][0][
            "volumeMounts"
        ]
    args = pod(recording, "Deployment")["spec"]["containers"][0]["args"]
    assert "--remote-write.client-server-name=thanos.example" in args


@pytest.mark.parametrize(("factor", "unavailable"), [(1, 1), (2, 1), (3, 1), (5, 2)])
def test_a_drain_takes_as_many_ingesters_as_writes_can_spare(factor, unavailable):
    recording = receive(ingesters=5, ring=5, replication_factor=factor)
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
    assert limit(ingester=resources) == {"memory": "3Gi"}


def test_a_name_too_long_for_kubernetes_is_refused_before_it_is_sent():
    with pytest.raises(ValueError, match="52 are allowed"):
        build(lambda: Receive("r" * 44, RECEIVE))
