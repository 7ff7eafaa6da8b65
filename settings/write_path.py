"""How metrics come in: Receive."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from .base import Count, HttpUrl, Model, Resources, Storage, Zone, lasting

LocalRetention = Annotated[str, lasting("3h", "a block is cut up to 3 h after its first sample and uploaded then")]
Tenant = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
#: With so many, the loss of a zone leaves a quorum of any odd number of copies that go round them.
FEWEST_ZONES = 3


class RequestLimits(Model):
    """What one remote-write request may hold; more is answered 413, which Prometheus does not retry. 0: no limit."""

    size_bytes: Count = Field(default=32 * 1024 * 1024, description="bytes, compressed and not; 0: no limit")
    series: Count = Field(default=50_000, description="series per request; 0: no limit")
    samples: Count = Field(default=100_000, description="samples per request; 0: no limit")


class Limits(Model):
    """What routers accept."""

    max_concurrency: Count = Field(default=0, description="requests that run at a time, others wait; 0: no limit")
    request: RequestLimits = RequestLimits()
    head_series: Count = Field(default=0, description="active series of a tenant, each copy counted once; 0: no limit")
    meta_monitoring_url: HttpUrl | None = Field(
        default=None,
        description="URL of the stack's own Prometheus, which counts active series; no other gets to the ingesters",
    )
    tenants: dict[Tenant, RequestLimits] = Field(default={}, description="limits of single tenants")

    @field_validator("meta_monitoring_url")
    @classmethod
    def active_series_must_be_counted(cls, url: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("head_series") and not url:
            raise ValueError("must be set with headSeries, because routers do not know how many series are active")
        return url


class Receive(Model):
    """Routers and ingesters."""

    routers: int = Field(default=2, ge=1, le=50, description="the number of pods that forward")
    ingesters: int = Field(default=3, ge=1, le=60, description="the number of pods that store, in all zones together")
    ring: int | None = Field(
        default=None,
        description="how many of the ingesters share the series; all, unless the number of pods is being changed",
    )
    replication_factor: int = Field(default=3, description="copies of each sample, each on another ingester")
    zones: list[Zone] = Field(default=[], description="one StatefulSet per zone; copies of a sample go round them")
    storage: Storage = Field(default="50Gi", description="each ingester's volume; it can grow and not shrink")
    tsdb_retention: LocalRetention = Field(default="24h", description="how long ingesters keep what they have uploaded")
    out_of_order_window: Annotated[str, lasting("0s", "")] = Field(
        default="4h",
        description="how late a sample may come behind the newest of its tenant; agents keep what is unsent for 3h or "
        "more. 0s: what an edge has kept for more than an hour is refused while others write as the same tenant",
    )
    max_exemplars: int = Field(
        default=100_000, ge=0, le=10_000_000, description="exemplars kept in memory per tenant; 0: none"
    )
    replication_protocol: Literal["protobuf", "capnproto"] = Field(
        default="protobuf", description="between routers and ingesters"
    )
    tenancy: Literal["shared", "perEdge"] = Field(
        default="shared", description="shared: one TSDB and one stream of blocks; perEdge: one for each tenant header"
    )
    limits: Limits = Limits()
    router: Resources = Resources(cpu="500m", memory="1Gi")
    ingester: Resources = Resources(cpu="1", memory="4Gi")

    @property
    def ring_size(self) -> int:
        """How many ingesters share the series."""
        return self.ring or self.ingesters

    @field_validator("ring")
    @classmethod
    def the_ring_is_made_of_pods(cls, ring: int | None, info: ValidationInfo) -> int | None:
        ingesters = info.data.get("ingesters", ring)
        if ring is not None and not 1 <= ring <= ingesters:
            raise ValueError(
                f"must be 1 to receive.ingesters ({ingesters}), because routers would wait for pods that are not there"
            )
        return ring

    @field_validator("replication_factor")
    @classmethod
    def copies_must_pay_off_and_fit(cls, factor: int, info: ValidationInfo) -> int:
        if factor < 1 or (factor > 2 and factor % 2 == 0):
            raise ValueError(
                "must be odd, or 2, because an even number stores one more copy and tolerates no more losses"
            )
        ring = info.data.get("ring")
        limit, name = (ring, "receive.ring") if ring else (info.data.get("ingesters", factor), "receive.ingesters")
        if factor > limit:
            raise ValueError(
                f"must be at most {name} ({limit}), because each copy goes to another ingester and the "
                "routers refuse a ring that is smaller"
            )
        return factor

    @field_validator("zones")
    @classmethod
    def zones_must_hold_copies_evenly(cls, zones: list[str], info: ValidationInfo) -> list[str]:
        if not zones:
            return zones
        if len(set(zones)) != len(zones):
            raise ValueError("must name each zone once, because each gets a StatefulSet of its name")
        if len(zones) < FEWEST_ZONES:
            raise ValueError(
                f"must be none or at least {FEWEST_ZONES} zones, because with two the loss of one takes two copies of "
                "half the series, and writes to them fail"
            )
        for name in ("ingesters", "ring"):
            count = info.data.get(name)
            if count and count % len(zones):
                raise ValueError(
                    f"must divide receive.{name} ({count}), because a zone with more ingesters than another gets a "
                    "smaller share of the series on each"
                )
        return zones
