import re

import yaml

from components import Gateway
from tests.components.args import GATEWAY
from tests.engine import Recording, build, texts


def recorded(edges: list[dict] | None = None, **changes) -> Recording:
    args = {**GATEWAY, **changes}
    if edges is not None:
        args["edges"] = [{**GATEWAY["edges"][0], **edge} for edge in edges]
    return build(lambda: Gateway("eu-gateway", args))


def routes(recording: Recording) -> list[dict]:
    document = recording.one("Secret", "eu-gateway-routes").inputs["stringData"]["routes.yaml"]
    return yaml.safe_load(document)["resources"][0]["virtual_hosts"][0]["routes"]


def tokens(recording: Recording) -> dict[str, list[str]]:
    """The tokens that open the gateway, by edge; the same for metrics and for traces."""
    found: dict[str, dict[str, list[str]]] = {"/api/v1/receive": {}}
    for route in routes(recording):
        for header in route["match"].get("headers", []):
            edge, token = route["stat_prefix"].removesuffix("/traces"), header["string_match"]["exact"]
            known = found.setdefault(route["match"]["path"], {})
            known.setdefault(edge, []).append(token.removeprefix("Bearer "))
    assert all(opened == found["/api/v1/receive"] for opened in found.values())
    return found["/api/v1/receive"]


def current(recording: Recording) -> dict[str, str]:
    (outputs,) = recording.outputs.values()
    return outputs["tokens"]


def test_each_edge_has_a_token_of_its_own():
    found = tokens(recorded([{"name": "eu-1"}, {"name": "eu-2"}]))

    assert set(found) == {"eu-1", "eu-2"}
    assert len({token for known in found.values() for token in known}) == 2


def test_a_rotated_token_is_new_and_the_former_one_good_until_the_next():
    first, second, third = (recorded([{"name": "eu-1", "token_revision": revision}]) for revision in (1, 2, 3))

    assert tokens(second)["eu-1"] == [current(second)["eu-1"], current(first)["eu-1"]]
    assert tokens(third)["eu-1"] == [current(third)["eu-1"], current(second)["eu-1"]]


def test_a_token_is_revoked_by_two_revisions_at_once():
    first, third = (recorded([{"name": "eu-1", "token_revision": revision}]) for revision in (1, 3))

    assert not set(tokens(first)["eu-1"]) & set(tokens(third)["eu-1"])


def test_an_edge_that_is_gone_opens_nothing():
    both, one = recorded([{"name": "eu-1"}, {"name": "eu-2"}]), recorded([{"name": "eu-1"}])

    assert tokens(one) == {"eu-1": tokens(both)["eu-1"]}


def test_without_edges_nobody_may_write():
    assert [route.get("direct_response") for route in routes(recorded([]))] == [{"status": 401}] * 3
    assert [route.get("direct_response") for route in routes(recorded([], tempo=None))] == [{"status": 401}]


def test_pods_stay_as_they_are_when_edges_come_go_and_get_new_tokens():
    def workload(recording: Recording) -> list:
        kinds = ("Deployment", "ConfigMap", "Service")
        return sorted((found.urn, str(found.inputs)) for found in recording.resources if found.kind in kinds)

    few, many = recorded([{"name": "eu-1"}]), recorded([{"name": "eu-1", "token_revision": 5}, {"name": "eu-2"}])
    assert workload(few) == workload(many)
    names = [found.one("Secret", "eu-gateway-routes").inputs["metadata"]["name"] for found in (few, many)]
    assert names == ["eu-gateway-routes"] * 2


def test_tokens_are_in_the_routes_alone_and_secret_there():
    recording = recorded()
    known = [token for edge in tokens(recording).values() for token in edge]
    assert len(known) == 3

    for resource in recording.resources:
        for text in texts(resource.inputs):
            if any(token in text for token in known):
                assert resource.kind == "Secret"
                assert any(re.match(r"stringData(\.|$)", path) for path in resource.secrets)


def test_envoy_sheds_load_before_the_kernel_ends_it():
    recording = recorded(resources={"cpu": "1", "memory": "100Mi", "memory_limit": "200Mi"})
    (config,) = [found for found in recording.of("ConfigMap") if "envoy.yaml" in found.inputs["data"]]
    monitors = yaml.safe_load(config.inputs["data"]["envoy.yaml"])["overload_manager"]["resource_monitors"]

    (heap,) = [found["typed_config"] for found in monitors if found["name"].endswith("fixed_heap")]
    assert 150 * 2**20 < heap["max_heap_size_bytes"] < 200 * 2**20


def test_edges_reach_it_by_its_load_balancer_or_inside_the_cluster():
    def url(recording: Recording) -> str:
        (outputs,) = recording.outputs.values()
        return outputs["remote_write_url"]

    assert url(recorded()) == "https://eu-gateway.observability.svc/api/v1/receive"
    outside = {"hostname": "receive.example", "annotations": {}}
    assert url(recorded(load_balancer=outside)) == "https://receive.example/api/v1/receive"


def test_traces_are_taken_at_the_same_door_where_there_is_a_tempo_and_nowhere_else():
    def clusters(recording: Recording) -> set[str]:
        (config,) = [found for found in recording.of("ConfigMap") if "envoy.yaml" in found.inputs["data"]]
        found = yaml.safe_load(config.inputs["data"]["envoy.yaml"])["static_resources"]["clusters"]
        return {cluster["name"] for cluster in found}

    def sent_to(recording: Recording) -> set[str]:
        return {route["route"]["cluster"] for route in routes(recording) if "route" in route}

    def url(recording: Recording) -> str:
        (outputs,) = recording.outputs.values()
        return outputs["otlp_url"]

    outside = {"hostname": "receive.example", "annotations": {}}
    taken, refused = recorded(load_balancer=outside), recorded(load_balancer=outside, tempo=None)
    assert (url(taken), url(refused)) == ("https://receive.example", "")
    assert clusters(taken) == {"admin", *sent_to(taken)} == {"admin", "routers", "tempo-http", "tempo-grpc"}
    assert clusters(refused) == {"admin", *sent_to(refused)} == {"admin", "routers"}
