"""The whole program of a region, by the real engine: wrong cluster, wrong account, and what may not be deleted."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from kubernetes import client, config, dynamic

from local.paths import ROOT
from tests import emulator as emulators
from tests.plugins.control_plane import control_plane
from tests.plugins.engine import Result, Stack
from tests.plugins.world import failed, succeeded

pytestmark = pytest.mark.plugins

#: The name of the stack, of its region and of its namespace.
NAME = "test"
CONTEXT, OTHER_CONTEXT = "observability-local", "the-same-cluster"
#: The emulator's account.
ACCOUNT, OTHER_ACCOUNT = "123456789012", "999999999999"
BUCKETS = ("test-metrics-bucket", "test-traces-bucket")
OTHER_CLUSTER = "deadbeef-0000-4000-8000-000000000000"
PROGRAM = f"""
import runpy, sys
sys.path.insert(0, {str(ROOT)!r})
runpy.run_path({str(ROOT / "__main__.py")!r}, run_name="__main__")
"""


@dataclass
class Region:
    """A region's stack, and what there is in its cluster and account."""

    stack: Stack
    api: client.ApiClient
    s3: object

    def write(self, values: dict[str, object]) -> None:
        """Changes the stack file."""
        path = self.stack.folder / f"Pulumi.{NAME}.yaml"
        document = yaml.safe_load(path.read_text())
        document["config"] = {**document.get("config", {}), **values}
        path.write_text(yaml.safe_dump(document))

    def cluster_id(self) -> str:
        return client.CoreV1Api(self.api).read_namespace("kube-system").metadata.uid

    def buckets(self) -> set[str]:
        return {bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]}

    def objects(self) -> dict[str, str]:
        """The versions of objects in the stack's namespace, the namespace included; claims are left to controllers."""
        core = client.CoreV1Api(self.api)
        found = [each for each in core.list_namespace().items if each.metadata.name == NAME]
        versions = {f"Namespace/{NAME}": each.metadata.resource_version for each in found}
        cluster = dynamic.DynamicClient(self.api)
        for kind in ("ConfigMap", "Secret", "Service", "ServiceAccount"):
            versions |= _versions(cluster.resources.get(api_version="v1", kind=kind))
        for kind in ("StatefulSet", "Deployment"):
            versions |= _versions(cluster.resources.get(api_version="apps/v1", kind=kind))
        return versions

    def recorded(self, name: str) -> dict:
        return self.stack.state()[name]["inputs"]


def _versions(kind: dynamic.Resource) -> dict[str, str]:
    """Of what has a status, which changes by itself, the generation; else the version."""
    return {
        f"{each.kind}/{each.metadata.name}": str(each.metadata.generation or each.metadata.resourceVersion)
        for each in kind.get(namespace=NAME).items
    }


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    """host:port"""
    with emulators.emulator() as address:
        yield address


@pytest.fixture(scope="module")
def contexts(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kubeconfig with a second context for the cluster."""
    document = yaml.safe_load(kubeconfig.read_text())
    [own] = document["contexts"]
    document["contexts"].append({**own, "name": OTHER_CONTEXT})
    path = tmp_path_factory.mktemp("contexts") / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture(scope="module")
def another_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Its kubeconfig, in which the context has the same name."""
    with control_plane(tmp_path_factory.mktemp("another-cluster")) as path:
        yield path


def stack_file(emulator: str) -> dict[str, object]:
    return {
        "pulumi:disable-default-providers": ["kubernetes"],
        "kubernetes:context": CONTEXT,
        "aws:region": emulators.REGION,
        "aws:accessKey": "test",
        "aws:secretKey": "test",
        "aws:s3UsePathStyle": True,
        "aws:skipCredentialsValidation": True,
        "aws:skipMetadataApiCheck": True,
        "aws:allowedAccountIds": [ACCOUNT],
        "aws:endpoints": [dict.fromkeys(("s3", "iam", "sts"), f"http://{emulator}")],
        "observability:kind": "region",
        "observability:region": NAME,
        "observability:namespace": NAME,
        "observability:objectStore": {
            "bucketPrefix": "acme",
            "oidcProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/x",
        },
        "observability:grafana": {"enabled": False},
    }


def made(folder: Path, contexts: Path, emulator: str) -> Region:
    """A region that is not up yet, and knows its own cluster and account."""
    # There is no kubelet, so nothing becomes ready.
    environment = {"KUBECONFIG": str(contexts), "PULUMI_K8S_STAND_IN_AWAIT": "false"}
    stack = Stack(folder, {}, environment)
    stack.program(PROGRAM)
    region = Region(stack, config.new_client_from_config(str(contexts)), emulators.client("s3", emulator))
    region.write({**stack_file(emulator), "observability:clusterId": region.cluster_id()})
    return region


@pytest.fixture
def fresh(tmp_path: Path, contexts: Path, emulator: str) -> Region:
    return made(tmp_path / "project", contexts, emulator)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, contexts: Path, emulator: str) -> Region:
    """A region that is up. Tests leave it as it is."""
    region = made(tmp_path_factory.mktemp("region"), contexts, emulator)
    succeeded(region.stack.up())
    return region


