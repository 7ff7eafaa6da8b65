"""Store."""

import json

import pytest

from components import Store
from tests.components.args import MEMCACHED_CACHE, STORE_GATEWAY
from tests.engine import build, flag

PASSWORD = "a-password"
REDIS = {**MEMCACHED_CACHE, "kind": "redis", "address": "redis.example:6379", "password": PASSWORD, "tls": True}


def store(**changes):
    return build(lambda: Store("eu-store", {**STORE_GATEWAY, **changes}))


def endpoints(recording) -> list[str]:
    (outputs,) = (found for urn, found in recording.outputs.items() if urn.endswith("::eu-store"))
    return outputs["endpoints"]


def groups(recording) -> dict[str, dict]:
    return {found.name: found.inputs for found in recording.of("StatefulSet")}


def container(group: dict) -> dict:
    (only,) = group["spec"]["template"]["spec"]["containers"]
    return only


def test_query_is_told_every_pod_by_a_name_that_stays():
    assert endpoints(store()) == [
        "eu-store-0.eu-store.observability.svc:10901",
        "eu-store-1.eu-store.observability.svc:10901",
    ]


def test_each_pod_of_each_group_is_an_endpoint_below_its_own_service():
    recording = store(time_shards=["14d", "90d"], hash_shards=2, replicas=3)
    services = {found.inputs["metadata"]["name"] for found in recording.of("Service")}
    expected = set()
    for name, group in groups(recording).items():
        assert group["spec"]["serviceName"] in services
        expected |= {f"{name}-{index}.{group['spec']['serviceName']}.observability.svc:10901" for index in range(3)}
    assert len(expected) == 3 * 2 * 3
    assert set(endpoints(recording)) == expected


def test_services_budgets_and_spread_see_one_group_only():
    recording = store(time_shards=["14d"], hash_shards=2)
    pods = {name: group["spec"]["template"]["metadata"]["labels"] for name, group in groups(recording).items()}
    selectors = [found.inputs["spec"]["selector"] for found in recording.of("Service")]
    selectors += [found.inputs["spec"]["selector"]["matchLabels"] for found in recording.of("PodDisruptionBudget")]
    for group in groups(recording).values():
        selectors.append(group["spec"]["selector"]["matchLabels"])
        spread = group["spec"]["template"]["spec"]["topologySpreadConstraints"]
        selectors += [rule["labelSelector"]["matchLabels"] for rule in spread]
    for selector in selectors:
        assert [selector.items() <= labels.items() for labels in pods.values()].count(True) == 1, selector


def test_a_border_further_back_leaves_the_younger_groups_alone():
    before, after = groups(store(time_shards=["14d"])), groups(store(time_shards=["14d", "90d"]))
    assert after["eu-store-0d-14d"] == before["eu-store-0d-14d"]
    assert set(after) == {"eu-store-0d-14d", "eu-store-14d-90d", "eu-store-90d-up"}
    assert "eu-store-90d-up" not in before, "its old pods would have had to change their share in place"


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 3), (3, 1)])
def test_another_number_of_hash_shards_changes_no_group_in_place(before, after):
    old, new = groups(store(hash_shards=before)), groups(store(hash_shards=after))
    assert not set(old) & set(new), "until all its pods are restarted blocks would be missing without a word"


def test_each_group_reads_its_own_blocks():
    recording = store(hash_shards=3)
    documents = {found.inputs["metadata"]["name"]: found.inputs["data"] for found in recording.of("ConfigMap")}
    chosen = []
    for group in groups(recording).values():
        volumes = {volume["name"]: volume for volume in group["spec"]["template"]["spec"]["volumes"]}
        chosen.append(json.dumps(documents[volumes["blocks"]["configMap"]["name"]]))
    assert len(set(chosen)) == 3


def test_a_replaced_block_is_read_for_half_of_the_time_that_it_stays():
    for group in groups(store(delete_delay="36h")).values():
        assert flag(container(group), "--ignore-deletion-marks-delay") == "18h"


@pytest.mark.parametrize("cache", [{**MEMCACHED_CACHE, "max_item_size": "8Mi"}, REDIS])
def test_another_cache_rolls_the_pods(cache):
    def volumes(recording) -> list[dict]:
        return [group["spec"]["template"]["spec"]["volumes"] for group in groups(recording).values()]

    assert volumes(store()) == volumes(store())
    assert volumes(store(cache=cache)) != volumes(store())


def test_the_password_of_redis_is_in_a_secret_and_nowhere_else():
    recording = store(cache=REDIS, hash_shards=2)
    secret = recording.one("Secret")
    assert secret.secrets == ("stringData",)
    assert len(secret.inputs["stringData"]) == 2
    assert all(PASSWORD in document for document in secret.inputs["stringData"].values())
    for found in recording.resources:
        if found.kind not in ("Secret", "RandomId"):
            assert PASSWORD not in json.dumps(found.inputs), found.name


def test_a_rollout_waits_until_query_has_found_the_last_pod_again():
    for group in groups(store()).values():
        assert group["spec"]["minReadySeconds"] >= 30, "gRPC looks a name up again at most every 30 s"


def test_a_name_that_kubernetes_would_refuse_is_refused_here():
    with pytest.raises(ValueError, match="52 are allowed"):
        build(lambda: Store("a" * 48, {**STORE_GATEWAY, "hash_shards": 2}))


def test_tls_is_asked_of_query_when_it_is_set():
    tls = {"secret": "tls", "server_name": "thanos.example.internal"}
    for group in groups(store(tls=tls)).values():
        assert flag(container(group), "--grpc-server-tls-client-ca") == "/etc/thanos/tls/ca.crt"
        assert {"name": "tls", "mountPath": "/etc/thanos/tls", "readOnly": True} in container(group)["volumeMounts"]
