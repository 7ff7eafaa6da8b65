"""Volumes that grow: the claims of `components/_volumes.py` through the real engine, API server and provisioner."""

import time

import pytest
from kubernetes import client

from local import volumes
from local.paths import ROOT
from tests.plugins.world import World, failed, succeeded

pytestmark = pytest.mark.plugins

PROGRAM = """
from components import _volumes
from components._workload import Part
provider = k8s.Provider("cluster", kubeconfig="{kubeconfig}", upsert_existing_objects=True)
parent = pulumi.ComponentResource("test:index:Set", "set", opts=ResourceOptions(providers=[provider]))
_volumes.claims(Part("db", NAMESPACE, "db", "db"), {count}, "{size}", "standard", parent)
"""
NODE = {"metadata": {"annotations": {"volume.kubernetes.io/selected-node": "local"}}}
#: Stack, component and provider.
BESIDE = 3


class Claims:
    """The program, its claims, and what the scheduler and the provisioner of the local platform do about them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.stack = world.stack

    def program(self, count: int, size: str) -> None:
        self._world.program(PROGRAM.format(kubeconfig=self._world.kubeconfig, count=count, size=size))

    def all(self) -> dict[str, client.V1PersistentVolumeClaim]:
        found = self._world.core.list_namespaced_persistent_volume_claim(self._world.namespace).items
        return {claim.metadata.name: claim for claim in found}

    def sizes(self) -> list[tuple[str, str, str]]:
        """What each claim asks for, what it has, and what its volume has."""
        return [
            (
                claim.spec.resources.requests["storage"],
                claim.status.capacity["storage"],
                self._world.core.read_persistent_volume(claim.spec.volume_name).spec.capacity["storage"],
            )
            for claim in self.all().values()
        ]

    def provision(self) -> None:
        """Until every claim is bound and has what it asks for."""
        for name in self.all():
            self._world.core.patch_namespaced_persistent_volume_claim(name, self._world.namespace, NODE)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            volumes.provision(self._world.core)
            if all(claim.status.phase == "Bound" for claim in self.all().values()):
                volumes.provision(self._world.core)
                return
            time.sleep(0.2)
        raise AssertionError(f"not bound: {self.all()}")


class Listed:
    """The API server as a provisioner knows it that made its lists a moment ago."""

    def __init__(self, core: client.CoreV1Api) -> None:
        self._core = core
        self.claims = core.list_persistent_volume_claim_for_all_namespaces()
        self.volumes = core.list_persistent_volume()

    def list_persistent_volume_claim_for_all_namespaces(self) -> client.V1PersistentVolumeClaimList:
        return self.claims

    def list_persistent_volume(self) -> client.V1PersistentVolumeList:
        return self.volumes

    def __getattr__(self, name: str):
        return getattr(self._core, name)


@pytest.fixture
def claims(world: World, tmp_path, monkeypatch) -> Claims:
    monkeypatch.setattr(volumes, "FOLDERS", tmp_path / "volumes")
    volumes.make_storage_class(client.StorageV1Api(world.core.api_client))
    world.stack.env["PYTHONPATH"] = str(ROOT)
    made = Claims(world)
    made.program(count=2, size="1Gi")
    succeeded(made.stack.up())
    made.provision()
    assert made.sizes() == [("1Gi", "1Gi", "1Gi")] * 2
    return made


def uids(claims: Claims) -> dict[str, str]:
    return {name: claim.metadata.uid for name, claim in claims.all().items()}


def test_a_claim_grows_in_place(claims: Claims):
    before = uids(claims)
    claims.program(count=2, size="1536Mi")

    assert succeeded(claims.stack.preview()).changes == {"update": 2, "same": BESIDE}
    assert succeeded(claims.stack.up()).changes == {"update": 2, "same": BESIDE}
    claims.provision()

    assert claims.sizes() == [("1536Mi", "1536Mi", "1536Mi")] * 2
    assert uids(claims) == before
    assert succeeded(claims.stack.refresh()).changes == {"same": 2 + BESIDE}


def test_a_claim_that_would_shrink_is_refused_at_preview_and_nothing_is_changed(claims: Claims):
    claims.program(count=2, size="900Mi")

    for operation in (claims.stack.preview, claims.stack.up):
        text = failed(operation())
        assert "the volume db-data-0 has 1Gi and cannot shrink to 900Mi" in text, text

    assert claims.sizes() == [("1Gi", "1Gi", "1Gi")] * 2


def test_a_claim_that_is_no_longer_declared_stays_and_is_taken_over_when_it_is_declared_again(claims: Claims):
    before = uids(claims)
    claims.program(count=1, size="1Gi")
    succeeded(claims.stack.up())
    assert uids(claims) == before, "fewer pods must not cost data"

    claims.program(count=2, size="2Gi")
    assert succeeded(claims.stack.up()).changes == {"update": 1, "create": 1, "same": BESIDE}
    claims.provision()

    assert uids(claims) == before
    assert claims.sizes() == [("2Gi", "2Gi", "2Gi")] * 2


def test_what_goes_between_the_listing_and_the_work_on_it_does_not_end_the_provisioners_round(
    claims: Claims, world: World
):
    listed = Listed(world.core)
    listed.claims.items = [claim for claim in listed.claims.items if claim.metadata.namespace == world.namespace]
    for claim in listed.claims.items:
        claim.spec.resources.requests["storage"] = "2Gi"  # so there is work on it
        world.core.delete_namespaced_persistent_volume_claim(claim.metadata.name, world.namespace)
    ours = {claim.spec.volume_name for claim in listed.claims.items}
    listed.volumes.items = [volume for volume in listed.volumes.items if volume.metadata.name in ours]
    for volume in listed.volumes.items:
        volume.status.phase = "Released"
        world.core.delete_persistent_volume(volume.metadata.name)
    until_gone = time.monotonic() + 30
    while {volume.metadata.name for volume in world.core.list_persistent_volume().items} & ours:
        assert time.monotonic() < until_gone
        time.sleep(0.2)

    volumes.provision(listed)

    assert claims.all() == {}
