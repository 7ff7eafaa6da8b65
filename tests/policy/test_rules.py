"""Every policy lets the real stacks through, and refuses what was changed in them for the worse."""

import json

import pytest

from policy import rules
from policy.objects import REPLACEABLE
from policy.resources import UNKNOWN, Resource, Stack
from tests.policy.trees import changed, edited, one, tree, without
from tests.stacks import built

ROUTER, INGESTER = "apac-receive-router", "apac-receive-ingester"
CLAIM = f"{INGESTER}-data-0"


def pod(manifest: dict) -> dict:
    return manifest["spec"]["template"]["spec"]


def container(manifest: dict) -> dict:
    return pod(manifest)["containers"][0]


def in_pod(edit):
    return lambda stack: edited(stack, "Deployment", "apac-query", lambda found: edit(pod(found)))


def in_container(**fields):
    return lambda stack: edited(stack, "Deployment", "apac-query", lambda found: container(found).update(fields))


def with_flag(flag: str):
    return lambda stack: edited(stack, "Deployment", "apac-query", lambda found: container(found)["args"].append(flag))


def with_lifecycle_rule(rule: dict):
    return lambda stack: edited(
        stack,
        "BucketLifecycleConfiguration",
        "",
        lambda found: found["rules"].append({"id": "new", "status": "Enabled", **rule}),
    )


def with_bucket_policy(statement: dict):
    def edit(policy: dict) -> None:
        document = json.loads(policy["policy"])
        # A document may also have a single statement without a list.
        document["Statement"] = [*document["Statement"], statement] if statement["Effect"] == "Allow" else statement
        policy["policy"] = json.dumps(document)

    return lambda stack: edited(stack, "BucketPolicy", "", edit)


def with_service(name: str, change):
    return lambda stack: edited(stack, "Service", name, change)


def with_budget(**spec):
    def edit(budget: dict) -> None:
        del budget["spec"]["maxUnavailable"]
        budget["spec"].update(spec)

    return lambda stack: edited(stack, "PodDisruptionBudget", INGESTER, edit)


def with_ring(edit):
    def change(config_map: dict) -> None:
        [ring] = json.loads(config_map["data"]["hashrings.json"])
        edit(ring["endpoints"])
        config_map["data"]["hashrings.json"] = json.dumps([ring])

    return lambda stack: edited(stack, "ConfigMap", "hashring", change)


def in_zones(*zones: str):
    def edit(endpoints: list[dict]) -> None:
        for endpoint, zone in zip(endpoints, zones, strict=True):
            endpoint["az"] = zone

    return with_ring(edit)


def open_to_the_world(service: dict) -> None:
    service["spec"]["type"] = "LoadBalancer"
    service["metadata"].pop("annotations", None)


