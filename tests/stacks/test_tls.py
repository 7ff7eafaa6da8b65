"""TLS between gRPC endpoints, as the stack files ask for it."""

import pytest
import yaml

from tests.engine import Recording, flag, run_main, stack_config
from tests.stacks import built

ISSUER = {"name": "internal", "kind": "ClusterIssuer"}
NAME = "thanos.observability.internal"


def build(stack: str, tls: dict) -> Recording:
    config = stack_config(f"Pulumi.{stack}.yaml") | {"observability:tls": tls}
    return run_main(stack, config, stack_outputs=built.stack_outputs() if stack == "global" else None)


@pytest.fixture(params=["eu", "global"])
def stack(request) -> Recording:
    return build(request.param, {"issuer": ISSUER})


def containers(stack: Recording) -> list[dict]:
    found = [*stack.of("Deployment"), *stack.of("StatefulSet")]
    return [container for each in found for container in each.inputs["spec"]["template"]["spec"]["containers"]]


def test_an_issuer_is_asked_for_one_certificate_for_servers_and_clients(stack):
    order = stack.one("Certificate", "grpc")
    assert order.type == "kubernetes:cert-manager.io/v1:Certificate"
    assert order.inputs["metadata"]["namespace"] == stack.one("Namespace").inputs["metadata"]["name"]
    assert order.inputs["spec"] == {
        "secretName": "thanos-grpc",
        "dnsNames": [NAME],
        "usages": ["digital signature", "server auth", "client auth"],
        "privateKey": {"algorithm": "ECDSA", "rotationPolicy": "Always"},
        "issuerRef": {"group": "cert-manager.io", **ISSUER},
    }


def test_without_an_issuer_the_secret_is_there_already():
    eu = build("eu", {"secretName": "of-our-own"})
    assert not eu.of("Certificate", "grpc")
    volumes = eu.one("StatefulSet", "ingester").inputs["spec"]["template"]["spec"]["volumes"]
    assert {"name": "tls", "secret": {"secretName": "of-our-own"}} in volumes


def test_every_grpc_server_demands_a_certificate_of_the_same_authority(stack):
    servers = [found for found in containers(stack) if any(port["name"] == "grpc" for port in found["ports"])]
    assert servers
    for container in servers:
        assert flag(container, "--grpc-server-tls-client-ca") == "/etc/thanos/tls/ca.crt"
        mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
        assert mounts["/etc/thanos/tls"] == "tls"


def test_every_grpc_client_shows_its_own_and_asks_for_the_name(stack):
    document = yaml.safe_load(stack.one("ConfigMap", "endpoints").inputs["data"]["endpoints.yaml"])
    assert document["default_client_config"] == {
        "tls_config": {
            "enabled": True,
            "cert_file": "/etc/thanos/tls/tls.crt",
            "key_file": "/etc/thanos/tls/tls.key",
            "ca_file": "/etc/thanos/tls/ca.crt",
        },
        "server_name": NAME,
    }
    for router in (found for found in containers(stack) if found["name"] == "router"):
        assert "--remote-write.client-tls-secure" in router["args"]
        assert flag(router, "--remote-write.client-server-name") == NAME


def test_plain_text_is_the_default():
    assert not built.build("eu").of("Certificate", "grpc")
    assert not [arg for container in containers(built.build("eu")) for arg in container["args"] if "tls" in arg]


def test_the_gateways_certificate_has_the_name_that_edges_use():
    eu = built.build("eu")
    order = eu.one("Certificate", "gateway").inputs["spec"]
    assert order["secretName"] == "gateway-tls"
    assert order["dnsNames"] == ["receive.eu.observability.example.internal"]
    assert f"https://{order['dnsNames'][0]}/" in eu.exports["region"]["remote_write_url"]
