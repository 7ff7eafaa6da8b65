"""The bucket, its guards and its consumers."""

import json

import pytest

from components import ObjectStore
from tests.components.args import STORE
from tests.engine import build

KEY = "arn:aws:kms:eu-central-1:111111111111:key/1"


def store(**changes):
    return build(lambda: ObjectStore("eu-metrics", {**STORE, **changes}))


def test_the_buckets_name_says_what_is_in_it_and_ends_at_random():
    recording = store()
    name = recording.one("Bucket").inputs["bucket"]
    assert name.startswith("acme-eu-metrics-")
    assert len(name) == len("acme-eu-metrics-") + 8
    assert len(name) <= 63
    assert store().one("Bucket").inputs["bucket"] == name, "another name would be another bucket"


def test_a_bucket_name_that_s3_would_refuse_is_refused_here():
    with pytest.raises(ValueError, match="54 are allowed"):
        store(bucket_prefix="a" * 45)


def test_nothing_is_public():
    closed = store().one("BucketPublicAccessBlock").inputs
    assert {key for key, value in closed.items() if value is True} == {
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    }
    assert store().one("BucketOwnershipControls").inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_objects_are_encrypted_by_s3_unless_there_is_a_key():
    def rule(**changes):
        return store(**changes).one("BucketServerSideEncryptionConfiguration").inputs["rules"][0]

    assert rule()["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    assert rule(kms_key_arn=KEY) == {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
        "bucketKeyEnabled": True,
    }


def test_versioning_is_off_by_default_and_brings_its_rules_when_on():
    def rules(recording):
        return [rule["id"] for rule in recording.one("BucketLifecycleConfiguration").inputs["rules"]]

    assert not store().of("BucketVersioning")
    assert rules(store()) == ["abort-incomplete-uploads"]
    on = store(versioning=True)
    assert on.one("BucketVersioning").inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert rules(on) == ["abort-incomplete-uploads", "drop-old-versions", "drop-delete-markers"]


def test_every_side_resource_is_of_the_bucket():
    recording = store(versioning=True)
    name = recording.one("Bucket").inputs["bucket"]
    sides = [found for found in recording.resources if found.type.startswith("aws:s3/") and found.kind != "Bucket"]
    assert len(sides) == 6
    assert {found.inputs["bucket"] for found in sides} == {name}


def test_each_consumer_gets_a_role_of_its_own_with_its_own_rights():
    consumers = [
        {"name": "ingester", "service_account": "a", "access": "write"},
        {"name": "store", "service_account": "b", "access": "read"},
        {"name": "compactor", "service_account": "c", "access": "compact"},
    ]
    recording = store(consumers=consumers)
    may_delete = {
        policy.name.removeprefix("eu-metrics-")
        for policy in recording.of("RolePolicy")
        if "s3:DeleteObject" in policy.inputs["policy"]
    }
    assert may_delete == {"compactor"}
    for consumer in consumers:
        trust = json.loads(recording.one("Role", consumer["name"]).inputs["assumeRolePolicy"])
        subjects = trust["Statement"][0]["Condition"]["StringEquals"].values()
        assert f"system:serviceaccount:observability:{consumer['service_account']}" in subjects
    (registered,) = (found for urn, found in recording.outputs.items() if urn.endswith("::eu-metrics"))
    assert set(registered["role_arns"]) == {"ingester", "store", "compactor"}


def test_a_destroy_keeps_a_bucket_that_holds_objects():
    assert store().one("Bucket").inputs["forceDestroy"] is False
    assert store(force_destroy=True).one("Bucket").inputs["forceDestroy"] is True


def test_the_document_with_the_keys_is_secret_wherever_it_goes():
    recording = store(access_key="AK", secret_key="SK")
    assert recording.one("Secret").secrets == ("stringData",)
    assert recording.one("RandomId", "revision").secrets == ("keepers",)


def test_the_secrets_name_tells_nothing_of_its_content():
    name = store(access_key="AK", secret_key="SK").one("Secret").inputs["metadata"]["name"]
    random = store().one("RandomId", "revision")
    assert name.startswith("eu-metrics-config-")
    assert random.inputs["byteLength"] == 4