#: A variant of the production stack APAC for each thing that a policy refuses.
REFUSED = {
    "images-are-pinned": {
        "latest": in_container(image="quay.io/thanos/thanos:latest"),
        "no tag, and a port in front": in_container(image="registry:5000/thanos"),
        "an alias of a version": in_container(image="quay.io/thanos/thanos:v0"),
    },
    "pods-have-sizes": {
        "nothing": in_container(resources={}),
        "no memory limit": in_container(resources={"requests": {"cpu": "1", "memory": "1Gi"}}),
        "no CPU": in_container(resources={"requests": {"memory": "1Gi"}, "limits": {"memory": "1Gi"}}),
    },
    "pods-are-restricted": {
        "the node's network": in_pod(lambda spec: spec.update(hostNetwork=True)),
        "a folder of the node": in_pod(lambda spec: spec["volumes"].append({"name": "x", "hostPath": {"path": "/"}})),
        "root": in_pod(lambda spec: spec["securityContext"].update(runAsUser=0)),
        "no seccomp": in_pod(lambda spec: spec["securityContext"].pop("seccompProfile")),
        "no context of the container": in_container(securityContext={}),
        "a capability": in_container(
            securityContext={
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]},
            }
        ),
        "an init container": in_pod(
            lambda spec: spec.update(initContainers=[{**spec["containers"][0], "securityContext": {}}])
        ),
    },
    "secrets-stay-in-secrets": {
        "a secret in a ConfigMap": lambda stack: changed(stack, "ConfigMap", "hashring", secrets=("data",)),
        "a secret in a bucket's tags": lambda stack: changed(stack, "Bucket", "", secrets=("tags",)),
        "an access key in a ConfigMap": lambda stack: edited(
            stack, "ConfigMap", "hashring", lambda found: found["data"].update(x="key: AKIAIOSFODNN7EXAMPLE")
        ),
        "a private key": with_flag("--key=-----BEGIN RSA PRIVATE KEY-----"),
        "a token in a flag": with_flag("--header=Authorization: Bearer 0123456789abcdef0123"),
        "a password in a flag": with_flag("--redis.password=0123456789abcdefghij0123"),
        "a variable": in_container(env=[{"name": "DB_PASSWORD", "value": "x"}]),
    },
    "only-the-gateway-faces-the-world": {
        "the Query": with_service("apac-query", open_to_the_world),
        "addresses of the outside": with_service(
            "apac-query", lambda found: found["spec"].update(externalIPs=["192.0.2.1"])
        ),
    },
    "everything-is-labelled": {
        "no labels": lambda stack: edited(
            stack, "ConfigMap", "hashring", lambda found: found["metadata"].pop("labels")
        ),
        "no tags": lambda stack: edited(stack, "Bucket", "", lambda found: found.pop("tags")),
    },
    "what-has-state-stays": {
        "claim templates that count": lambda stack: changed(stack, "StatefulSet", INGESTER, ignore_changes=()),
        "claims that go": lambda stack: edited(
            stack,
            "StatefulSet",
            INGESTER,
            lambda found: found["spec"].update(persistentVolumeClaimRetentionPolicy={"whenScaled": "Delete"}),
        ),
        "a claim deleted first": lambda stack: changed(stack, "PersistentVolumeClaim", CLAIM, deletes_first=True),
        "a bucket emptied by a destroy": lambda stack: edited(
            stack, "Bucket", "", lambda found: found.update(forceDestroy=True)
        ),
    },
    "blocks-are-never-archived": {
        "Glacier": with_lifecycle_rule({"transitions": [{"days": 90, "storageClass": "GLACIER"}]}),
        "archive tiers": lambda stack: Stack(
            (
                *stack.resources,
                Resource(
                    "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration",
                    "urn",
                    {"tierings": [{"accessTier": "ARCHIVE_ACCESS", "days": 90}]},
                ),
            ),
            stack.config,
        ),
        "expiry": with_lifecycle_rule({"expiration": {"days": 365}}),
    },
    "buckets-are-closed": {
        "one of four": lambda stack: edited(
            stack, "BucketPublicAccessBlock", "", lambda found: found.update(blockPublicPolicy=False)
        ),
        "no block": lambda stack: without(stack, "BucketPublicAccessBlock"),
        "no ownership": lambda stack: without(stack, "BucketOwnershipControls"),
        "a policy for anybody": with_bucket_policy({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}),
        "the block of another bucket": lambda stack: changed(stack, "BucketPublicAccessBlock", "", depends={}),
    },
    "buckets-are-encrypted": {
        "nothing": lambda stack: without(stack, "BucketServerSideEncryptionConfiguration"),
        "an unknown way": lambda stack: edited(
            stack, "BucketServerSideEncryptionConfiguration", "", lambda found: found.update(rules=[])
        ),
    },
    "buckets-speak-tls": {
        "no policy": lambda stack: without(stack, "BucketPolicy"),
        "another policy": with_bucket_policy({"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket"}),
    },
    "receive-keeps-its-quorum": {
        "a ring smaller than the copies": with_ring(lambda endpoints: endpoints.pop()),
        "a pod that is not there": lambda stack: edited(
            stack, "StatefulSet", INGESTER, lambda found: found["spec"].update(replicas=2)
        ),
        "two zones": in_zones("a", "a", "b"),
        "some without a zone": in_zones("a", "b", ""),
        "a drain of two": with_budget(maxUnavailable=2),
        "a drain of half": with_budget(maxUnavailable="50%"),
        "no budget": lambda stack: without(stack, "PodDisruptionBudget", INGESTER),
    },
}
CASES = [(rule, variant) for rule, variants in REFUSED.items() for variant in variants]


