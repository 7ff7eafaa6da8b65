"""The endpoints file of Query."""

import pytest
import yaml

from render import endpoints


def parsed(*given):
    return yaml.safe_load(endpoints.document(given))["endpoints"]


def test_a_static_endpoint_can_be_strict():
    assert parsed({"address": "query.eu.example:10901", "strict": True}) == [
        {"address": "query.eu.example:10901", "strict": True}
    ]


def test_an_endpoint_found_by_dns_is_listed_as_it_is():
    address = "dnssrv+_grpc._tcp.ingester.ns.svc"
    assert parsed({"address": address, "strict": False}) == [{"address": address}]


@pytest.mark.parametrize("address", ["dns+query:10901", "dnssrv+_grpc._tcp.x", "dnssrvnoa+_grpc._tcp.x"])
def test_a_strict_endpoint_found_by_dns_is_refused_as_thanos_would(address):
    with pytest.raises(ValueError, match="cannot be strict"):
        parsed({"address": address, "strict": True})


@pytest.mark.parametrize("address", ["", "query", ":10901", "query:", "query:port"])
def test_an_address_without_host_or_port_is_refused(address):
    with pytest.raises(ValueError, match="is not host:port"):
        parsed({"address": address, "strict": False})
