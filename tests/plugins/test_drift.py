"""A stack whose objects are changed by hand: what `ops.drift` finds, says, leaves alone and repairs."""

import contextlib
import io
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from kubernetes import client, config

from local import pulumi_cli
from ops import drift
from ops import stack as stack_module
from tests import emulator as emulators
from tests.plugins.engine import Stack
from tests.plugins.world import World, succeeded

pytestmark = pytest.mark.plugins

BUCKET, SPARE = "blocks-of-apac", "spare-of-apac"
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
aws.s3.Bucket("spare", bucket="{spare}", opts=own)
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
    """A stack that is up, and its cluster and buckets as somebody with kubectl and the S3 API meets them."""

    world: World
    s3: object
    folder: Path
    apps: client.AppsV1Api = field(init=False)
    network: client.NetworkingV1Api = field(init=False)

    def __post_init__(self) -> None:
        self.apps = client.AppsV1Api(self.world.core.api_client)
        self.network = client.NetworkingV1Api(self.world.core.api_client)

    def program(self, routers: int) -> None:
        names = {"bucket": BUCKET, "spare": SPARE}
        self.world.program(PROGRAM.format(routers=routers, kubeconfig=self.world.kubeconfig, **names))

    def command(self, *arguments: str) -> "Answer":
        report, shown = self.folder / "report.md", io.StringIO()
        with contextlib.redirect_stdout(shown):
            code = drift.main(["--stack=test", f"--report={report}", *arguments])
        return Answer(code, report.read_text(), shown.getvalue())

    def replicas(self) -> int:
        return self.apps.read_namespaced_deployment("router", self.world.namespace).spec.replicas

    def objects(self) -> dict[str, object]:
        """What of the objects a person decides on."""
        namespace, s3 = self.world.namespace, self.s3
        ports = self.world.core.read_namespaced_service("router", namespace).spec.ports
        return {
            "replicas": self.replicas(),
            "ring": self.world.config_map("ring").data["ring.json"],
            "token": self.world.core.read_namespaced_secret("token", namespace).data["token"],
            "wall": self.network.read_namespaced_network_policy("wall", namespace).spec.to_dict(),
            "ports": [(port.name, port.port) for port in ports],
            "tags": s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"],
            "encryption": s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"],
            "access": s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"],
            "rules": s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"],
            "policy": json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"]),
            "spare": s3.head_bucket(Bucket=SPARE)["ResponseMetadata"]["HTTPStatusCode"],
        }

    def change_by_hand(self) -> None:
        core, namespace, s3 = self.world.core, self.world.namespace, self.s3
        self.apps.patch_namespaced_deployment_scale("router", namespace, {"spec": {"replicas": 5}})
        core.patch_namespaced_config_map("ring", namespace, {"data": {"ring.json": "[one]\n[three]\n"}})
        core.patch_namespaced_secret("token", namespace, {"stringData": {"token": "of-somebody-else"}})
        core.patch_namespaced_service("router", namespace, {"spec": {"ports": [{"$patch": "delete", "port": 80}]}})
        self.network.delete_namespaced_network_policy("wall", namespace)
        s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "purpose", "Value": "traces"}]})
        s3.delete_bucket_encryption(Bucket=BUCKET)
        access = {"BlockPublicAcls": True, "BlockPublicPolicy": False, "IgnorePublicAcls": True}
        s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=access)
        rules = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
        s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": rules[1:]})
        s3.put_bucket_policy(Bucket=BUCKET, Policy='{"Version": "2012-10-17", "Statement": []}')
        s3.delete_bucket(Bucket=SPARE)

    def add(self) -> None:
        """What controllers write, and what others put beside ours."""
        core, namespace = self.world.core, self.world.namespace
        status = {"conditions": [{"type": "Looked", "status": "True"}]}
        self.apps.patch_namespaced_deployment_status("router", namespace, {"status": status})
        labels = {"metadata": {"labels": {"team": "sre"}, "annotations": {"by": "hand"}}}
        self.apps.patch_namespaced_deployment("router", namespace, labels)
        core.patch_namespaced_config_map("ring", namespace, {"data": {"theirs": "1"}})
        core.patch_namespaced_secret("token", namespace, {"stringData": {"theirs": "of-a-third"}})
        self.s3.put_object(Bucket=BUCKET, Key="block", Body=b"x")


@dataclass(frozen=True)
class Answer:
    """Of the command: its exit code, its report, and what it showed."""

    code: int
    report: str
    shown: str


@dataclass(frozen=True)
class Seen:
    """One story: changes by hand, a look at them, a repair, and a look without an S3 API."""

    namespace: str
    before: dict[str, object]
    record: dict[str, dict]
    found: Answer
    replicas_after_look: int
    record_after_look: dict[str, dict]
    repaired: Answer
    after: dict[str, object]
    away: Answer


