"""NetworkPolicies."""

import pytest

from components import NetworkPolicies
from tests.components.args import NETWORK
from tests.engine import build

ROUTER = {"podSelector": {"matchLabels": {"app.kubernetes.io/component": "receive-router"}}}
INGESTER = {"podSelector": {"matchLabels": {"app.kubernetes.io/component": "receive-ingester"}}}


def spec(policy: str, **changes) -> dict:
    recording = build(lambda: NetworkPolicies("eu-network", {**NETWORK, **changes}))
    return recording.one("NetworkPolicy", policy).inputs["spec"]


def test_every_pod_of_the_namespace_is_cut_off_in_both_directions():
    assert spec("default-deny") == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_a_path_is_let_out_at_its_source_and_in_at_its_target():
    ports = [{"port": 10901, "protocol": "TCP"}]
    assert {"to": [INGESTER], "ports": ports} in spec("router")["egress"]
    assert {"from": [ROUTER], "ports": ports} in spec("ingester")["ingress"]


def test_anywhere_is_limited_by_ports_alone():
    assert {"ports": [{"port": 19291, "protocol": "TCP"}]} in spec("router")["ingress"]
    assert spec("ingester")["egress"] == [
        {"ports": [{"port": 443, "protocol": "TCP"}, {"port": 9000, "protocol": "TCP"}]}
    ]
    assert {"ports": [{"port": 53, "protocol": "UDP"}]} in spec("router")["egress"]


def test_a_workload_without_paths_has_a_policy_that_lets_nothing_through():
    workloads = {**NETWORK["workloads"], "alone": {"app.kubernetes.io/component": "alone"}}
    assert spec("alone", workloads=workloads) == {
        "podSelector": {"matchLabels": {"app.kubernetes.io/component": "alone"}},
        "policyTypes": ["Ingress", "Egress"],
    }


@pytest.mark.parametrize("path", [("ruoter", "ingester"), ("router", "ingster"), (None, "ruoter"), ("ruoter", None)])
def test_a_path_of_a_workload_that_is_not_there_is_refused(path):
    source, target = path
    paths = [{"source": source, "target": target, "ports": [1], "protocol": "TCP"}]
    with pytest.raises(ValueError, match=r"ruoter|ingster"):
        spec("router", paths=paths)