def names(stack: Stack) -> set[str]:
    return {violation.rule for violation in rules.violations(stack)}


@pytest.mark.parametrize(("stack", "folder"), built.ALL, ids=built.IDS)
def test_the_stacks_pass_all_policies(stack, folder):
    assert rules.violations(tree(stack, folder)) == []


def test_every_policy_has_a_variant_that_it_refuses():
    assert set(REFUSED) == {rule.name for rule in rules.RULES}


@pytest.mark.parametrize(("rule", "variant"), CASES, ids=[f"{rule}: {variant}" for rule, variant in CASES])
def test_a_change_for_the_worse_is_refused_by_its_policy_and_by_no_other(rule, variant):
    assert names(REFUSED[rule][variant](tree("apac"))) == {rule}


@pytest.mark.parametrize(
    "allowed",
    [
        in_container(image=f"registry:5000/thanos@sha256:{'0' * 64}"),
        in_container(env=[{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "x", "key": "y"}}}]),
        with_flag("--redis.password-file=/etc/secrets/a-long-name-of-a-file"),
        with_service("apac-gateway", open_to_the_world),
        with_lifecycle_rule({"transitions": [{"days": 30, "storageClass": "INTELLIGENT_TIERING"}]}),
        with_lifecycle_rule({"noncurrentVersionExpiration": {"noncurrentDays": 7}}),
        in_zones("a", "b", "c"),
        lambda stack: edited(
            changed(stack, "StatefulSet", INGESTER, ignore_changes=()),
            "StatefulSet",
            INGESTER,
            lambda found: found["metadata"].update(annotations={REPLACEABLE: "true"}),
        ),
    ],
    ids=[
        "a digest",
        "a reference to a Secret",
        "a file",
        "the gateway in the world",
        "tiering",
        "former versions",
        "three zones",
        "a replacement that is meant",
    ],
)
def test_what_is_near_to_a_violation_and_is_none_passes(allowed):
    assert rules.violations(allowed(tree("apac"))) == []


def test_a_violation_says_which_resource_why_and_what_to_do():
    [found] = rules.violations(in_container(image="thanos:latest")(tree("apac")))

    assert found.urn.endswith("kubernetes:apps/v1:Deployment::apac-query")
    assert found.reason == "the image 'thanos:latest' names neither a version nor a digest"
    assert "versions.py" in found.remedy


def test_a_violation_never_shows_the_secret():
    for variant in REFUSED["secrets-stay-in-secrets"].values():
        for found in rules.violations(variant(tree("apac"))):
            assert not any(text in found.reason for text in ("AKIA", "BEGIN", "0123456789")), found.reason


def test_a_bucket_that_a_destroy_empties_is_allowed_where_the_stack_file_says_so():
    stack = tree("apac", "local/")
    assert one(stack, "Bucket").properties["forceDestroy"] is True

    refused = Stack(stack.resources, {"observability:objectStore": '{"insecure": true}'})
    assert names(refused) == {"what-has-state-stays"}


def test_what_is_not_known_yet_has_no_verdict():
    for kind, field in (("BucketPolicy", "policy"), ("Bucket", "tags"), ("BucketLifecycleConfiguration", "rules")):
        stack = tree("apac")
        one(stack, kind).properties[field] = UNKNOWN
        assert rules.violations(stack) == []
