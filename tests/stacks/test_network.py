"""Network policies: what programs are told to reach is let through, and nothing else is."""

import dataclasses
import functools
import itertools

import pytest

from tests.engine import Recording, run_main, stack_config
from tests.regions import VARIANTS as VARIANTS_OF_REGIONS
from tests.regions import credentials
from tests.stacks import built
from tests.stacks.pods import OUTSIDE, Connection, allowed, pods, policies, selects
from tests.stacks.told import needed

#: Settings that change who talks to whom.
VARIANTS = {
    "capnproto": {"receive": {"replicationProtocol": "capnproto"}},
    "zones": {"receive": {"zones": ["zone-a", "zone-b", "zone-c"]}},
    "a store of one's own": {"objectStore": {"endpoint": "minio.example.internal:9000"}},
    "tls": {"tls": {}},
    "prometheus writes": {"prometheus": {"mode": "remoteWrite"}},
    "a stateful ruler": {"ruler": {"mode": "stateful"}},
    "redis": {"caches": {"backend": "redis", "redis": {"address": "redis.example.internal:6380"}}},
    "head series": {
        "receive": {"limits": {"headSeries": 10, "metaMonitoringUrl": "http://eu-prometheus.observability.svc:9090"}}
    },
    "no tempo": {"tempo": {"enabled": False}},
    "shards": {"store": {"timeShards": ["14d"], "hashShards": 2}},
    "grafana for all who log in": {"grafana": VARIANTS_OF_REGIONS["Grafana for all who log in"]["grafana"]},
    "no grafana": {"grafana": {"enabled": False}},
    "alerts": {"alerting": {"alertmanagers": ["http://alertmanager.example.internal:9093", "https://am.example.org"]}},
}
CASES = [(stack, folder, "") for stack, folder in built.ALL] + [("eu", "", name) for name in VARIANTS]
IDS = [*built.IDS, *VARIANTS]


@functools.cache
def build(stack: str, folder: str, variant: str) -> Recording:
    if not variant:
        return built.build(stack, folder)
    config = stack_config(f"{folder}Pulumi.{stack}.yaml")
    for key, value in VARIANTS[variant].items():
        config[f"observability:{key}"] = config.get(f"observability:{key}", {}) | value
    return run_main(stack, config, secrets=credentials(VARIANTS[variant]))


@pytest.fixture(params=CASES, ids=IDS)
def stack(request) -> Recording:
    return build(*request.param)


def without(stack: Recording, policy: str) -> Recording:
    return dataclasses.replace(
        stack,
        resources=[found for found in stack.resources if not (found.kind == "NetworkPolicy" and policy in found.name)],
    )


def test_every_connection_that_a_program_is_told_to_make_is_allowed(stack):
    assert sorted(needed(stack) - allowed(stack)) == []


def test_no_connection_that_nobody_needs_is_allowed(stack):
    wanted = needed(stack)
    out = {found for found in wanted if found.target == OUTSIDE.workload}
    into = {found for found in wanted if found.source == OUTSIDE.workload}
    # A rule for any address covers the stack's own pods: who may go anywhere gets to whom all may come.
    unavoidable = {
        Connection(one.source, other.target, one.port, one.protocol)
        for one, other in itertools.product(out, into)
        if (one.port, one.protocol) == (other.port, other.protocol)
    }
    assert unavoidable <= {Connection("global-query", "global-query", 10901)}
    assert sorted(allowed(stack) - wanted - unavoidable) == []


def test_by_default_nothing_is_allowed_to_any_pod(stack):
    default = stack.one("NetworkPolicy", "default-deny").inputs["spec"]
    assert default == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert all(selects(default["podSelector"], pod) for pod in pods(stack))


def test_every_workload_has_one_policy_of_its_own_and_every_policy_a_workload(stack):
    own = [policy for policy in policies(stack) if policy["podSelector"]]
    for pod in pods(stack):
        assert [selects(policy["podSelector"], pod) for policy in own].count(True) == 1, pod.workload
    idle = {
        found.name.partition("-network-")[2]
        for found in stack.of("NetworkPolicy")
        if not any(selects(found.inputs["spec"]["podSelector"], pod) for pod in pods(stack))
    }
    assert idle <= {"default-deny"}


def test_the_needs_of_a_region_are_those_that_one_would_write_down():
    eu = built.build("eu")
    assert needed(eu) >= {
        Connection("outside", "eu-gateway", 8443),
        Connection("eu-gateway", "eu-receive-router", 19291),
        Connection("eu-receive-router", "eu-receive-ingester", 10901),
        Connection("eu-receive-ingester", "outside", 443),
        Connection("eu-query", "eu-receive-ingester", 10901),
        Connection("eu-query", "outside", 53, "UDP"),
        Connection("outside", "eu-query", 10901),
        Connection("outside", "eu-query", 10902),
        Connection("outside", "eu-grafana", 3000),
        Connection("eu-grafana", "eu-query-frontend", 10902),
        Connection("eu-prometheus", "eu-grafana", 3000),
        Connection("eu-gateway", "eu-tempo", 4317),
        Connection("eu-gateway", "eu-tempo", 4318),
        Connection("eu-tempo", "eu-receive-router", 19291),
        Connection("eu-tempo", "outside", 443),
        Connection("outside", "eu-tempo", 3200),
        Connection("eu-prometheus", "eu-tempo", 3200),
    }
    assert {Connection("eu-grafana", "outside", port) for port in (443, 9443)} <= needed(
        build("eu", "", "grafana for all who log in")
    )
    assert Connection("global-query", "outside", 10901) in needed(built.build("global"))
    assert Connection("eu-receive-router", "eu-receive-ingester", 19391) in needed(build("eu", "", "capnproto"))


def test_the_evaluation_knows_that_both_ends_must_allow():
    eu = built.build("eu")
    path = Connection("eu-receive-router", "eu-receive-ingester", 10901)
    assert path in allowed(eu)
    assert path not in allowed(without(eu, "receive-router"))
    assert path not in allowed(without(eu, "receive-ingester"))


def test_the_evaluation_knows_that_a_pod_without_policies_is_open():
    eu = built.build("eu")
    ends = {pod.workload for pod in [*pods(eu), OUTSIDE]}
    pairs = {(found.source, found.target) for found in allowed(without(eu, "network"))}
    assert pairs == set(itertools.product(ends, ends)) - {("outside", "outside")}
