"""The settings: what may be written under `observability:` in Pulumi.<stack>.yaml, each default once."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from .base import ClusterId, Issuer, Model, Name, Protect, Region
from .edges import Edge, Fleet, Gateway
from .grafana import Grafana
from .history import Compactor, Store
from .monitoring import Alerting, Prometheus, Ruler
from .object_store import ObjectStore
from .read_path import Caches, Query, QueryFrontend
from .rules import ConflictsError, conflicts
from .sizing import too_small
from .tracing import Tempo
from .write_path import Receive

__all__ = ["GlobalSettings", "RegionSettings", "Tls"]


class Tls(Model):
    """TLS between the stack's gRPC endpoints; each side shows a certificate of the same authority."""

    secret_name: Name = Field(default="thanos-grpc", description="the Secret with tls.crt, tls.key and ca.crt")
    issuer: Issuer | None = Field(default=None, description="who fills the Secret; unless given, it is there already")
    server_name: str = Field(
        default="thanos.observability.internal",
        pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
        description="the name in every certificate",
    )


class RegionSettings(Model):
    """One region: its bucket, its receivers, and all that reads from them."""

    kind: Literal["region"] = Field(description="what the stack is")
    cluster_id: ClusterId
    protect: Protect = True
    region: Region = Field(description="the stack's name, by which the global stack finds the region")
    namespace: Name = Field(default="observability", description="made by the stack")
    storage_class: Name | None = Field(default=None, description="of all volumes; the cluster's default unless given")
    tls: Tls | None = None
    object_store: ObjectStore = Field(description="there is no default for where metrics are kept")
    edges: list[Edge] = Field(default=[], description="the clusters that send their metrics here")
    fleet: Fleet = Fleet()
    gateway: Gateway = Gateway()
    sizing: Literal["auto", "unchecked"] = Field(
        default="auto",
        description="auto: sizes follow from edges, and those given are checked; unchecked: as written, or default",
    )
    receive: Receive = Receive()
    prometheus: Prometheus = Prometheus()
    compactor: Compactor = Compactor()
    store: Store = Store()
    query: Query = Query()
    query_frontend: QueryFrontend = QueryFrontend()
    caches: Caches = Caches()
    ruler: Ruler = Ruler()
    tempo: Tempo = Tempo()
    alerting: Alerting = Alerting()
    grafana: Grafana = Grafana()

    @model_validator(mode="after")
    def parts_must_go_together(self) -> Self:
        if found := [*conflicts(self), *too_small(self)]:
            raise ConflictsError(found)
        return self


class GlobalSettings(Model):
    """The Query over all regions."""

    kind: Literal["global"] = Field(description="what the stack is")
    cluster_id: ClusterId
    protect: Protect = True
    namespace: Name = Field(default="observability", description="made by the stack")
    tls: Tls | None = None
    regions: list[Region] = Field(min_length=1, description="the stacks to ask")
    query: Query = Query()
    grafana: Grafana = Grafana()

    @field_validator("regions")
    @classmethod
    def regions_must_differ(cls, regions: list[str]) -> list[str]:
        if len(set(regions)) != len(regions):
            raise ValueError("must name each region once, because a region asked twice doubles its answers")
        return regions