def refused_alike(region: Region) -> str:
    """What preview and update say, both of which fail."""
    previewed, updated = failed(region.stack.preview()), failed(region.stack.up())
    assert "nothing was changed" in previewed
    return updated


def test_a_new_stack_makes_nothing_in_the_cluster_of_another(fresh: Region):
    fresh.write({"observability:clusterId": OTHER_CLUSTER})
    objects, buckets = fresh.objects(), fresh.buckets()

    said = " ".join(refused_alike(fresh).split())

    assert f"the context {CONTEXT} (kubernetes:context) leads to a cluster whose namespace kube-system" in said
    assert f"has the UID {fresh.cluster_id()}, and observability:clusterId is {OTHER_CLUSTER}" in said
    assert (fresh.objects(), fresh.buckets()) == (objects, buckets)
    assert set(fresh.stack.state()) == {"probe-test", "kube-system-reader", "kube-system"}


def test_a_new_stack_makes_nothing_in_the_account_of_another(fresh: Region):
    fresh.write({"aws:allowedAccountIds": [OTHER_ACCOUNT]})
    objects, buckets = fresh.objects(), fresh.buckets()

    said = " ".join(refused_alike(fresh).split())

    assert f"to be one of aws:allowedAccountIds ({OTHER_ACCOUNT})" in said
    assert f"AWS account ID not allowed: {ACCOUNT}" in said
    assert (fresh.objects(), fresh.buckets()) == (objects, buckets)


def test_a_context_that_is_not_there_stops_a_new_stack(fresh: Region):
    fresh.write({"kubernetes:context": "no-such-context"})
    for result in (fresh.stack.preview(), fresh.stack.up()):
        assert "no-such-context" in failed(result)
    assert "cluster" not in fresh.stack.state()


def test_a_second_up_changes_nothing(up: Region):
    assert len(up.objects()) > 50
    assert len(up.buckets()) == 2
    assert changes(up.stack.preview()) == set()
    assert changes(up.stack.up()) == set()


def changes(result: Result) -> set[str]:
    return set(succeeded(result).changes) - {"same", "read"}


def test_a_stack_that_is_up_stays_as_it_is_when_its_file_is_for_another_cluster(up: Region):
    objects, buckets, provider = up.objects(), up.buckets(), up.recorded("cluster")
    up.write({"observability:clusterId": OTHER_CLUSTER})
    up.write({"kubernetes:context": OTHER_CONTEXT})
    try:
        refused_alike(up)
        assert (up.objects(), up.buckets()) == (objects, buckets)
        assert up.recorded("cluster") == provider, "a destroy would go to the cluster of the refused context"
    finally:
        up.write({"observability:clusterId": up.cluster_id()})
        up.write({"kubernetes:context": CONTEXT})
    assert changes(up.stack.up()) <= {"update"}


