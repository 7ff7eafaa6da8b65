"""What holds of buckets. All of them hold blocks, which are read for as long as they are there."""

import json
from collections.abc import Iterator
from typing import Any, cast

from policy.objects import object_store
from policy.resources import Resource, Stack, UnknownError, at
from render import Document

_GUARDS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_ENCRYPTION = ("AES256", "aws:kms", "aws:kms:dsse")


def blocks_are_never_archived(resource: Resource) -> Iterator[str]:
    if resource.type.endswith(":BucketLifecycleConfiguration"):
        for rule in at(resource.properties, "rules", default=[]):
            if at(rule, "status") == "Disabled":
                continue
            for move in at(rule, "transitions", default=[]):
                if at(move, "storageClass", default="").startswith(("GLACIER", "DEEP_ARCHIVE")):
                    yield f"the rule {at(rule, 'id')!r} moves blocks to {move['storageClass']}, where no Store reads"
            if {"days", "date"} & set(at(rule, "expiration", default={})):
                yield f"the rule {at(rule, 'id')!r} deletes blocks"
    if resource.type.endswith(":BucketIntelligentTieringConfiguration") and at(resource.properties, "tierings"):
        yield "tiering moves blocks to archive tiers, where no Store reads"


def buckets_are_closed(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for bucket in stack.of("Bucket"):
        blocks = _beside(stack, bucket, "BucketPublicAccessBlock")
        for guard in _GUARDS:
            if not any(at(block.properties, guard) is True for block in blocks):
                yield bucket, f"nothing sets {guard}"
        owners = _beside(stack, bucket, "BucketOwnershipControls")
        if not any(at(each.properties, "rule", "objectOwnership") == "BucketOwnerEnforced" for each in owners):
            yield bucket, "objects may belong to others than the bucket's owner, and access lists count"
        for statement in _statements(stack, bucket):
            if at(statement, "Effect") == "Allow" and at(statement, "Principal") in ("*", {"AWS": "*"}):
                yield bucket, "its policy lets anybody in"


def buckets_are_encrypted(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for bucket in stack.of("Bucket"):
        algorithms = [
            at(rule, "applyServerSideEncryptionByDefault", "sseAlgorithm")
            for found in _beside(stack, bucket, "BucketServerSideEncryptionConfiguration")
            for rule in at(found.properties, "rules", default=[])
        ]
        if not set(algorithms) & set(_ENCRYPTION):
            yield bucket, "nothing says how it is encrypted"


def buckets_speak_tls(stack: Stack) -> Iterator[tuple[Resource, str]]:
    if object_store(stack.config).get("insecure"):
        return  # the stack file says that the store speaks plain HTTP
    for bucket in stack.of("Bucket"):
        if not any(
            at(statement, "Effect") == "Deny"
            and str(at(statement, "Condition", "Bool", "aws:SecureTransport")).lower() == "false"
            for statement in _statements(stack, bucket)
        ):
            yield bucket, "its policy does not refuse plain HTTP"


def _beside(stack: Stack, bucket: Resource, kind: str) -> list[Resource]:
    """By where the name comes from: the name itself is not known before the first update."""
    return [found for found in stack.of(kind) if bucket.urn in found.depends.get("bucket", ())]


def _statements(stack: Stack, bucket: Resource) -> list[Document]:
    documents = [at(found.properties, "policy", default="{}") for found in _beside(stack, bucket, "BucketPolicy")]
    try:
        found: list[Any] = [json.loads(text).get("Statement", []) for text in documents]
    except json.JSONDecodeError as error:
        raise UnknownError("policy") from error
    lists = (cast("list[Document]", each) if isinstance(each, list) else [each] for each in found)
    return [statement for statements in lists for statement in statements]
