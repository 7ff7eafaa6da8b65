"""Every policy lets the real stacks through, and refuses what was changed in them for the worse."""

import dataclasses
import json

import pytest

import labels
from policy import objects, rules
from policy.objects import REPLACEABLE
from policy.resources import UNKNOWN, Resource, Stack
from settings.object_store import ObjectStore
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


def with_settings(change, **bucket):
    """The stack after the change, with these settings of the bucket in the stack file."""
    return lambda stack: dataclasses.replace(change(stack), config={"observability:objectStore": json.dumps(bucket)})


def on_bucket(**arguments):
    return lambda stack: edited(stack, "Bucket", "", lambda found: found.update(arguments))


def in_tls_statement(**fields):
    """The statement that refuses plain HTTP, narrowed."""

    def edit(policy: dict) -> None:
        document = json.loads(policy["policy"])
        document["Statement"][0].update(fields)
        policy["policy"] = json.dumps(document)

    return lambda stack: edited(stack, "BucketPolicy", "", edit)


def with_object(type_: str, **properties):
    new = Resource(type_, f"urn:pulumi:apac::observability::{type_}::new", properties)
    return lambda stack: dataclasses.replace(stack, resources=(*stack.resources, new))


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


def with_arguments(*arguments: str):
    """The router's, with these for its replication factor."""

    def edit(router: dict) -> None:
        args = container(router)["args"]
        args.remove("--receive.replication-factor=3")
        args += arguments

    return lambda stack: edited(stack, "Deployment", ROUTER, edit)


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


def annotated(**annotations: str):
    def edit(service: dict) -> None:
        service["metadata"]["annotations"] = {
            f"service.beta.kubernetes.io/aws-load-balancer-{key}": value for key, value in annotations.items()
        }

    return with_service("apac-query", edit)


def labelled_as_the_gateway(service: dict) -> None:
    open_to_the_world(service)
    service["metadata"]["labels"]["app.kubernetes.io/component"] = "gateway"


def only_of_the_pod(fields: tuple[str, ...]):
    """The fields of the container's context, moved to the pod's, where Kubernetes has no such fields."""

    def edit(spec: dict) -> None:
        own = spec["containers"][0]["securityContext"]
        spec["securityContext"].update({key: own.pop(key) for key in fields})

    return in_pod(edit)