def test_another_name_for_the_same_cluster_replaces_nothing(up: Region):
    objects = up.objects()
    up.write({"kubernetes:context": OTHER_CONTEXT})
    try:
        assert changes(up.stack.up()) == {"update"}
        assert up.recorded("cluster")["context"] == OTHER_CONTEXT
        assert up.objects() == objects
    finally:
        up.write({"kubernetes:context": CONTEXT})
    succeeded(up.stack.up())


def test_an_unchecked_cluster_is_told_and_taken(up: Region):
    up.write({"observability:clusterId": "unchecked"})
    try:
        said = " ".join(succeeded(up.stack.preview()).text.split())
        assert f"whatever cluster the context {CONTEXT} leads to is changed" in said
    finally:
        up.write({"observability:clusterId": up.cluster_id()})


def test_a_bucket_that_is_left_out_is_kept_until_it_is_let_go_on_purpose(up: Region):
    buckets = up.buckets()
    up.write({"observability:tempo": {"enabled": False}})
    try:
        for result in (up.stack.preview(), up.stack.up()):
            assert "test-traces-bucket" in failed(result)
            assert "protected" in result.text
        assert up.buckets() == buckets
    finally:
        up.write({"observability:tempo": {"enabled": True}})
    # Without a preview the engine refuses only once it comes to what is left over; what came before is put right again.
    succeeded(up.stack.up())


def test_the_namespace_and_a_destroy_are_refused(up: Region):
    objects = up.objects()
    up.write({"observability:namespace": "elsewhere"})
    try:
        assert "protected" in failed(up.stack.preview())
    finally:
        up.write({"observability:namespace": NAME})
    assert "protected" in failed(up.stack.destroy(previewed=True))
    assert up.objects() == objects


def test_a_cluster_made_anew_gets_all_and_tokens_and_buckets_stay(up: Region, contexts: Path, another_cluster: Path):
    """From here on the region is in another cluster."""
    former, buckets, edges = up.objects(), up.buckets(), up.stack.outputs()["edges"]
    contexts.write_text(another_cluster.read_text())
    moved = Region(up.stack, config.new_client_from_config(str(contexts)), up.s3)
    refused_alike(up)

    succeeded(up.stack.refresh())
    left = {found["type"] for found in up.stack.resources() if found["type"].startswith("kubernetes:")}
    assert left == {"kubernetes:core/v1:Namespace"}, "all is forgotten but kube-system, which is in every cluster"
    up.write({"observability:clusterId": moved.cluster_id()})
    succeeded(up.stack.up())

    assert moved.objects().keys() == former.keys()
    assert changes(up.stack.preview()) == set()
    assert (up.buckets(), up.stack.outputs()["edges"]) == (buckets, edges)
    assert up.objects() == former, "nothing was deleted in the former cluster, by whichever name"


def protected(region: Region) -> set[str]:
    return {name for name, resource in region.stack.state().items() if resource.get("protect")}


def test_protection_is_lifted_and_set_again_without_a_change(up: Region):
    assert protected(up) == {NAME, *BUCKETS}
    up.write({"observability:protect": False})
    assert changes(up.stack.up()) == set()
    assert protected(up) == set()
    up.write({"observability:protect": True})
    assert changes(up.stack.up()) == set()
    assert protected(up) == {NAME, *BUCKETS}


def test_a_destroy_keeps_the_buckets_and_nothing_else_if_they_alone_are_protected(up: Region):
    """From here on there is no region any more."""
    buckets = up.buckets()
    up.stack.unprotect(NAME)

    succeeded(up.stack.destroy("--exclude-protected", previewed=True))

    assert up.buckets() == buckets
    kept = {each["type"] for each in up.stack.resources() if not each["type"].startswith("pulumi:")}
    assert kept == {
        "aws:s3/bucket:Bucket",
        "random:index/randomId:RandomId",
        "observability:index:ObjectStore",
        "observability:index:RegionalStack",
    }
    assert "cluster" not in up.stack.state()


def test_what_is_not_protected_any_more_can_be_destroyed(up: Region):
    up.stack.unprotect(*BUCKETS)
    succeeded(up.stack.destroy(previewed=True))
    assert up.buckets() == set()
    assert up.stack.resources() == []
