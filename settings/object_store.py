"""The bucket."""

from typing import TypeVar

from pydantic import Field, field_validator

from render import lifecycle

from .base import BucketPrefix, Model

T = TypeVar("T")


def _refuse(problem: str | None, value: T) -> T:
    if problem:
        raise ValueError(problem)
    return value


class Transition(Model):
    """A move of old objects to another storage class."""

    days: int = Field(le=3650, description="the age at which objects move")
    storage_class: str = Field(description="the class to which they move")

    @field_validator("days")
    @classmethod
    def blocks_must_be_settled(cls, days: int) -> int:
        return _refuse(lifecycle.age_problem(days), days)

    @field_validator("storage_class")
    @classmethod
    def blocks_must_stay_readable(cls, storage_class: str) -> str:
        return _refuse(lifecycle.class_problem(storage_class), storage_class)


class Lifecycle(Model):
    """S3's part in keeping the bucket tidy; retention is the Compactor's."""

    abort_incomplete_upload_days: int = Field(
        default=3, ge=1, le=7, description="an upload of days ago will not be finished"
    )
    noncurrent_version_days: int = Field(
        default=7, ge=1, le=3650, description="how long replaced versions are kept, when versioning is on"
    )
    transitions: list[Transition] = Field(
        default=[], max_length=1, description="there is one class that blocks may move to"
    )
    expiration_days: None = Field(default=None, description="never set")

    @field_validator("expiration_days", mode="before")
    @classmethod
    def the_compactor_owns_retention(cls, days: object) -> object:
        return _refuse(None if days is None else lifecycle.EXPIRATION_REFUSED, days)


class ObjectStore(Model):
    """The bucket and who may reach it."""

    bucket_prefix: BucketPrefix = Field(description="the first part of the bucket's name")
    oidc_provider_arn: str = Field(
        pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/.+$",
        description="the cluster's identity provider, by which pods get their IAM roles",
    )
    endpoint: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$",
        description="host or host:port without a scheme; AWS's own unless given",
    )
    insecure: bool = Field(default=False, description="plain HTTP")
    kms_key_arn: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$",
        description="the key's ARN, not an alias",
    )
    versioning: bool = Field(default=False, description="keeps replaced and deleted objects for a while")
    force_destroy: bool = Field(default=False, description="lets a destroy delete a bucket that holds objects")
    lifecycle: Lifecycle = Lifecycle()