@pytest.fixture(scope="module")
def seen(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("drift")
    core = client.CoreV1Api(config.new_client_from_config(str(kubeconfig)))
    namespace = f"test-{uuid.uuid4().hex[:8]}"
    core.create_namespace({"metadata": {"name": namespace}})
    with pytest.MonkeyPatch.context() as patch:
        # Nothing runs the pods.
        patch.setenv("PULUMI_K8S_STAND_IN_AWAIT", "false")
        with emulators.emulator() as address:
            settings = {"aws:region": emulators.REGION, "aws:accessKey": "test", "aws:s3UsePathStyle": "true"}
            settings |= {f"aws:endpoints[0].{service}": f"http://{address}" for service in ("s3", "iam")}
            stack = Stack(folder / "project", config=settings)
            for key, value in pulumi_cli.environment(
                backend=stack.folder / "backend", passphrase_file=stack.folder / "passphrase", official_plugins=False
            ).items():
                patch.setenv(key, value)
            patch.setattr(stack_module, "ROOT", stack.folder)
            patch.setattr(pulumi_cli, "ROOT", stack.folder)
            region = Region(World(stack, namespace, core, kubeconfig), emulators.client("s3", address), folder)
            region.program(routers=2)
            succeeded(stack.up())
            before, record = region.objects(), stack.state()
            region.change_by_hand()
            region.add()
            region.program(routers=3)
            found = region.command("--repair", "--yes")
            replicas, record_after_look = region.replicas(), stack.state()
            region.program(routers=2)
            repaired = region.command("--repair", "--yes")
            after = region.objects()
        away = region.command()
    yield Seen(namespace, before, record, found, replicas, record_after_look, repaired, after, away)
    core.delete_namespace(namespace)


@pytest.mark.parametrize(
    "said",
    [
        "## test: 11 resources drifted\n",
        '**ConfigMap** `{}/ring` (apac / apac-receive): changed\n  - `data["ring.json"]`: ',
        "    -[three]\n    +[two]\n",
        "**Secret** `{}/token` (apac / apac-receive): changed\n"
        "  - `stringData.token`: another value (a secret, not shown)\n",
        "**Service** `{}/router` (apac / apac-receive): changed\n",
        "**NetworkPolicy** `{}/wall` (apac / apac-receive): deleted\n",
        f"**Bucket** `{BUCKET}` (apac / apac-metrics): changed\n"
        '  - `tags`: wanted `{{"purpose": "metrics"}}`, found `{{"purpose": "traces"}}`\n',
        f"**BucketServerSideEncryptionConfiguration** `{BUCKET}` (apac / apac-metrics): deleted\n",
        "  - `blockPublicPolicy`: wanted `true`, found `false`\n",
        "  - `restrictPublicBuckets`: wanted `true`, found `false`\n",
        f"**BucketLifecycleConfiguration** `{BUCKET}` (apac / apac-metrics): changed\n",
        "    +  id: parts\n",
        f"**BucketPolicy** `{BUCKET}` (apac / apac-metrics): changed\n",
        f"**Bucket** `{SPARE}` (apac / apac-metrics): deleted\n  - **A repair makes the bucket anew, and empty: ",
    ],
)
def test_what_is_changed_by_hand_is_found_and_told(seen: Seen, said: str):
    assert seen.found.code == drift.DRIFTED
    assert said.format(seen.namespace) in seen.found.report, seen.found.report


def test_what_controllers_write_and_others_add_is_no_drift(seen: Seen):
    for theirs in ("status", "team", "by", "theirs"):
        assert f"`{theirs}" not in seen.found.report
        assert f".{theirs}" not in seen.found.report
    assert "Role" not in seen.found.report
    assert "ignorePublicAcls" not in seen.found.report
    assert seen.repaired.code == drift.IN_SYNC, "all of it is still there after the repair"


def test_a_look_changes_neither_the_objects_nor_the_record(seen: Seen):
    assert seen.replicas_after_look == 5
    assert seen.record_after_look == seen.record


def test_a_change_of_the_program_is_told_apart_and_no_repair_applies_it(seen: Seen):
    deployment = f"**Deployment** `{seen.namespace}/router` (apac / apac-receive)"
    drifted, _, unapplied = seen.found.report.partition("Not applied yet")
    assert f"- {deployment}: changed\n  - `spec.replicas`: wanted `3`, found `5`\n-" in drifted
    assert unapplied.count("\n- ") == 1
    assert f"- update {deployment}: spec.replicas\n" in unapplied
    assert "apply them, too" in seen.found.shown
    assert "pulumi up -s test" in seen.found.shown
    assert seen.replicas_after_look == 5


def test_a_repair_mends_all_of_it_and_finds_nothing_when_it_looks_again(seen: Seen):
    assert seen.repaired.code == drift.IN_SYNC, seen.repaired.shown
    assert "## test: in sync, 11 resources repaired\n" in seen.repaired.report
    assert "and empty: what it held cannot be brought back" in seen.repaired.report
    assert f"repaired: Deployment {seen.namespace}/router" in seen.repaired.shown
    assert seen.after == seen.before


def test_no_value_of_a_secret_is_shown(seen: Seen):
    for answer in (seen.found, seen.repaired):
        for value in ("of-the-program", "of-somebody-else", "of-a-third"):
            assert value not in answer.report
            assert value not in answer.shown


def test_what_cannot_be_looked_at_counts_as_neither_and_the_reason_is_told(seen: Seen):
    assert seen.away.code == drift.FAILED
    assert "## test: could not be looked at\n" in seen.away.report
    assert "the emulator cannot be used: Could not connect" in seen.away.report
    assert "Nothing was changed" in seen.away.shown
    assert "Traceback" not in seen.away.shown
