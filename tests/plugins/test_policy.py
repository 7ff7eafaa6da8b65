"""The policy pack in the real engine: production passes, and each policy stops a preview by its name."""

import re

import pytest

from local import policy_pack, preview, pulumi_cli
from policy import rules
from tests.plugins.engine import Stack

pytestmark = pytest.mark.plugins

#: One thing that each policy refuses, in one program.
BAD = """
    import pulumi
    import pulumi_aws as aws
    import pulumi_kubernetes as k8s

    bucket = aws.s3.Bucket("bucket", force_destroy=True)
    # Nobody knows this policy before the update; the next bucket has none, and that is known.
    aws.s3.BucketPolicy("policy", bucket=bucket.bucket, policy=bucket.arn)
    aws.s3.Bucket("another")
    # The stand-in plugin has no bucket of another type, so this is one by its name alone.
    pulumi.ComponentResource("aws:s3/bucketV2:BucketV2", "old")
    aws.s3.BucketLifecycleConfiguration(
        "lifecycle",
        bucket=bucket.bucket,
        rules=[{"id": "old", "status": "Enabled", "transitions": [{"days": 1, "storage_class": "GLACIER"}]}],
    )
    hashring = k8s.core.v1.ConfigMap(
        "hashring",
        metadata={"name": "hashring", "namespace": "x"},
        data={
            "hashrings.json": '[{"endpoints": [{"address": "ingester-0.x:1"}]}]', "key": pulumi.Output.secret("HIDDEN")
        },
    )
    k8s.core.v1.Service(
        "door", metadata={"name": "door", "namespace": "x"}, spec={"type": "LoadBalancer", "ports": [{"port": 1}]}
    )
    labels = {"app": "router"}
    k8s.apps.v1.Deployment(
        "router",
        metadata={"name": "router", "namespace": "x"},
        spec={
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [
                        {"name": "router", "image": "thanos:latest", "args": ["--receive.replication-factor=3"]}
                    ],
                    "volumes": [{"name": "hashring", "configMap": {"name": hashring.metadata["name"]}}],
                },
            },
        },
    )
"""


def test_a_production_stack_passes_all_policies(capfd):
    code = preview.preview("apac", official_plugins=False)

    said = capfd.readouterr().out
    assert code == 0, said
    assert re.search(r"✅ observability@v[\d.]+ \(local: \S+/policies\)", said), "the pack was not asked"


def test_each_policy_stops_a_preview_by_its_name(tmp_path):
    offline = dict.fromkeys(
        ("aws:skipCredentialsValidation", "aws:skipMetadataApiCheck", "aws:skipRequestingAccountId"), "true"
    )
    stack = Stack(
        tmp_path / "project",
        config={"aws:region": "eu-central-1", "aws:accessKey": "none", "aws:secretKey": "none", **offline},
        env={"KUBECONFIG": str(tmp_path / "none")},
    )
    stack.program(BAD)
    environment = pulumi_cli.environment(
        backend=tmp_path, passphrase_file=tmp_path / "passphrase", official_plugins=False
    )
    pack = policy_pack.prepare(tmp_path / "policies", environment)
    stack.env["PATH"] = environment["PATH"]

    result = stack.preview_with(pack)

    refused = set(re.findall(r"\[mandatory\]\s+([a-z-]+)", result.text))
    assert result.code != 0, result.text
    assert refused == {rule.name for rule in rules.RULES}, result.text
    assert "Traceback" not in result.text
    assert "HIDDEN" not in result.text