#: A variant of the production stack APAC for each thing that a policy refuses.
REFUSED = {
    "images-are-pinned": {
        "latest": in_container(image="quay.io/thanos/thanos:latest"),
        "no tag, and a port in front": in_container(image="registry:5000/thanos"),
        "an alias of a version": in_container(image="quay.io/thanos/thanos:v0"),
        "a version that moves": in_container(image="grafana/grafana:13.2"),
        "a kind of build of one": in_container(image="memcached:1.6-alpine"),
        "the latest of a version": in_container(image="envoyproxy/envoy:distroless-v1.39-latest"),
        "the latest build of a version": in_container(image="grafana/grafana:latest-11.0.1"),
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
        "what only a container may say said of the pod": only_of_the_pod(("allowPrivilegeEscalation", "capabilities")),
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
        "a key with a slash": with_flag("secret_key: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        "a password in a URL": with_flag("--redis=redis://user:0123456789@redis:6379"),
        "a variable": in_container(env=[{"name": "DB_PASSWORD", "value": "x"}]),
        "a key that begins as a path does": in_container(env=[{"name": "A_KEY", "value": "/K7MDENG/bPxRfiCYEX"}]),
    },
    "only-the-gateway-faces-the-world": {
        "the Query": with_service("apac-query", open_to_the_world),
        "one annotation says so, and the other does not": annotated(internal="true", scheme="internet-facing"),
        "an annotation that says no": annotated(internal="false"),
        "the gateway's label on another's pods": with_service("apac-query", labelled_as_the_gateway),
        "an Ingress": with_object("kubernetes:networking.k8s.io/v1:Ingress", metadata={"labels": labels.OURS}),
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
        "claims that go with what may be replaced": lambda stack: edited(
            stack,
            "StatefulSet",
            INGESTER,
            lambda found: (
                found["metadata"].update(annotations={REPLACEABLE: "true"}),
                found["spec"].update(persistentVolumeClaimRetentionPolicy={"whenDeleted": "Delete"}),
            ),
        ),
        "a claim deleted first": lambda stack: changed(stack, "PersistentVolumeClaim", CLAIM, deletes_first=True),
        "a bucket emptied by a destroy": on_bucket(forceDestroy=True),
        "a stack file that says no in a word": with_settings(on_bucket(forceDestroy=True), forceDestroy="false"),
    },
    "buckets-hide-nothing": {
        "a bucket of another type": with_object("aws:s3/bucketV2:BucketV2", forceDestroy=True),
        "a setting of another type": with_object(
            "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
            rules=[{"id": "x", "status": "Enabled", "expiration": {"days": 1}}],
        ),
        "a lifecycle": on_bucket(lifecycleRules=[{"enabled": True, "expiration": {"days": 7}}]),
        "an access list": on_bucket(acl="public-read"),
        "grants": on_bucket(grants=[{"type": "Group", "permissions": ["READ"]}]),
        "a policy that nobody knows yet": on_bucket(policy=UNKNOWN),
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
        "a policy for anybody in a list": with_bucket_policy(
            {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::111111111111:root", "*"]}, "Action": "s3:GetObject"}
        ),
        "a policy for all but one": with_bucket_policy(
            {"Effect": "Allow", "NotPrincipal": {"AWS": "111111111111"}, "Action": "s3:GetObject"}
        ),
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
        "for one account": in_tls_statement(Principal={"AWS": "111111111111"}),
        "for one action": in_tls_statement(Action="s3:DeleteBucket"),
        "for the objects alone": in_tls_statement(
            Resource="arn:aws:s3:::example-observability-apac-metrics-16c220eb/*"
        ),
        "for another bucket": in_tls_statement(Resource=["arn:aws:s3:::x", "arn:aws:s3:::x/*"]),
        "on one more condition": in_tls_statement(
            Condition={"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:SourceVpc": "x"}}
        ),
        "what is no JSON": lambda stack: edited(stack, "BucketPolicy", "", lambda found: found.update(policy="{")),
        "a stack file that says no in a word": with_settings(
            lambda stack: without(stack, "BucketPolicy"), insecure="no"
        ),
    },
    "receive-keeps-its-quorum": {
        "a ring smaller than the copies": with_ring(lambda endpoints: endpoints.pop()),
        "a ring smaller than the copies, in two arguments": with_arguments("--receive.replication-factor", "5"),
        "a number of copies that nobody can read": with_arguments("--receive.replication-factor=$(COPIES)"),
        "a file of another name": lambda stack: edited(
            stack,
            "ConfigMap",
            "hashring",
            lambda found: found.update(data={"ring.json": found["data"]["hashrings.json"]}),
        ),
        "a pod that is not there": lambda stack: edited(
            stack, "StatefulSet", INGESTER, lambda found: found["spec"].update(replicas=2)
        ),
        "two zones": in_zones("a", "a", "b"),
        "some without a zone": in_zones("a", "b", ""),
        "a drain of two": with_budget(maxUnavailable=2),
        "a drain of half": with_budget(maxUnavailable="50%"),
        "a budget of those that stay": with_budget(minAvailable=2),
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
        in_container(env=[{"name": "TLS_KEY", "value": "/etc/tls/tls.key"}]),
        with_flag("--redis.password-file=/etc/secrets/a-long-name-of-a-file"),
        with_flag("--redis=redis://user:$(PASSWORD)@redis:6379"),
        annotated(scheme="internal"),
        with_object("aws:s3/bucketObjectv2:BucketObjectv2"),
        with_bucket_policy(
            {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::111111111111:root"]}, "Action": "s3:GetObject"}
        ),
        with_settings(lambda stack: without(stack, "BucketPolicy"), insecure="yes"),
        with_arguments("--receive.replication-factor", "3"),
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
        "a path in a variable",
        "a file",
        "a reference in a URL",
        "one of the two annotations",
        "an object of version 2",
        "a policy for one account",
        "plain HTTP as the stack file says in a word",
        "the copies in two arguments",
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
    assert found.reason == "the image 'thanos:latest' names neither a whole version nor a digest"
    assert "versions.py" in found.remedy


def test_a_violation_never_shows_the_secret():
    for variant in REFUSED["secrets-stay-in-secrets"].values():
        for found in rules.violations(variant(tree("apac"))):
            assert not any(text in found.reason for text in ("AKIA", "BEGIN", "0123456789", "K7MDENG")), found.reason


def test_a_bucket_that_a_destroy_empties_is_allowed_where_the_stack_file_says_so():
    stack = tree("apac", "local/")
    assert one(stack, "Bucket").properties["forceDestroy"] is True

    refused = Stack(stack.resources, {"observability:objectStore": '{"insecure": true}'})
    assert names(refused) == {"what-has-state-stays"}


@pytest.mark.parametrize("told", [True, False, "true", "false", "yes", "No", "on", "OFF", "1", 0])
def test_the_stack_file_switches_off_what_the_settings_switch_off(told):
    needed = {"bucketPrefix": "x-y-z", "oidcProviderArn": "arn:aws:iam::111111111111:oidc-provider/x"}
    given = {**needed, "insecure": told}
    assert (
        objects.bucket_setting({"observability:objectStore": json.dumps(given)}, "insecure")
        is ObjectStore.model_validate(given).insecure
    )


@pytest.mark.parametrize("told", [None, "perhaps", 2, []])
def test_what_the_settings_refuse_switches_nothing_off(told):
    assert not objects.bucket_setting({"observability:objectStore": json.dumps({"insecure": told})}, "insecure")


def test_what_is_not_known_yet_has_no_verdict():
    for kind, field in (("BucketPolicy", "policy"), ("Bucket", "tags"), ("BucketLifecycleConfiguration", "rules")):
        stack = tree("apac")
        one(stack, kind).properties[field] = UNKNOWN
        assert rules.violations(stack) == []


def before_the_first_update(stack: Stack) -> Stack:
    """Nobody knows the ARN of a bucket, and so no policy."""
    for policy in stack.of("BucketPolicy"):
        policy.properties["policy"] = UNKNOWN
    return stack


def with_unknown_config_map(part: str):
    """One that the router mounts: its name has a hash of what only the update knows."""

    def change(stack: Stack) -> Stack:
        name = next(found for found in stack.of("ConfigMap") if part in found.urn).properties["metadata"]["name"]
        for found in stack.of("ConfigMap"):
            if found.properties["metadata"]["name"] == name:
                found.properties["metadata"]["name"] = UNKNOWN
        for volume in pod(one(stack, "Deployment", ROUTER).properties)["volumes"]:
            if volume.get("configMap", {}).get("name") == name:
                volume["configMap"]["name"] = UNKNOWN
        return stack

    return change


def with_unknown_container(stack: Stack) -> Stack:
    """Before the Query's own container, one of which nobody knows anything but the name."""
    unknown = dict.fromkeys(("image", "resources", "securityContext", "env"), UNKNOWN)
    return in_pod(lambda spec: spec["containers"].insert(0, {"name": "unknown", **unknown}))(stack)


def in_last_container(**fields):
    return in_pod(lambda spec: spec["containers"][-1].update(fields))


#: What only the update will know, and what is wrong beside it.
BESIDE_UNKNOWN = {
    "a guard of a bucket": (
        before_the_first_update,
        lambda stack: without(stack, "BucketPublicAccessBlock"),
        "buckets-are-closed",
    ),
    "another guard of it": (
        lambda stack: edited(stack, "BucketPublicAccessBlock", "", lambda found: found.update(blockPublicAcls=UNKNOWN)),
        lambda stack: edited(
            stack, "BucketPublicAccessBlock", "", lambda found: found.update(restrictPublicBuckets=False)
        ),
        "buckets-are-closed",
    ),
    "a bucket without a policy": (
        before_the_first_update,
        lambda stack: without(stack, "BucketPolicy"),
        "buckets-speak-tls",
    ),
    "the budget of ingesters": (
        with_unknown_config_map("receive-limits"),
        with_budget(maxUnavailable=2),
        "receive-keeps-its-quorum",
    ),
    "the file of a ring": (
        with_unknown_config_map("receive-limits"),
        with_ring(lambda endpoints: endpoints.pop()),
        "receive-keeps-its-quorum",
    ),
    "the number of ingesters": (
        lambda stack: edited(stack, "StatefulSet", INGESTER, lambda found: found["spec"].update(replicas=UNKNOWN)),
        with_budget(maxUnavailable=2),
        "receive-keeps-its-quorum",
    ),
    "the image of a container": (with_unknown_container, in_last_container(image="thanos"), "images-are-pinned"),
    "its size": (with_unknown_container, in_last_container(resources={}), "pods-have-sizes"),
    "its context": (with_unknown_container, in_last_container(securityContext={}), "pods-are-restricted"),
    "its variables": (
        with_unknown_container,
        in_last_container(env=[{"name": "DB_PASSWORD", "value": "x"}]),
        "secrets-stay-in-secrets",
    ),
    "another rule of a lifecycle": (
        with_lifecycle_rule({"transitions": UNKNOWN}),
        with_lifecycle_rule({"expiration": {"days": 365}}),
        "blocks-are-never-archived",
    ),
}


@pytest.mark.parametrize(("unknown", "wrong", "rule"), BESIDE_UNKNOWN.values(), ids=BESIDE_UNKNOWN)
def test_what_is_wrong_is_refused_beside_what_is_not_known_yet(unknown, wrong, rule):
    assert rules.violations(unknown(tree("apac"))) == []
    assert names(wrong(unknown(tree("apac")))) == {rule}


def test_what_nobody_knows_yet_is_not_taken_for_missing():
    assert rules.violations(with_unknown_config_map("hashring")(tree("apac"))) == []
    unnamed = edited(tree("apac"), "StatefulSet", INGESTER, lambda found: found["metadata"].update(name=UNKNOWN))
    assert rules.violations(unnamed) == []
