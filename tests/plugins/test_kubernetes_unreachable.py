"""The stand-in kubernetes plugin and a cluster that is away, by the official plugin's options for that.

The rules are those of provider/pkg/provider/provider.go (Check, Read, Delete, DiffConfig) of pulumi-kubernetes.
"""

import json

import pytest
import yaml

from local.plugins.kubernetes import diffs
from local.plugins.values import UNKNOWN
from tests.binaries import free_ports
from tests.plugins.world import World, failed, succeeded

pytestmark = pytest.mark.plugins

PROGRAM = """
provider = k8s.Provider("cluster", kubeconfig={kubeconfig!r}, cluster_identifier="one", {options})
k8s.core.v1.Secret("login", metadata=meta("login"), string_data={{"key": "{value}"}},
                   opts=ResourceOptions(provider=provider))
"""
WITHOUT = 'provider = k8s.Provider("cluster", kubeconfig={kubeconfig!r}, cluster_identifier="one", {options})'


class Away:
    """A stack with one Secret in a cluster that can be away."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stack = world.stack
        document = yaml.safe_load(world.kubeconfig.read_text())
        self.there = json.dumps(document)
        document["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{free_ports(1)[0]}"
        self.away = json.dumps(document)

    def program(self, kubeconfig: str, options: str = "", value: str = "one", body: str = PROGRAM) -> None:
        self.world.program(body.format(kubeconfig=kubeconfig, options=options, value=value))

    def is_recorded(self) -> bool:
        return "login" in self.stack.state()


@pytest.fixture
def away(world: World) -> Away:
    made = Away(world)
    made.program(made.there)
    succeeded(world.stack.up())
    return made


def test_without_options_refresh_update_and_delete_fail_at_once_and_say_what_to_do(away: Away):
    away.program(away.away)
    assert "PULUMI_K8S_DELETE_UNREACHABLE" not in succeeded(away.stack.up()).text, "nothing there changes"
    assert "PULUMI_K8S_DELETE_UNREACHABLE=true" in failed(away.stack.refresh())
    away.program(away.away, value="two")
    failed(away.stack.up())
    away.program(away.away, body=WITHOUT)
    assert "PULUMI_K8S_DELETE_UNREACHABLE=true" in failed(away.stack.up())
    assert away.is_recorded()


@pytest.mark.parametrize(
    ("options", "environment"),
    [("delete_unreachable=True", {}), ("", {"PULUMI_K8S_DELETE_UNREACHABLE": "true"})],
    ids=["option", "environment"],
)
def test_delete_unreachable_forgets_what_is_deleted(away: Away, options: str, environment: dict):
    away.program(away.away, options, body=WITHOUT)
    succeeded(away.stack.up(**environment))
    assert not away.is_recorded()
    assert away.world.core.read_namespaced_secret("login", away.world.namespace)


def test_delete_unreachable_forgets_at_refresh_too(away: Away):
    away.program(away.away, "delete_unreachable=True")
    succeeded(away.stack.up())
    succeeded(away.stack.refresh())
    assert not away.is_recorded()


def test_skip_update_unreachable_keeps_what_is_recorded(away: Away):
    away.program(away.away, "skip_update_unreachable=True", value="two")
    assert "unreachable" in succeeded(away.stack.up()).text
    assert succeeded(away.stack.refresh()).changes == {"same": 3}
    assert away.is_recorded()
    away.program(away.away, "skip_update_unreachable=True", body=WITHOUT)
    failed(away.stack.up())


def kubeconfig(server: str, token: str = "a") -> str:
    return json.dumps(
        {
            "current-context": "x",
            "contexts": [{"name": "x", "context": {"cluster": "y", "user": "z"}}],
            "clusters": [{"name": "y", "cluster": {"server": server}}],
            "users": [{"name": "z", "user": {"token": token}}],
        }
    )


ONE, TWO = kubeconfig("https://one"), kubeconfig("https://two")


@pytest.mark.parametrize(
    ("old", "new", "replaces"),
    [
        ({"kubeconfig": ONE}, {"kubeconfig": ONE}, []),
        ({"kubeconfig": ONE}, {"kubeconfig": kubeconfig("https://one", token="b")}, []),
        ({"kubeconfig": ONE}, {"kubeconfig": TWO}, ["kubeconfig"]),
        ({"kubeconfig": ONE}, {"kubeconfig": UNKNOWN}, ["kubeconfig"]),
        ({"kubeconfig": "/a"}, {"kubeconfig": "/b"}, []),
        ({"context": "a"}, {"context": "b"}, ["context"]),
        ({"kubeconfig": ONE, "clusterIdentifier": "a"}, {"kubeconfig": TWO, "clusterIdentifier": "a"}, []),
        ({"clusterIdentifier": "a"}, {"clusterIdentifier": "b"}, ["clusterIdentifier"]),
        ({}, {"clusterIdentifier": "b"}, []),
    ],
)
def test_a_provider_is_replaced_where_its_cluster_is_another(old, new, replaces):
    assert diffs.moved(old, new) == replaces
