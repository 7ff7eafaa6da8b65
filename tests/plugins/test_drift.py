"""A stack whose objects are changed by hand: what `ops.drift` finds, says, leaves alone and repairs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from kubernetes import client
from moto.server import ThreadedMotoServer

from local import pulumi_cli
from ops import drift
from ops import stack as stack_module
from tests.plugins.engine import Stack
from tests.plugins.world import World, succeeded

pytestmark = pytest.mark.plugins

REGION, BUCKET = "eu-west-1", "blocks-of-apac"
#: `routers` is what the program says; the rest is as in a region, in small.
PROGRAM = """
import pulumi_aws as aws

class Part(pulumi.ComponentResource):
    def __init__(self, kind, name, parent=None):
        super().__init__(f"observability:index:{{kind}}", name, {{}}, ResourceOptions(parent=parent))

region = Part("RegionalStack", "apac")
cluster = k8s.Provider("cluster", kubeconfig="{kubeconfig}", context="observability-local",
    enable_config_map_mutable=True, enable_secret_mutable=True, opts=ResourceOptions(parent=region))
receive = Part("Receive", "apac-receive", region)
child = ResourceOptions(parent=receive, provider=cluster)
labels = {{"app": "router"}}
k8s.apps.v1.Deployment("router", metadata=meta("router"), spec=dict(replicas={routers}, selector=dict(
    match_labels=labels), template=dict(metadata=dict(labels=labels), spec=dict(containers=[dict(
        name="router", image="router:1", args=["receive", "--a=1"], ports=[dict(container_port=1), dict(
        container_port=2)], resources=dict(requests={{"cpu": "0.5"}}))]))), opts=child)
k8s.core.v1.ConfigMap("ring", metadata=meta("ring"), data={{"ring.json": "[one]\\n[two]\\n", "other": "x"}}, opts=child)
k8s.core.v1.Secret("token", metadata=meta("token"), string_data={{"token": "of-the-program"}}, opts=child)
k8s.networking.v1.NetworkPolicy("wall", metadata=meta("wall"), spec=dict(pod_selector=dict(match_labels=labels),
    policy_types=["Ingress"], ingress=[dict(from_=[dict(pod_selector={{}})], ports=[dict(port=80)])]), opts=child)
k8s.core.v1.Service("router", metadata=meta("router"), spec=dict(cluster_ip="None", selector=labels,
    ports=[dict(name="http", port=80), dict(name="grpc", port=90)]), opts=child)

own = ResourceOptions(parent=Part("ObjectStore", "apac-metrics", region))
bucket = aws.s3.Bucket("bucket", bucket="{bucket}", tags={{"purpose": "metrics"}}, opts=own)
aws.s3.BucketServerSideEncryptionConfiguration("encryption", bucket=bucket.bucket, opts=own, rules=[
    {{"apply_server_side_encryption_by_default": {{"sse_algorithm": "AES256"}}, "bucket_key_enabled": False}}])
aws.s3.BucketPublicAccessBlock("access", bucket=bucket.bucket, block_public_acls=True, block_public_policy=True,
    ignore_public_acls=True, restrict_public_buckets=True, opts=own)
aws.s3.BucketLifecycleConfiguration("lifecycle", bucket=bucket.bucket, opts=own, rules=[
    {{"id": "parts", "status": "Enabled", "filter": {{}},
      "abort_incomplete_multipart_upload": {{"days_after_initiation": 7}}}},
    {{"id": "tiering", "status": "Enabled", "filter": {{}},
      "transitions": [{{"days": 30, "storage_class": "INTELLIGENT_TIERING"}}]}}])
aws.s3.BucketPolicy("tls", bucket=bucket.bucket, opts=own, policy=bucket.arn.apply(lambda arn: json.dumps(
    {{"Version": "2012-10-17", "Statement": {{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
      "Resource": [arn, arn + "/*"]}}}})))
