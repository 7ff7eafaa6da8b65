"""EdgeAccess through the real engine, at a real API server that is there, and that is away."""

import base64
import json
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from kubernetes import client

from local import pulumi_cli
from local.paths import ROOT
from tests.binaries import free_ports
from tests.plugins.world import World, failed, succeeded

pytestmark = pytest.mark.plugins

PROGRAM = """
from components import EdgeAccess
EdgeAccess("eu-1-access", {args!r})
"""
GONE = "pulumi.export('edges', 0)"
#: All that the documentation asks for.
RULES = [{"apiGroups": [""], "resources": ["namespaces", "secrets"], "verbs": ["get", "create", "patch"]}]


class Edge:
    """The program, and the edge seen by its owner."""

    def __init__(self, world: World, api_server: dict, credential: str) -> None:
        self.world = world
        self.stack = world.stack
        self.namespace = f"{world.namespace}-agent"
        self.args = {
            "edge": "eu-1",
            "api_server": api_server,
            "credential": credential,
            "agent_namespace": self.namespace,
            "token": "token-one",
            "ca": None,
        }

    def program(self, **changes) -> None:
        self.world.program(PROGRAM.format(args={**self.args, **changes}))

    def away(self) -> dict:
        """An API server that is not there, of the same authority."""
        (port,) = free_ports(1)
        return {**self.args["api_server"], "server": f"https://127.0.0.1:{port}"}

    def secret(self) -> client.V1Secret:
        return self.world.core.read_namespaced_secret("observability-remote-write", self.namespace)

    def content(self) -> dict[str, str]:
        return {key: base64.b64decode(value).decode() for key, value in self.secret().data.items()}


@pytest.fixture
def edge(world: World) -> Iterator[Edge]:
    name = f"observability-{uuid.uuid4().hex[:8]}"
    rbac = client.RbacAuthorizationV1Api(world.core.api_client)
    world.core.create_namespaced_service_account(world.namespace, {"metadata": {"name": "observability"}})
    rbac.create_cluster_role({"metadata": {"name": name}, "rules": RULES})
    subject = {"kind": "ServiceAccount", "name": "observability", "namespace": world.namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    rbac.create_cluster_role_binding({"metadata": {"name": name}, "roleRef": role, "subjects": [subject]})
    token = world.core.create_namespaced_service_account_token("observability", world.namespace, {"spec": {}})
    (cluster,) = (found["cluster"] for found in yaml.safe_load(world.kubeconfig.read_text())["clusters"])
    world.stack.env["PYTHONPATH"] = str(ROOT)
    api_server = {"server": cluster["server"], "ca_data": cluster["certificate-authority-data"]}
    yield Edge(world, api_server, token.status.token)
    world.core.delete_namespace(f"{world.namespace}-agent")
    rbac.delete_cluster_role_binding(name)
    rbac.delete_cluster_role(name)


def test_the_edge_gets_the_token_with_no_more_rights_than_documented(edge: Edge):
    edge.program(ca="-----BEGIN CERTIFICATE-----\n")
    up = succeeded(edge.stack.up())
    assert edge.content() == {"token": "token-one", "ca.crt": "-----BEGIN CERTIFICATE-----\n"}
    assert succeeded(edge.stack.refresh()).changes == {"same": 5}
    seen = up.text + json.dumps(edge.stack.state())
    for secret in ("token-one", edge.args["credential"], edge.secret().data["token"]):
        assert secret not in seen


def test_another_token_is_put_in_place_of_the_former(edge: Edge):
    edge.program(ca="-----BEGIN CERTIFICATE-----\n")
    succeeded(edge.stack.up())
    before = edge.secret().metadata.uid
    edge.program(token="token-two")
    assert succeeded(edge.stack.preview()).changes == {"update": 1, "same": 4}
    assert succeeded(edge.stack.up()).changes == {"update": 1, "same": 4}
    assert edge.content() == {"token": "token-two"}
    assert edge.secret().metadata.uid == before, "a pod that starts in between would not find it"


def test_a_namespace_and_a_secret_that_are_there_are_taken_over(edge: Edge):
    theirs = {"pod-security.kubernetes.io/enforce": "privileged"}
    edge.world.core.create_namespace({"metadata": {"name": edge.namespace, "labels": theirs}})
    edge.world.core.create_namespaced_secret(
        edge.namespace, {"metadata": {"name": "observability-remote-write"}, "stringData": {"token": "by-hand"}}
    )
    edge.program()
    succeeded(edge.stack.up())
    assert edge.content() == {"token": "token-one"}
    labels = edge.world.core.read_namespace(edge.namespace).metadata.labels
    assert labels["pod-security.kubernetes.io/enforce"] == "privileged"


def test_an_edge_that_is_away_does_not_hold_up_the_others_and_gets_its_token_later(edge: Edge):
    edge.program()
    succeeded(edge.stack.up())
    edge.program(token="token-two", api_server=edge.away())
    up = succeeded(edge.stack.up())
    assert "unreachable" in up.text
    assert up.changes == {"update": 1, "same": 4}, "its provider alone"
    assert succeeded(edge.stack.refresh()).changes == {"same": 5}
    assert edge.content() == {"token": "token-one"}

    edge.program(token="token-two")
    assert succeeded(edge.stack.up()).changes == {"update": 2, "same": 3}
    assert edge.content() == {"token": "token-two"}


def test_a_new_edge_whose_api_server_does_not_answer_is_an_error(edge: Edge):
    server = edge.away()
    edge.program(api_server=server)
    assert server["server"] in failed(edge.stack.up())
    edge.world.core.create_namespace({"metadata": {"name": edge.namespace}})  # for the end of the test


@pytest.mark.parametrize("gone", [True, False], ids=["gone", "there"])
def test_an_edge_is_removed_whether_its_api_server_is_gone_or_there_and_keeps_what_it_has(edge: Edge, gone: bool):
    edge.program()
    succeeded(edge.stack.up())
    if gone:
        edge.program(api_server=edge.away())
        succeeded(edge.stack.up())
    edge.world.program(GONE)
    succeeded(edge.stack.up())
    assert set(edge.stack.state()) == {"probe-test"}
    assert edge.content() == {"token": "token-one"}


@pytest.mark.skipif(not shutil.which("jq"), reason="the documented command needs jq")
def test_the_documented_command_puts_the_token_where_the_api_server_is_not_given(edge: Edge, tmp_path: Path):
    output = "{'apac-1': {'url': 'https://metrics.apac.example', 'token': 'token-one'}}"
    edge.world.program(f"pulumi.export('edges', pulumi.Output.secret({output}))")
    succeeded(edge.stack.up())
    section = (ROOT / "docs" / "edges.md").read_text().split("## Where it is not given")[1]
    command = re.search(r"```sh\n(.*?)```", section, re.DOTALL)[1]
    command = command.replace("monitoring", edge.namespace).replace("-s apac", "-s test")
    document = yaml.safe_load(edge.world.kubeconfig.read_text())
    document["contexts"][0]["name"] = "apac-1"
    (tmp_path / "kubeconfig").write_text(json.dumps(document))
    environment = pulumi_cli.environment(
        backend=edge.stack.folder / "backend",
        passphrase_file=edge.stack.folder / "passphrase",
        official_plugins=False,
    )
    environment["KUBECONFIG"] = str(tmp_path / "kubeconfig")

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=edge.stack.folder,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert edge.content() == {"token": "token-one"}
