"""The settings: what may be written under `observability:` in Pulumi.<stack>.yaml, each default once."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from render import lifecycle, units


def _at_least(minimum: str, reason: str) -> AfterValidator:
    def check(value: str) -> str:
        if units.quantity(value) < units.quantity(minimum):
            raise ValueError(f"must be at least {minimum}, because {reason}")
        return value

    return AfterValidator(check)


def _name(limit: int, reason: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", value) or not 2 <= len(value) <= limit:
            raise ValueError(
                f"must be 2 to {limit} lower-case letters, digits and hyphens that begin with a letter and do not end "
                f"with a hyphen, because {reason}"
            )
        return value

    return AfterValidator(check)


def _retention(value: str) -> str:
    if units.duration(value) < units.duration("3h"):
        raise ValueError(
            "must be at least 3h, because a block is cut up to 3 h after its first sample and uploaded then"
        )
    return value


def _written(value: object) -> object:
    """`cpu: 1` is a number in YAML and a quantity all the same."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Cpu = Annotated[str, BeforeValidator(_written), _at_least("1m", "Kubernetes counts CPU in thousandths of a core")]
Memory = Annotated[
    str,
    BeforeValidator(_written),
    _at_least("32Mi", "no Thanos process starts with less; `m` means thousandths of a byte"),
]
Storage = Annotated[
    str, BeforeValidator(_written), _at_least("1Gi", "the write-ahead log and the blocks of a few hours need it")
]
Duration = Annotated[str, AfterValidator(_retention)]

Region = Annotated[str, _name(20, "it is part of the names of buckets and Kubernetes objects")]
Namespace = Annotated[str, _name(63, "Kubernetes takes no other name")]
BucketPrefix = Annotated[str, _name(24, "region, purpose and a random suffix follow it within S3's 63 characters")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, alias_generator=to_camel)


class Resources(_Model):
    """What one container requests. CPU has no limit: a throttled Thanos is slow for no gain."""

    cpu: Cpu = Field(description="the CPU that the scheduler sets aside")
    memory: Memory = Field(description="the memory that the scheduler sets aside")
    memory_limit: Memory | None = Field(None, description="the request, unless given")

    @field_validator("memory_limit")
    @classmethod
    def limit_must_cover_the_request(cls, limit: str | None, info: ValidationInfo) -> str | None:
        request = info.data.get("memory")
        if limit and request and units.quantity(limit) < units.quantity(request):
            raise ValueError(f"must be at least the request ({request}), because Kubernetes refuses the pod otherwise")
        return limit


class LoadBalancer(_Model):
    """An internal load balancer in front of a Service."""

    hostname: str = Field(
        pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253, description="the name that others use to reach it"
    )
    annotations: dict[str, str] = {}


class Transition(_Model):
    """A move of old objects to another storage class."""

    days: int = Field(description="the age at which objects move")
    storage_class: str = Field(description="the class to which they move")

    @field_validator("days")
    @classmethod
    def blocks_must_be_settled(cls, days: int) -> int:
        return _refuse(lifecycle.age_problem(days), days)

    @field_validator("storage_class")
    @classmethod
    def blocks_must_stay_readable(cls, storage_class: str) -> str:
        return _refuse(lifecycle.class_problem(storage_class), storage_class)


class Lifecycle(_Model):
    """S3's part in keeping the bucket tidy; retention is the Compactor's."""

    abort_incomplete_upload_days: int = Field(3, ge=1, le=7, description="an upload of days ago will not be finished")
    noncurrent_version_days: int = Field(7, ge=1, description="used when versioning is on")
    transitions: list[Transition] = Field([], max_length=1, description="there is one class that blocks may move to")
    expiration_days: int | None = None

    @field_validator("expiration_days", mode="before")
    @classmethod
    def the_compactor_owns_retention(cls, days: object) -> object:
        return _refuse(None if days is None else lifecycle.EXPIRATION_REFUSED, days)


class ObjectStore(_Model):
    """The bucket and who may reach it."""

    bucket_prefix: BucketPrefix = Field(description="the first part of the bucket's name")
    oidc_provider_arn: str = Field(
        pattern=r"^arn:aws[a-z-]*:iam::\d{12}:oidc-provider/.+$",
        description="the cluster's identity provider, by which pods get their IAM roles",
    )
    endpoint: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9.-]+(:\d+)?$",
        description="host or host:port without a scheme; AWS's own unless given",
    )
    insecure: bool = Field(False, description="plain HTTP")
    kms_key_arn: str | None = Field(
        None, pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/.+$", description="the key's ARN, not an alias"
    )
    versioning: bool = False
    force_destroy: bool = Field(False, description="lets a destroy delete a bucket that holds objects")
    lifecycle: Lifecycle = Lifecycle()


class Receive(_Model):
    """The write path."""

    routers: int = Field(2, ge=1, le=50, description="the number of pods that forward")
    ingesters: int = Field(3, ge=1, le=50, description="the number of pods that store")
    replication_factor: int = 3
    storage: Storage = Field("50Gi", description="each ingester's volume")
    tsdb_retention: Duration = Field("24h", description="how long ingesters keep what they have uploaded")
    router: Resources = Resources(cpu="500m", memory="1Gi")
    ingester: Resources = Resources(cpu="1", memory="4Gi")
    load_balancer: LoadBalancer | None = None

    @field_validator("replication_factor")
    @classmethod
    def copies_must_pay_off_and_fit(cls, factor: int, info: ValidationInfo) -> int:
        if factor < 1 or (factor > 2 and factor % 2 == 0):
            raise ValueError(
                "must be odd, or 2, because an even number stores one more copy and tolerates no more losses"
            )
        ingesters = info.data.get("ingesters", factor)
        if factor > ingesters:
            raise ValueError(
                f"must be at most receive.ingesters ({ingesters}), because each copy goes to another ingester and the "
                "routers refuse a ring that is smaller"
            )
        return factor


class Query(_Model):
    """The read path."""

    replicas: int = Field(2, ge=1, le=50, description="the number of pods")
    resources: Resources = Resources(cpu="500m", memory="2Gi")
    load_balancer: LoadBalancer | None = None


class RegionSettings(_Model):
    """One region: its bucket, its receivers and its Query."""

    kind: Literal["region"]
    region: Region = Field(description="the stack's name, by which the global stack finds the region")
    namespace: Namespace = "observability"
    object_store: ObjectStore = Field(description="there is no default for where metrics are kept")
    receive: Receive = Receive()
    query: Query = Query()


class GlobalSettings(_Model):
    """The Query over all regions."""

    kind: Literal["global"]
    namespace: Namespace = "observability"
    regions: list[Region] = Field(min_length=1, description="the stacks to ask")
    query: Query = Query()

    @field_validator("regions")
    @classmethod
    def regions_must_differ(cls, regions: list[str]) -> list[str]:
        if len(set(regions)) != len(regions):
            raise ValueError("must name each region once, because a region asked twice doubles its answers")
        return regions


def _refuse(problem: str | None, value: object) -> object:
    if problem:
        raise ValueError(problem)
    return value
