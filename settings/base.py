"""What all settings share: the base model, types with their rules, and shapes that occur more than once."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from render import units

_NAME = "[a-z]([a-z0-9-]*[a-z0-9])?"
_IDENTITY = "([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|unchecked)"


@dataclass(frozen=True)
class Rule(AfterValidator):
    """A check, and as much of it as a JSON schema can say: editors know the settings by that (schemas/)."""

    func: Callable[[str], str]
    title: str
    pattern: str

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "title": self.title, "pattern": f"^{self.pattern}$"}


def at_least(minimum: str, reason: str) -> Rule:
    """A Kubernetes quantity with a lower bound."""

    def check(value: str) -> str:
        if units.quantity(value) < units.quantity(minimum):
            raise ValueError(f"must be at least {minimum}, because {reason}")
        return value

    return Rule(check, "quantity", units.QUANTITY)


def lasting(minimum: str, reason: str) -> Rule:
    """A Prometheus duration with a lower bound."""

    def check(value: str) -> str:
        if units.duration(value) < units.duration(minimum):
            raise ValueError(f"must be at least {minimum}, because {reason}")
        return value

    return Rule(check, "duration", units.DURATION)


def named(limit: int, reason: str) -> Rule:
    """A name with an upper bound of its length."""

    def check(value: str) -> str:
        if not re.fullmatch(_NAME, value) or not 2 <= len(value) <= limit:
            raise ValueError(
                f"must be 2 to {limit} lower-case letters, digits and hyphens that begin with a letter and do not end "
                f"with a hyphen, because {reason}"
            )
        return value

    return Rule(check, "name", f"(?=.{{2,{limit}}}$){_NAME}")


def identity(value: str) -> str:
    """The UID of a cluster's kube-system, which the cluster keeps for life."""
    if not re.fullmatch(_IDENTITY, value):
        raise ValueError(
            "must be a UID such as 01234567-89ab-cdef-0123-456789abcdef, or unchecked, because it is compared with "
            f"what `{GET_CLUSTER_ID}` prints"
        )
    return value


def written(value: object) -> object:
    """`cpu: 1` is a number in YAML and a quantity all the same."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


#: How to get what `clusterId` has to be.
GET_CLUSTER_ID = "kubectl --context <context> get namespace kube-system -o jsonpath={.metadata.uid}"
#: In place of a UID.
UNCHECKED = "unchecked"

ClusterId = Annotated[
    str,
    Rule(identity, "identity of a cluster", _IDENTITY),
    Field(description=f"the cluster that the stack is for, by what `{GET_CLUSTER_ID}` prints; or unchecked"),
]
Protect = Annotated[bool, Field(description="Pulumi refuses to delete or replace the namespace and the buckets")]
Written = BeforeValidator(written, json_schema_input_type=str | float)
Cpu = Annotated[str, Written, at_least("1m", "Kubernetes counts CPU in thousandths of a core")]
Memory = Annotated[
    str,
    Written,
    at_least("32Mi", "no Thanos process starts with less; `m` means thousandths of a byte"),
]
Storage = Annotated[str, Written, at_least("1Gi", "the write-ahead log and the blocks of a few hours need it")]
#: Far below what 64 bits hold, also times a replication factor.
Count = Annotated[int, Field(ge=0, le=10**12)]
Name = Annotated[str, named(63, "Kubernetes takes no other name")]
#: With the longest zone, a StatefulSet's name has the 52 characters that it may have.
Region = Annotated[str, named(18, "it is part of the names of buckets and Kubernetes objects")]
Zone = Annotated[str, named(16, "it is part of the names of StatefulSets")]
BucketPrefix = Annotated[str, named(24, "region, purpose and a random suffix follow it within S3's 63 characters")]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[^\s]*)?$")]


_INTEGERS: tuple[object, ...] = (int, int | None)


class Model(BaseModel):
    """Frozen; a key that it does not know is an error. Defaults are validated: one may not go with what was written."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True, alias_generator=to_camel
    )

    @field_validator("*", mode="before")
    @classmethod
    def yes_is_no_number(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation in _INTEGERS:
            raise ValueError("must be a valid integer")
        return value


class Resources(Model):
    """What one container requests. CPU has no limit: a throttled Thanos is slow for no gain."""

    cpu: Cpu = Field(description="the CPU that the scheduler sets aside")
    memory: Memory = Field(description="the memory that the scheduler sets aside")
    memory_limit: Memory | None = Field(default=None, description="the request, unless given")

    @field_validator("memory_limit")
    @classmethod
    def limit_must_cover_the_request(cls, limit: str | None, info: ValidationInfo) -> str | None:
        request = info.data.get("memory")
        if limit and request and units.quantity(limit) < units.quantity(request):
            raise ValueError(f"must be at least the request ({request}), because Kubernetes refuses the pod otherwise")
        return limit


class Issuer(Model):
    """A cert-manager issuer."""

    name: Name = Field(description="the name of an issuer that is there already")
    kind: Literal["Issuer", "ClusterIssuer"] = Field(
        default="ClusterIssuer", description="an Issuer has to be in the stack's own namespace"
    )


class LoadBalancer(Model):
    """An internal load balancer in front of a Service."""

    hostname: str = Field(
        pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253, description="the name that others use to reach it"
    )
    annotations: dict[str, str] = Field(default={}, description="what the cloud has to know to make it")
