"""The endpoints file of Query."""

import pytest
import yaml

from render import endpoints

FOUND = "dnssrv+_grpc._tcp.ingester.ns.svc"


def parsed(found=(), strict=()):
    return yaml.safe_load(endpoints.document(found, strict))["endpoints"]


def test_strict_endpoints_are_marked_and_the_others_listed_as_they_are():
    assert parsed([FOUND], ["query.eu.example:10901"]) == [
        {"address": FOUND},
        {"address": "query.eu.example:10901", "strict": True},
    ]


@pytest.mark.parametrize("address", ["dns+query:10901", "dnssrv+_grpc._tcp.x", "dnssrvnoa+_grpc._tcp.x"])
def test_a_strict_endpoint_found_by_dns_is_refused_as_thanos_would(address):
    with pytest.raises(ValueError, match="cannot be strict"):
        parsed(strict=[address])


@pytest.mark.parametrize("address", ["", "query", ":10901", "query:", "query:port"])
def test_an_address_without_host_or_port_is_refused(address):
    with pytest.raises(ValueError, match="is not host:port"):
        parsed([address])
    with pytest.raises(ValueError, match="is not host:port"):
        parsed(strict=[address])


def test_with_tls_every_endpoint_has_to_show_the_certificates_name():
    client = yaml.safe_load(endpoints.document([FOUND], [], "thanos.example"))["default_client_config"]
    assert client["server_name"] == "thanos.example"
    assert client["tls_config"]["enabled"] is True
    assert "default_client_config" not in yaml.safe_load(endpoints.document([FOUND], []))
