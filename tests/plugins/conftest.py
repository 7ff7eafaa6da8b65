"""What tests of plugins share: one cluster, and a namespace of their own in it."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client, config

from tests.plugins.control_plane import control_plane
from tests.plugins.engine import Stack
from tests.plugins.world import World


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Path of an administrator's kubeconfig for an API server that answers."""
    with control_plane(tmp_path_factory.mktemp("control-plane")) as path:
        yield path


@pytest.fixture
def world(tmp_path: Path, kubeconfig: Path) -> Iterator[World]:
    namespace = f"test-{uuid.uuid4().hex[:8]}"
    api = config.new_client_from_config(str(kubeconfig))
    core = client.CoreV1Api(api)
    core.create_namespace({"metadata": {"name": namespace}})
    stack = Stack(tmp_path / "project", config={"kubernetes:kubeconfig": str(kubeconfig)})
    yield World(stack, namespace, core, kubeconfig)
    core.delete_namespace(namespace)
