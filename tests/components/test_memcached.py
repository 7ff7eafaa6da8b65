"""Memcached."""

import pytest

from components import Memcached
from render import units
from tests.components.args import MEMCACHED
from tests.engine import build


def memcached(**changes):
    return build(lambda: Memcached("eu-query-cache", {**MEMCACHED, **changes}))


def containers(recording) -> dict[str, dict]:
    spec = recording.one("StatefulSet").inputs["spec"]["template"]["spec"]
    return {container["name"]: container for container in spec["containers"]}


def test_clients_find_all_pods_by_the_name_of_a_port():
    recording = memcached()
    (outputs,) = (found for urn, found in recording.outputs.items() if urn.endswith("::eu-query-cache"))
    assert outputs == {"address": "dnssrvnoa+_memcached._tcp.eu-query-cache.observability.svc"}
    spec = recording.one("Service").inputs["spec"]
    assert spec["clusterIP"] == "None"
    assert {"name": "memcached", "port": 11211, "targetPort": "memcached"} in spec["ports"]
    assert recording.one("StatefulSet").inputs["spec"]["serviceName"] == "eu-query-cache", "or pods have no names"


@pytest.mark.parametrize("changes", [{"memory": "4Gi"}, {"connections": 4096}])
def test_a_server_that_may_take_more_memory_gets_more(changes):
    def limit(**changes):
        resources = containers(memcached(**changes))["memcached"]["resources"]
        assert resources["requests"]["memory"] == resources["limits"]["memory"]
        return units.quantity(resources["limits"]["memory"])

    assert limit() > units.quantity(MEMCACHED["memory"])
    assert limit(**changes) > limit()


def test_the_exporter_can_be_scraped_beside_it():
    exporter = containers(memcached())["exporter"]
    assert exporter["ports"] == [{"name": "metrics", "containerPort": 9150}]
    assert exporter["args"] == ["--memcached.address=localhost:11211"]


def test_its_pods_are_not_taken_for_those_of_thanos():
    recording = memcached()
    for found in (recording.one("StatefulSet"), recording.one("Service")):
        assert found.inputs["metadata"]["labels"]["app.kubernetes.io/name"] == "memcached"


def test_it_keeps_nothing_on_a_volume():
    recording = memcached()
    assert not recording.of("PersistentVolumeClaim")
    assert "volumes" not in recording.one("StatefulSet").inputs["spec"]["template"]["spec"]
