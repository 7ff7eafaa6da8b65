"""How metrics are kept: the Compactor, and the Stores that read what it leaves."""

import itertools
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from render import units

from .base import Count, Model, Resources, Storage, lasting

Duration = Annotated[str, lasting("0s", "")]


def _not_shorter(kept: str, finer: str | None, name: str) -> str:
    if finer is None or not units.duration(kept):
        return kept
    if not units.duration(finer) or units.duration(kept) < units.duration(finer):
        said = finer if units.duration(finer) else "for ever"
        raise ValueError(
            f"must be at least {name} ({said}), because the coarser one answers for the time before the finer"
        )
    return kept


class Retention(Model):
    """How long each resolution is kept; 0s: for ever.

    Raw data becomes 5m data once it is in a block of 2 days, and 5m data becomes 1h data once it is in a block of 14.
    """

    raw: Duration = Field(default="7d", description="how long samples are kept as they came in; 0s: for ever")
    five_minutes: Duration = Field(default="30d", description="how long a sample per 5 minutes is kept; 0s: for ever")
    one_hour: Duration = Field(default="180d", description="how long a sample per hour is kept; 0s: for ever")

    @field_validator("raw")
    @classmethod
    def raw_must_last_until_it_is_downsampled(cls, raw: str) -> str:
        if units.duration(raw) and units.duration(raw) < units.duration("40h"):
            raise ValueError(
                "must be at least 40h, because 5m data is made of raw blocks of 40 h and more, and the Compactor "
                "refuses to start with less"
            )
        return raw

    @field_validator("five_minutes")
    @classmethod
    def five_minutes_must_last_until_they_are_downsampled(cls, kept: str, info: ValidationInfo) -> str:
        if units.duration(kept) and units.duration(kept) < units.duration("16d"):
            raise ValueError(
                "must be at least 16d, because 1h data is made of 5m blocks of 14 days, which are complete up to 2 "
                "days later; what is deleted before has no 1h data (below 10d the Compactor refuses to start)"
            )
        return _not_shorter(kept, info.data.get("raw"), "raw")

    @field_validator("one_hour")
    @classmethod
    def resolutions_must_not_shrink(cls, kept: str, info: ValidationInfo) -> str:
        return _not_shorter(kept, info.data.get("five_minutes"), "fiveMinutes")


class Compactor(Model):
    """The one process that rewrites and deletes blocks."""

    retention: Retention = Retention()
    delete_delay: Annotated[
        str, lasting("1h", "Stores have to learn of a block's replacement before the block is gone")
    ] = Field(default="48h", description="how long a block stays after it was replaced or has expired")
    vertical_compaction: bool = Field(
        default=True, description="merges blocks that overlap: replicas, and late samples"
    )
    concurrency: int = Field(default=1, ge=1, le=16, description="compactions at a time; each takes disk and memory")
    downsample_concurrency: int = Field(default=1, ge=1, le=16, description="blocks that are downsampled at a time")
    storage: Storage = Field(default="100Gi", description="twice the blocks of two weeks, per concurrent compaction")
    resources: Resources = Resources(cpu="1", memory="8Gi")


class StoreLimits(Model):
    """What one query may take from a Store; more is an error. 0: no limit."""

    series: Count = Field(default=1_000_000, description="series per request; 0: no limit")
    samples: Count = Field(default=600_000_000, description="samples per request; 0: no limit")


class Store(Model):
    """Store gateways: time shards times hash shards times replicas."""

    replicas: int = Field(default=2, ge=1, le=10, description="pods of each shard; they hold the same blocks")
    time_shards: list[Annotated[str, lasting("1d", "younger blocks are still being compacted")]] = Field(
        default=[], max_length=5, description="ages at which another group of Stores takes over, youngest first"
    )
    hash_shards: int = Field(default=1, ge=1, le=32, description="parts of each group, by a hash of the block's id")
    block_sync_interval: Annotated[str, lasting("5s", "each look costs a LIST request per bucket")] = Field(
        default="3m", description="how often a Store looks for new blocks"
    )
    limits: StoreLimits = StoreLimits()
    storage: Storage = Field(default="10Gi", description="each Store's volume for index headers")
    resources: Resources = Resources(cpu="1", memory="4Gi")

    @field_validator("time_shards")
    @classmethod
    def ages_must_rise(cls, ages: list[str]) -> list[str]:
        numbers = [units.duration(age) for age in ages]
        if any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
            raise ValueError("must rise, because each age ends one group of Stores and begins the next")
        return ages
