"""What holds of buckets. All of them hold blocks, which are read for as long as they are there."""

import json
from collections.abc import Iterator
from typing import Any, cast

from policy.objects import bucket_setting
from policy.resources import Resource, Stack, at, known
from render import Document

_GUARDS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_ENCRYPTION = ("AES256", "aws:kms", "aws:kms:dsse")
_INLINE = ("acl", "grants", "lifecycleRules", "policy")
_EVERYBODY = ("*", {"AWS": "*"}, {"AWS": ["*"]})
_PLAIN_HTTP = [{"Bool": {"aws:SecureTransport": value}} for value in ("false", False, ["false"])]


def buckets_hide_nothing(resource: Resource) -> Iterator[str]:
    if resource.type.startswith("aws:s3/") and resource.type.endswith("V2"):
        yield f"other policies do not look at the type {resource.kind}"
    if resource.type == "aws:s3/bucket:Bucket":
        # That it is set is known also where its value is not.
        yield from (f"{name} is set on the bucket itself" for name in _INLINE if resource.properties.get(name))


def blocks_are_never_archived(resource: Resource) -> Iterator[str]:
    if resource.type.endswith(":BucketLifecycleConfiguration"):
        for rule in at(resource.properties, "rules", default=[]):
            yield from _keeps_blocks(rule)
    if resource.type.endswith(":BucketIntelligentTieringConfiguration") and at(resource.properties, "tierings"):
        yield "tiering moves blocks to archive tiers, where no Store reads"


@known
def _keeps_blocks(rule: Document) -> Iterator[str]:
    if at(rule, "status") == "Disabled":
        return
    for move in at(rule, "transitions", default=[]):
        if at(move, "storageClass", default="").startswith(("GLACIER", "DEEP_ARCHIVE")):
            yield (
                f"the rule {at(rule, 'id')!r} moves blocks to {move['storageClass']}, an archive: "
                "a Store would wait for hours there, or pay for each byte"
            )
    if {"days", "date"} & set(at(rule, "expiration", default={})):
        yield f"the rule {at(rule, 'id')!r} deletes blocks"


def buckets_are_closed(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for bucket in stack.of("Bucket"):
        for guard in _GUARDS:
            yield from _guarded(stack, bucket, guard)
        yield from _owned(stack, bucket)
        for policy in _beside(stack, bucket, "BucketPolicy"):
            yield from _lets_anybody_in(bucket, policy)


@known
def _guarded(stack: Stack, bucket: Resource, guard: str) -> Iterator[tuple[Resource, str]]:
    if not any(at(block.properties, guard) is True for block in _beside(stack, bucket, "BucketPublicAccessBlock")):
        yield bucket, f"nothing sets {guard}"


@known
def _owned(stack: Stack, bucket: Resource) -> Iterator[tuple[Resource, str]]:
    owners = _beside(stack, bucket, "BucketOwnershipControls")
    if not any(at(each.properties, "rule", "objectOwnership") == "BucketOwnerEnforced" for each in owners):
        yield bucket, "objects may belong to others than the bucket's owner, and access lists count"


@known
def _lets_anybody_in(bucket: Resource, policy: Resource) -> Iterator[tuple[Resource, str]]:
    for statement in _statements(policy):
        principal = at(statement, "Principal", default={})
        named = cast("Document", principal).values() if isinstance(principal, dict) else [principal]
        # All but those that it names are anybody, too.
        anybody = any("*" in _listed(each) for each in named) or "NotPrincipal" in statement
        if at(statement, "Effect") == "Allow" and anybody:
            yield bucket, "its policy lets anybody in"


def buckets_are_encrypted(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for bucket in stack.of("Bucket"):
        yield from _encrypted(stack, bucket)


@known
def _encrypted(stack: Stack, bucket: Resource) -> Iterator[tuple[Resource, str]]:
    algorithms = [
        at(rule, "applyServerSideEncryptionByDefault", "sseAlgorithm")
        for found in _beside(stack, bucket, "BucketServerSideEncryptionConfiguration")
        for rule in at(found.properties, "rules", default=[])
    ]
    if not set(algorithms) & set(_ENCRYPTION):
        yield bucket, "nothing says how it is encrypted"


def buckets_speak_tls(stack: Stack) -> Iterator[tuple[Resource, str]]:
    if bucket_setting(stack.config, "insecure"):
        return  # the stack file says that the store speaks plain HTTP
    for bucket in stack.of("Bucket"):
        yield from _speaks_tls(stack, bucket)


@known
def _speaks_tls(stack: Stack, bucket: Resource) -> Iterator[tuple[Resource, str]]:
    policies = _beside(stack, bucket, "BucketPolicy")
    if not any(_refuses_plain_http(bucket, statement) for policy in policies for statement in _statements(policy)):
        yield bucket, "its policy does not refuse plain HTTP to everybody, for all that is in it"


def _refuses_plain_http(bucket: Resource, statement: Document) -> bool:
    """As `render.iam.tls_only` has it; any narrower one leaves a way open."""
    name = at(bucket.properties, "bucket")
    return (
        at(statement, "Effect") == "Deny"
        and at(statement, "Principal") in _EVERYBODY
        and _listed(at(statement, "Action")) == ["s3:*"]
        and {arn.rpartition(":")[2] for arn in _listed(at(statement, "Resource", default=[]))} >= {name, f"{name}/*"}
        and at(statement, "Condition") in _PLAIN_HTTP
    )


def _beside(stack: Stack, bucket: Resource, kind: str) -> list[Resource]:
    """By where the name comes from: the name itself is not known before the first update."""
    return [found for found in stack.of(kind) if bucket.urn in found.depends.get("bucket", ())]


def _statements(policy: Resource) -> list[Document]:
    """None in what is no JSON: S3 refuses it."""
    try:
        document = json.loads(at(policy.properties, "policy", default="{}"))
    except json.JSONDecodeError:
        return []
    return _listed(at(document, "Statement", default=[]))


def _listed(value: Any) -> list[Any]:  # noqa: ANN401
    """IAM takes a single value in the place of a list."""
    return cast("list[Any]", value) if isinstance(value, list) else [value]
