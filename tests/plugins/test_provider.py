"""Our components in a program that does not import them: the real engine starts the provider and has it make them."""

import json
import os
import shlex
import sys

import pytest
from kubernetes import client, config

from local.tools import search_path
from tests.engine import ROOT
from tests.plugins.world import succeeded

pytestmark = pytest.mark.plugins

#: As an SDK made of provider/schema.json has it. Its numbers are floats on the wire, whatever the language.
PROGRAM = """
class Memcached(pulumi.ComponentResource):
    def __init__(self, name, args, opts):
        props = {{**args, "address": None}}
        super().__init__("observability:index:Memcached", name, props, opts, remote=True)

cluster = k8s.Provider("cluster", kubeconfig=open("{kubeconfig}").read())
parent = pulumi.ComponentResource("probe:index:Parent", "parent")
cache = Memcached(
    "answers",
    dict(
        namespace=pulumi.Output.from_input(NAMESPACE), priorityClass="read-path", replicas=2, memory="64Mi",
        maxItemSize="1Mi", connections={connections}, cpu="10m",
    ),
    ResourceOptions(parent=parent, providers=[cluster], version="{version}"),
)
pulumi.export("address", cache.address)
"""


@pytest.fixture
def hosting(world, tmp_path):
    """A world whose engine finds the provider as it finds any plugin: by its name on PATH."""
    launcher = tmp_path / "bin" / "pulumi-resource-observability"
    launcher.parent.mkdir()
    launcher.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(ROOT / "provider"))} "$@"\n')
    launcher.chmod(0o755)
    path = os.pathsep.join([str(launcher.parent), search_path()])
    world.stack.env |= {"PATH": path, "PULUMI_K8S_STAND_IN_AWAIT": "false"}
    return world


def write(world, connections: object) -> None:
    version = json.loads((ROOT / "provider" / "schema.json").read_text())["version"]
    world.program(PROGRAM.format(kubeconfig=world.kubeconfig, connections=connections, version=version))


def test_a_component_is_made_by_the_provider_with_its_children_below_it(hosting):
    write(hosting, connections=2048)
    made = succeeded(hosting.stack.up())
    assert "observability:index:Memcached" in made.text

    recorded = hosting.stack.resources()
    by_kind = {found["type"].rpartition(":")[2]: found for found in recorded}
    cache = by_kind["Memcached"]
    assert cache["parent"] == by_kind["Parent"]["urn"]
    children = [found for found in recorded if found.get("parent") == cache["urn"]]
    kinds = {found["type"].rpartition(":")[2] for found in children}
    assert kinds == {"PodDisruptionBudget", "Service", "ServiceAccount", "StatefulSet"}
    cluster = next(found for found in recorded if found["urn"].endswith("::cluster"))
    assert {found["provider"].rpartition("::")[0] for found in children} == {cluster["urn"]}
    host = f"answers.{hosting.namespace}.svc"
    assert hosting.stack.outputs() == {"address": f"dnssrvnoa+_memcached._tcp.{host}"}

    apps = client.AppsV1Api(config.new_client_from_config(str(hosting.kubeconfig)))
    pods = apps.read_namespaced_stateful_set("answers", hosting.namespace).spec
    assert pods.replicas == 2
    memcached = next(found for found in pods.template.spec.containers if found.name == "memcached")
    assert "-c2048" in memcached.args

    assert set(succeeded(hosting.stack.preview()).changes) == {"same"}
    succeeded(hosting.stack.destroy())


def test_what_is_missing_is_named(hosting):
    write(hosting, connections=None)
    result = hosting.stack.preview()
    assert result.code != 0
    assert "Missing required input 'connections' on 'Memcached'" in result.text
