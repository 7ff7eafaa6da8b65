"""A stack, a namespace that is its own, and the real API server that it is in."""

from dataclasses import dataclass
from pathlib import Path

from kubernetes import client

from tests.plugins.engine import Result, Stack

HEADER = """
import json, pulumi, pulumi_kubernetes as k8s
from pulumi import ResourceOptions
NAMESPACE = "{namespace}"
def meta(name, **more): return dict(name=name, namespace=NAMESPACE, **more)
"""


@dataclass
class World:
    """A stack of one program, the namespace that is its own, and the cluster seen from outside."""

    stack: Stack
    namespace: str
    core: client.CoreV1Api
    kubeconfig: Path

    def program(self, body: str) -> None:
        self.stack.program(HEADER.format(namespace=self.namespace) + body)

    def config_map(self, name: str) -> client.V1ConfigMap:
        return self.core.read_namespaced_config_map(name, self.namespace)


def succeeded(result: Result) -> Result:
    assert result.code == 0, result.text
    return result


def failed(result: Result) -> str:
    """The text of a failure, which is for users: no traceback."""
    assert result.code != 0, result.text
    assert "Traceback" not in result.text, result.text
    return result.text
