"""Regions and the Query over them, end to end without a cloud."""

import pulumi
import pytest
import yaml

from tests.engine import run_main, stack_config
from tests.stacks import built


def build(outputs: dict):
    return run_main("global", stack_config("Pulumi.global.yaml"), stack_outputs=outputs)


def test_the_global_query_asks_the_query_of_each_region_strictly():
    document = built.build("global").one("ConfigMap", "endpoints").inputs["data"]["endpoints.yaml"]
    promised = [outputs["region"]["query_grpc_endpoint"] for outputs in built.stack_outputs().values()]
    assert len(promised) == 2
    assert yaml.safe_load(document)["endpoints"] == [{"address": address, "strict": True} for address in promised]


def test_the_global_query_drops_replicas_as_the_regional_ones_do():
    def replica_labels(stack):
        args = (
            built.build(stack)
            .one("Deployment", f"{stack}-query")
            .inputs["spec"]["template"]["spec"]["containers"][0]["args"]
        )
        return [arg for arg in args if arg.startswith("--query.replica-label=")]

    assert replica_labels("global") == replica_labels("eu") != []


def test_a_silent_region_does_not_hold_up_the_answer_for_ever():
    container = built.build("global").one("Deployment").inputs["spec"]["template"]["spec"]["containers"][0]
    assert "--store.response-timeout=30s" in container["args"]


def test_a_region_that_is_not_up_is_named_with_the_command_that_brings_it_up():
    outputs = built.stack_outputs()
    outputs["organization/observability/eu"] = {}
    with pytest.raises(pulumi.RunError, match=r"the region eu is not up.*pulumi up -s eu"):
        build(outputs)


def test_a_region_of_another_contract_is_named_with_the_command_that_renews_it():
    outputs = built.stack_outputs()
    outputs["organization/observability/apac"] = {"region": {"version": "0"}}
    with pytest.raises(pulumi.RunError, match=r"the region apac does not fit.*version '0'.*pulumi up -s apac"):
        build(outputs)


def test_its_grafana_asks_its_own_query_and_the_tempo_of_each_region_that_has_one():
    outputs = built.stack_outputs()
    outputs["organization/observability/eu"]["region"]["tempo_http_url"] = "http://tempo.eu.example:3200"
    outputs["organization/observability/apac"]["region"]["tempo_http_url"] = ""
    document = yaml.safe_load(build(outputs).one("ConfigMap", "grafana-config").inputs["data"]["datasources.yaml"])
    found = {source["uid"]: source["url"] for source in document["datasources"]}
    assert found == {
        "thanos": "http://global-query.observability.svc:10902",
        "tempo-eu": "http://tempo.eu.example:3200",
    }


def test_its_grafana_is_found_by_its_load_balancer_and_its_password_by_a_secret_output():
    exports = built.build("global").exports
    assert exports["global"]["grafana_url"] == "http://grafana.observability.example.internal:3000"
    assert exports["grafana_admin_password"].startswith("SECRET")
    assert set(built.build("global", "local/").exports) == {"global"}, "it has no Grafana"


def test_an_unknown_stack_is_shown_with_the_command_that_makes_it():
    names = sorted(found.name for found in built.build("global").of("StackReference"))
    assert names == ["apac, brought up by: pulumi up -s apac", "eu, brought up by: pulumi up -s eu"]