role = aws.iam.Role("store", name="apac-store", opts=own, assume_role_policy=json.dumps({{"Version": "2012-10-17",
    "Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {{"Service": "a"}}}}]}}))
aws.iam.RolePolicy("store", name="bucket", role=role.name, opts=own, policy=bucket.arn.apply(lambda arn: json.dumps(
    {{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": arn}}]}})))
"""


@dataclass
class Region:
    """A stack that is up, and its cluster and bucket as somebody with kubectl and the S3 API meets them."""

    world: World
    stack: Stack
    report: Path
    s3: object
    emulator: ThreadedMotoServer

    def program(self, routers: int) -> None:
        text = PROGRAM.format(routers=routers, kubeconfig=self.world.kubeconfig, bucket=BUCKET)
        self.world.program(text)

    @property
    def apps(self) -> client.AppsV1Api:
        return client.AppsV1Api(self.world.core.api_client)

    @property
    def network(self) -> client.NetworkingV1Api:
        return client.NetworkingV1Api(self.world.core.api_client)

    def look(self, *arguments: str) -> tuple[int, str]:
        """Exit code and report of the command."""
        code = drift.main(["--stack=test", f"--report={self.report}", *arguments])
        return code, self.report.read_text()

    def objects(self) -> dict[str, object]:
        """What of the objects a person decides on."""
        namespace, s3 = self.world.namespace, self.s3
        ports = self.world.core.read_namespaced_service("router", namespace).spec.ports
        return {
            "replicas": self.apps.read_namespaced_deployment("router", namespace).spec.replicas,
            "ring": self.world.config_map("ring").data["ring.json"],
            "token": self.world.core.read_namespaced_secret("token", namespace).data,
            "wall": self.network.read_namespaced_network_policy("wall", namespace).spec.to_dict(),
            "ports": [(port.name, port.port) for port in ports],
            "tags": s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"],
            "encryption": s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"],
            "access": s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"],
            "rules": s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"],
            "policy": json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"]),
        }


@pytest.fixture
def region(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Region]:
    emulator = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    emulator.start()
    host, port = emulator.get_host_and_port()
    address, folder = f"http://{host}:{port}", world.stack.folder
    for key, value in {"region": REGION, "accessKey": "test", "s3UsePathStyle": "true"}.items():
        world.stack._run("config", "set", f"aws:{key}", value)
    for service in ("s3", "iam", "kms"):
        world.stack._run("config", "set", "--path", f"aws:endpoints[0].{service}", address)
    s3 = boto3.client(
        "s3", endpoint_url=address, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}, proxies={}),
    )  # fmt: skip
    # Nothing runs the pods.
    monkeypatch.setenv("PULUMI_K8S_STAND_IN_AWAIT", "false")
    variables = pulumi_cli.environment(
        backend=folder / "backend", passphrase_file=folder / "passphrase", official_plugins=False
    )
    for key, value in variables.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setattr(stack_module, "ROOT", folder)
    monkeypatch.setattr(pulumi_cli, "ROOT", folder)
    made = Region(world, world.stack, tmp_path / "report.md", s3, emulator)
    made.program(routers=2)
    succeeded(world.stack.up())
    yield made
    emulator.stop()


def change_by_hand(region: Region) -> None:
    core, namespace, s3 = region.world.core, region.world.namespace, region.s3
    region.apps.patch_namespaced_deployment_scale("router", namespace, {"spec": {"replicas": 5}})
    core.patch_namespaced_config_map("ring", namespace, {"data": {"ring.json": "[one]\n[three]\n"}})
    core.patch_namespaced_secret("token", namespace, {"stringData": {"token": "of-somebody-else"}})
    core.patch_namespaced_service("router", namespace, {"spec": {"ports": [{"$patch": "delete", "port": 80}]}})
    region.network.delete_namespaced_network_policy("wall", namespace)
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "purpose", "Value": "traces"}]})
    s3.delete_bucket_encryption(Bucket=BUCKET)
    closed = {"BlockPublicAcls": True, "BlockPublicPolicy": False, "IgnorePublicAcls": True}
    s3.put_public_access_block(
        Bucket=BUCKET, PublicAccessBlockConfiguration={**closed, "RestrictPublicBuckets": False}
    )
    rules = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": rules[1:]})
    s3.put_bucket_policy(Bucket=BUCKET, Policy='{"Version": "2012-10-17", "Statement": []}')


def test_what_is_changed_by_hand_is_found_told_and_repaired(region: Region, capfd):
    before, namespace = region.objects(), region.world.namespace
    change_by_hand(region)
    changed, record = [region.apps.read_namespaced_deployment("router", namespace).spec.replicas], region.stack.state()

    code, report = region.look()

    assert code == drift.DRIFTED
    assert "## test: 10 resources drifted" in report
    within = f"`{namespace}/%s` (apac / apac-receive)"
    for said in (
        f"**Deployment** {within % 'router'}: changed\n  - `spec.replicas`: wanted `2`, found `5`\n",
        f"**ConfigMap** {within % 'ring'}: changed\n",
        "-[three]\n    +[two]\n",
        f"**Secret** {within % 'token'}: changed\n  - `stringData.token`: another value (a secret, not shown)\n",
        f"**Service** {within % 'router'}: changed\n",
        f"**NetworkPolicy** {within % 'wall'}: deleted\n",
        f"**Bucket** `{BUCKET}` (apac / apac-metrics): changed\n",
        'wanted `{"purpose": "metrics"}`, found `{"purpose": "traces"}`',
        f"**BucketServerSideEncryptionConfiguration** `{BUCKET}` (apac / apac-metrics): deleted\n",
        "`blockPublicPolicy`: wanted `true`, found `false`",
        "`restrictPublicBuckets`: wanted `true`, found `false`",
        "id: parts",
        f"**BucketPolicy** `{BUCKET}` (apac / apac-metrics): changed\n",
    ):
        assert said in report, report
    assert "ignorePublicAcls" not in report
    assert "Role" not in report, "a policy follows from the bucket, which is there"
    assert "Not applied" not in report
    shown = capfd.readouterr().out
    assert "spec.replicas: wanted 2, found 5" in shown
    assert "python -m ops.drift --stack test --repair" in shown
    for text in (report, shown):
        assert "of-somebody-else" not in text
        assert "of-the-program" not in text
    assert region.stack.state() == record, "it may only look"
    assert changed == [region.apps.read_namespaced_deployment("router", namespace).spec.replicas] == [5]

    # What is not applied yet is told apart, and a repair must not apply it.
    region.program(routers=3)
    code, report = region.look("--repair", "--yes")
    assert code == drift.DRIFTED
    assert "update **Deployment**" in report.partition("Not applied yet")[2], report
    assert "pulumi up -s test" in capfd.readouterr().out
    assert region.apps.read_namespaced_deployment("router", namespace).spec.replicas == 5

    region.program(routers=2)
    code, report = region.look("--repair", "--yes")
    assert code == drift.IN_SYNC, capfd.readouterr().out
    assert "## test: in sync, 10 resources repaired" in report
    assert region.objects() == before
    code, report = region.look()
    assert (code, "## test: in sync" in report) == (drift.IN_SYNC, True)


def test_what_controllers_and_others_add_is_no_drift(region: Region):
    namespace, core = region.world.namespace, region.world.core
    status = {"status": {"readyReplicas": 1, "replicas": 2, "availableReplicas": 1, "observedGeneration": 1}}
    region.apps.patch_namespaced_deployment_status("router", namespace, status)
    added = {"metadata": {"labels": {"team": "sre"}, "annotations": {"by": "hand"}}}
    region.apps.patch_namespaced_deployment("router", namespace, added)
    core.patch_namespaced_config_map("ring", namespace, {"data": {"theirs": "1"}})
    region.s3.put_object(Bucket=BUCKET, Key="block", Body=b"x")

    code, report = region.look()

    assert code == drift.IN_SYNC, report
    assert "## test: in sync" in report


def test_a_bucket_that_is_gone_comes_back_empty_and_that_is_said(region: Region):
    region.s3.delete_bucket(Bucket=BUCKET)

    code, report = region.look("--repair", "--yes")

    assert code == drift.IN_SYNC, report
    assert "it came back empty: what it held is lost" in report
    assert region.s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
    assert region.s3.get_bucket_policy(Bucket=BUCKET)["Policy"]


def test_what_cannot_be_looked_at_is_no_drift_and_the_reason_is_given(region: Region, capfd):
    region.emulator.stop()

    code, report = region.look()

    assert code == drift.FAILED
    assert "test: could not be looked at" in report
    assert "the emulator cannot be used: Could not connect" in report
    shown = capfd.readouterr().out
    assert "Nothing was changed" in shown
    assert "Traceback" not in shown
    with pytest.raises(ClientError):
        raise ClientError({}, "never")
