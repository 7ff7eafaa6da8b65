"""All policies: what each refuses, why, and what to do. `violations` is what adapters and tests ask."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from policy import buckets, objects, pods, receive
from policy.resources import Resource, Stack, known


@dataclass(frozen=True)
class Violation:
    """urn: of the resource. rule: the policy's name."""

    urn: str
    rule: str
    reason: str
    remedy: str


@dataclass(frozen=True)
class Rule:
    """One policy. Of a single resource (before it is changed) or of the whole stack (after the last one)."""

    name: str
    why: str
    remedy: str
    resource: Callable[[Resource, Mapping[str, str]], Iterator[str]] | None = None
    """The reasons why a resource is refused. The second argument: the stack's config."""
    stack: Callable[[Stack], Iterator[tuple[Resource, str]]] | None = None
    """The refused resources, each with the reason."""


def _single(check: Callable[[Resource], Iterator[str]]) -> Callable[[Resource, Mapping[str, str]], Iterator[str]]:
    return lambda resource, _: check(resource)


RULES = (
    Rule(
        "images-are-pinned",
        "What runs is what was tested, also after a restart.",
        "name a whole version or a digest, in versions.py",
        resource=_single(pods.images_are_pinned),
    ),
    Rule(
        "pods-have-sizes",
        "A pod without requests is scheduled anywhere, and one without a memory limit takes its node along.",
        "set requests for CPU and memory, and a memory limit",
        resource=_single(pods.pods_have_sizes),
    ),
    Rule(
        "pods-are-restricted",
        "The namespace enforces the restricted Pod Security Standard: such a pod would never start.",
        "build the pod with components/_workload.py",
        resource=_single(pods.pods_are_restricted),
    ),
    Rule(
        "secrets-stay-in-secrets",
        "Everybody who may read a Deployment or a ConfigMap could read it, and so could every diff.",
        "put it into a Secret, and mount that",
        resource=_single(objects.secrets_stay_in_secrets),
    ),
    Rule(
        "only-the-gateway-faces-the-world",
        "Behind every other Service nobody is asked who they are.",
        "make the load balancer internal, or go through the gateway",
        resource=_single(objects.only_the_gateway_faces_the_world),
    ),
    Rule(
        "everything-is-labelled",
        "What has no label is found by no selector, and what has no tag is on no bill.",
        "use labels.recommended for Kubernetes and labels.aws_tags for AWS",
        resource=_single(objects.everything_is_labelled),
    ),
    Rule(
        "what-has-state-stays",
        "A replaced StatefulSet stops all its pods at once; a deleted claim or bucket takes the data along.",
        f"ignore changes of the claim templates and retain claims; where a replacement is meant: the annotation "
        f'{objects.REPLACEABLE}: "true"; where a bucket may go: objectStore.forceDestroy in the stack file',
        resource=objects.what_has_state_stays,
    ),
    Rule(
        "blocks-are-never-archived",
        "Stores read blocks of any age at once, and only the Compactor may delete one (ADR 0005).",
        "leave retention to the Compactor; Intelligent-Tiering without archive tiers is allowed",
        resource=_single(buckets.blocks_are_never_archived),
    ),
    Rule(
        "buckets-hide-nothing",
        "What is set on a bucket itself, or by a type of version 2, no other policy sees.",
        "use aws.s3.Bucket and the separate resource for each of its settings, as components/object_store.py does",
        resource=_single(buckets.buckets_hide_nothing),
    ),
    Rule(
        "buckets-are-closed",
        "A bucket is open to the world by one wrong access list or policy.",
        "build the bucket with components/object_store.py",
        stack=buckets.buckets_are_closed,
    ),
    Rule(
        "buckets-are-encrypted",
        "Whose key it is should be a decision, not a default of S3.",
        "add a BucketServerSideEncryptionConfiguration, as components/object_store.py does",
        stack=buckets.buckets_are_encrypted,
    ),
    Rule(
        "buckets-speak-tls",
        "S3 answers plain HTTP unless a policy refuses it.",
        "add the policy of render/iam.py, or say objectStore.insecure in the stack file for a store without TLS",
        stack=buckets.buckets_speak_tls,
    ),
    Rule(
        "receive-keeps-its-quorum",
        "A write succeeds when a quorum has it: more ingesters away than that, and every edge gets 503.",
        "set replicationFactor, ringSize, zones and the PodDisruptionBudget to fit each other (docs/scaling.md)",
        stack=receive.receive_keeps_its_quorum,
    ),
)


def of_resource(resource: Resource, config: Mapping[str, str]) -> list[Violation]:
    return [
        Violation(resource.urn, rule.name, reason, rule.remedy)
        for rule in RULES
        if rule.resource
        for reason in known(rule.resource)(resource, config)
    ]


def of_stack(stack: Stack) -> list[Violation]:
    return [
        Violation(resource.urn, rule.name, reason, rule.remedy)
        for rule in RULES
        if rule.stack
        for resource, reason in known(rule.stack)(stack)
    ]


def violations(stack: Stack) -> list[Violation]:
    """All of a stack's, single resources first."""
    return [found for each in stack.resources for found in of_resource(each, stack.config)] + of_stack(stack)
