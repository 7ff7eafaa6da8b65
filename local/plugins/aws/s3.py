"""aws:s3 types: the bucket, and the settings of a bucket that are resources of their own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from local.plugins.aws import blocks
from local.plugins.aws.clients import Clients, error_code, or_none
from local.plugins.aws.naming import Name
from local.plugins.aws.properties import CHOSEN, TAGS, Properties, Property, policy, without_empty
from local.plugins.serving import RefusedError

REGION = Property(CHOSEN, replaces=True)
BUCKET = Property(replaces=True)


class Bucket:
    token = "aws:s3/bucket:Bucket"
    name = Name("bucket", "bucketPrefix", limit=63, lower=True)
    properties: ClassVar[Properties] = {
        "bucket": BUCKET,
        "bucketPrefix": Property(CHOSEN, replaces=True),
        "forceDestroy": Property(False),
        "region": REGION,
        **TAGS,
    }
    computed = ("arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName")

    def create(self, clients: Clients, wanted: dict[str, Any]) -> str:
        s3, bucket, region = clients.s3(wanted["region"]), wanted["bucket"], wanted["region"]
        # In us-east-1 a second CreateBucket by the owner succeeds, so ask first.
        if or_none(s3.head_bucket, Bucket=bucket) is not None:
            raise RefusedError(f"the bucket {bucket} exists already; import it, or choose another name")
        # us-east-1 is the one region that must not be named.
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **place)
        self._tag(s3, bucket, wanted["tagsAll"])
        return bucket

    def read(self, clients: Clients, id: str, state: Mapping[str, Any]) -> dict[str, Any] | None:
        s3 = clients.s3(state["region"])
        if or_none(s3.head_bucket, Bucket=id) is None:
            return None
        region = s3.get_bucket_location(Bucket=id).get("LocationConstraint") or "us-east-1"
        tags = or_none(s3.get_bucket_tagging, Bucket=id) or {"TagSet": []}
        return {
            "bucket": id,
            "region": region,
            "tagsAll": blocks.tags(tags["TagSet"]),
            "arn": f"arn:aws:s3:::{id}",
            "bucketDomainName": f"{id}.s3.amazonaws.com",
            "bucketRegion": region,
            "bucketRegionalDomainName": f"{id}.s3.{region}.amazonaws.com",
        }

    def update(self, clients: Clients, id: str, old: Mapping[str, Any], wanted: dict[str, Any]) -> None:
        if old.get("tagsAll") != wanted["tagsAll"]:
            self._tag(clients.s3(wanted["region"]), id, wanted["tagsAll"])

    def delete(self, clients: Clients, id: str, state: Mapping[str, Any]) -> None:
        s3 = clients.s3(state["region"])
        try:
            if state.get("forceDestroy"):
                _empty(s3, id)
            or_none(s3.delete_bucket, Bucket=id)
        except ClientError as error:
            if error_code(error) == "NoSuchBucket":
                return
            if error_code(error) == "BucketNotEmpty":
                raise RefusedError(
                    f"the bucket {id} still holds objects: empty it, or set forceDestroy first"
                ) from None
            raise

    def _tag(self, s3: Any, bucket: str, tags: Mapping[str, str]) -> None:
        if tags:
            s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": blocks.tag_list(tags)})
        else:
            or_none(s3.delete_bucket_tagging, Bucket=bucket)


def _empty(s3: Any, bucket: str) -> None:
    """Deletes every version and delete marker."""
    # moto 5.2.5 deletes single versions only while versioning is on, and fails on delete markers while it is suspended.
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Suspended":
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = page.get("Versions", []) + page.get("DeleteMarkers", [])
        objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
        if objects:
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
            for error in answer.get("Errors", []):
                raise RefusedError(f"cannot delete {error['Key']} in the bucket {bucket}: {error.get('Message')}")


@dataclass(frozen=True)
class BucketSetting:
    """A setting of one bucket, with the bucket as id. `get` gives None where the bucket does not have the setting."""

    token: str
    properties: Properties
    put: Callable[[Any, dict[str, Any]], None]
    get: Callable[[Any, str], dict[str, Any] | None]
    remove: Callable[[Any, str], Any]
    name: None = None
    computed: tuple[str, ...] = ()

    def create(self, clients: Clients, wanted: dict[str, Any]) -> str:
        self.put(clients.s3(wanted["region"]), wanted)
        return wanted["bucket"]

    def read(self, clients: Clients, id: str, state: Mapping[str, Any]) -> dict[str, Any] | None:
        live = or_none(self.get, s3=clients.s3(state["region"]), bucket=id)
        return None if live is None else {"bucket": id, **live}

    def update(self, clients: Clients, id: str, old: Mapping[str, Any], wanted: dict[str, Any]) -> None:
        self.put(clients.s3(wanted["region"]), wanted)

    def delete(self, clients: Clients, id: str, state: Mapping[str, Any]) -> None:
        or_none(self.remove, s3=clients.s3(state["region"]), bucket=id)


def _put_versioning(s3: Any, wanted: dict[str, Any]) -> None:
    status = wanted["versioningConfiguration"]["status"]
    # "Disabled" is the state of a bucket that never had versions; S3 has no call for it.
    if status != "Disabled":
        s3.put_bucket_versioning(Bucket=wanted["bucket"], VersioningConfiguration={"Status": status})


def _get_versioning(s3: Any, bucket: str) -> dict[str, Any]:
    return {"versioningConfiguration": {"status": s3.get_bucket_versioning(Bucket=bucket).get("Status", "Disabled")}}


def _remove_versioning(s3: Any, bucket: str) -> None:
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled":
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def _put_encryption(s3: Any, wanted: dict[str, Any]) -> None:
    rules = {"Rules": blocks.to_api(wanted["rules"])}
    s3.put_bucket_encryption(Bucket=wanted["bucket"], ServerSideEncryptionConfiguration=rules)


def _get_encryption(s3: Any, bucket: str) -> dict[str, Any]:
    answer = s3.get_bucket_encryption(Bucket=bucket)
    return {"rules": blocks.from_api(answer["ServerSideEncryptionConfiguration"]["Rules"])}


PUBLIC_ACCESS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _put_public_access_block(s3: Any, wanted: dict[str, Any]) -> None:
    flags = blocks.to_api({key: wanted[key] for key in PUBLIC_ACCESS})
    s3.put_public_access_block(Bucket=wanted["bucket"], PublicAccessBlockConfiguration=flags)


def _get_public_access_block(s3: Any, bucket: str) -> dict[str, Any]:
    flags = blocks.from_api(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"])
    return {key: flags.get(key, False) for key in PUBLIC_ACCESS}


def _put_ownership(s3: Any, wanted: dict[str, Any]) -> None:
    rules = {"Rules": [blocks.to_api(wanted["rule"])]}
    s3.put_bucket_ownership_controls(Bucket=wanted["bucket"], OwnershipControls=rules)


def _get_ownership(s3: Any, bucket: str) -> dict[str, Any]:
    (rule,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    return {"rule": blocks.from_api(rule)}


def _put_lifecycle(s3: Any, wanted: dict[str, Any]) -> None:
    # S3 refuses a rule without a filter; an empty one takes in every object.
    rules = [rule if "prefix" in rule else {"filter": {}, **rule} for rule in wanted["rules"]]
    s3.put_bucket_lifecycle_configuration(
        Bucket=wanted["bucket"],
        LifecycleConfiguration={"Rules": blocks.to_api(rules)},
        TransitionDefaultMinimumObjectSize=wanted["transitionDefaultMinimumObjectSize"],
    )


def _get_lifecycle(s3: Any, bucket: str) -> dict[str, Any]:
    answer = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    size = answer.get("TransitionDefaultMinimumObjectSize")
    return {
        "rules": blocks.from_api(answer["Rules"]),
        **({"transitionDefaultMinimumObjectSize": size} if size else {}),
    }


def _put_policy(s3: Any, wanted: dict[str, Any]) -> None:
    s3.put_bucket_policy(Bucket=wanted["bucket"], Policy=wanted["policy"])


def _setting(token: str, properties: dict[str, Property], put: Any, get: Any, remove: Any) -> BucketSetting:
    return BucketSetting(token, {"bucket": BUCKET, "region": REGION, **properties}, put, get, remove)


TYPES = (
    Bucket(),
    _setting(
        "aws:s3/bucketVersioning:BucketVersioning",
        {"versioningConfiguration": Property()},
        _put_versioning,
        _get_versioning,
        _remove_versioning,
    ),
    _setting(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        {"rules": Property(meaning=without_empty)},
        _put_encryption,
        _get_encryption,
        lambda s3, bucket: s3.delete_bucket_encryption(Bucket=bucket),
    ),
    _setting(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {key: Property(False) for key in PUBLIC_ACCESS},
        _put_public_access_block,
        _get_public_access_block,
        lambda s3, bucket: s3.delete_public_access_block(Bucket=bucket),
    ),
    _setting(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        {"rule": Property()},
        _put_ownership,
        _get_ownership,
        lambda s3, bucket: s3.delete_bucket_ownership_controls(Bucket=bucket),
    ),
    _setting(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        {
            "rules": Property(meaning=without_empty),
            "transitionDefaultMinimumObjectSize": Property("all_storage_classes_128K"),
        },
        _put_lifecycle,
        _get_lifecycle,
        lambda s3, bucket: s3.delete_bucket_lifecycle(Bucket=bucket),
    ),
    _setting(
        "aws:s3/bucketPolicy:BucketPolicy",
        {"policy": Property(meaning=policy)},
        _put_policy,
        lambda s3, bucket: {"policy": s3.get_bucket_policy(Bucket=bucket)["Policy"]},
        lambda s3, bucket: s3.delete_bucket_policy(Bucket=bucket),
    ),
)
