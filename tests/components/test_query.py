"""Query."""

import pytest
import yaml

from components import Query
from tests.components.args import QUERY
from tests.engine import build

BALANCER = {"hostname": "query.example.internal", "annotations": {"example.com/pool": "a"}}


def query(**changes):
    return build(lambda: Query("eu-query", {**QUERY, **changes}))


def outputs(recording) -> dict:
    (found,) = (registered for urn, registered in recording.outputs.items() if urn.endswith("::eu-query"))
    return found


def test_other_endpoints_roll_no_pod():
    other = query(endpoints=[], strict_endpoints=["query.eu.example:10901"])
    assert other.one("Deployment").inputs == query().one("Deployment").inputs
    assert yaml.safe_load(other.one("ConfigMap").inputs["data"]["endpoints.yaml"])["endpoints"] == [
        {"address": "query.eu.example:10901", "strict": True}
    ]


def test_a_strict_endpoint_found_by_dns_is_refused():
    with pytest.raises(ValueError, match="cannot be strict"):
        query(strict_endpoints=["dns+query:10901"])


def test_inside_the_cluster_it_is_reached_by_its_service():
    assert outputs(query()) == {
        "grpc_endpoint": "eu-query.observability.svc:10901",
        "http_url": "http://eu-query.observability.svc:10902",
        "cluster_http_url": "http://eu-query.observability.svc:10902",
    }
    service = query().one("Service").inputs
    assert service["spec"]["type"] == "ClusterIP"
    assert "annotations" not in service["metadata"]


def test_from_outside_it_is_reached_by_its_load_balancer():
    recording = query(load_balancer=BALANCER)
    assert outputs(recording)["grpc_endpoint"] == "query.example.internal:10901"
    assert outputs(recording)["http_url"] == "http://query.example.internal:10902"
    assert outputs(recording)["cluster_http_url"] == "http://eu-query.observability.svc:10902", "pods need no balancer"
    annotations = recording.one("Service").inputs["metadata"]["annotations"]
    assert annotations["external-dns.alpha.kubernetes.io/hostname"] == "query.example.internal"
    assert annotations["example.com/pool"] == "a"


def test_a_load_balancer_is_internal_for_every_controller_of_aws():
    annotations = query(load_balancer=BALANCER).one("Service").inputs["metadata"]["annotations"]
    assert annotations["service.beta.kubernetes.io/aws-load-balancer-scheme"] == "internal"
    assert annotations["service.beta.kubernetes.io/aws-load-balancer-internal"] == "true"


def test_partial_answers_and_downsampled_data_are_allowed():
    args = query().one("Deployment").inputs["spec"]["template"]["spec"]["containers"][0]["args"]
    assert {"--query.partial-response", "--query.auto-downsampling"} <= set(args)
