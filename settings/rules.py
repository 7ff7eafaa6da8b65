"""Rules between parts of a region. A rule inside one part stands with the part."""

from __future__ import annotations

import math
import typing
from collections.abc import Iterator
from dataclasses import dataclass

from render import agent, filters, gateway_routes, prometheus, units

if typing.TYPE_CHECKING:
    from . import RegionSettings


@dataclass(frozen=True)
class Conflict:
    """One setting that does not go with another."""

    path: str
    value: object
    problem: str


class ConflictsError(ValueError):
    """All conflicts of a region."""

    def __init__(self, conflicts: list[Conflict]) -> None:
        super().__init__(f"{len(conflicts)} conflicts")
        self.conflicts = conflicts


def conflicts(region: RegionSettings) -> list[Conflict]:
    """Every rule between parts that the region breaks."""
    found: list[Conflict] = []
    receive, compactor, store = region.receive, region.compactor, region.store
    if not compactor.vertical_compaction and receive.replication_factor > 1:
        found.append(
            Conflict(
                "receive.replicationFactor",
                receive.replication_factor,
                "must be 1 while compactor.verticalCompaction is off, because the bucket would keep every copy",
            )
        )
    if not compactor.vertical_compaction and units.duration(receive.out_of_order_window):
        found.append(
            Conflict(
                "receive.outOfOrderWindow",
                receive.out_of_order_window,
                "must be 0s while compactor.verticalCompaction is off, because late samples make blocks that overlap, "
                "and the Compactor halts on them",
            )
        )
    if region.tls and receive.replication_protocol == "capnproto":
        found.append(
            Conflict(
                "receive.replicationProtocol",
                receive.replication_protocol,
                "must be protobuf while tls is set, because Thanos speaks capnproto in plain text only",
            )
        )
    if units.duration(store.block_sync_interval) * 2 > units.duration(compactor.delete_delay):
        found.append(
            Conflict(
                "store.blockSyncInterval",
                store.block_sync_interval,
                f"must be at most half of compactor.deleteDelay ({compactor.delete_delay}), because Stores have to "
                "learn of a block's replacement before the block is gone",
            )
        )
    return [*found, *_fleet_conflicts(region)]


def _fleet_conflicts(region: RegionSettings) -> Iterator[Conflict]:
    own = region.fleet.filters
    seen: dict[str, int] = {}
    fixed = ", ".join(filters.PROFILES)
    for index, edge in enumerate(region.edges):
        path = f"edges[{index}]"
        first = seen.setdefault(edge.name, index)
        if first != index:
            problem = f"must differ from edges[{first}].name, because each edge has a token and a label of its own"
            yield Conflict(f"{path}.name", edge.name, problem)
        if edge.name == prometheus.CLUSTER:
            problem = "must be another, because the stack's own series have it as their label `cluster`"
            yield Conflict(f"{path}.name", edge.name, problem)
        if edge.filter not in {**filters.PROFILES, **own}:
            known = ", ".join(sorted({*filters.PROFILES, *own}))
            problem = f"must be one of {known}, because fleet.filters defines no other profile"
            yield Conflict(f"{path}.filter", edge.filter, problem)
        if units.quantity(edge.storage) < (least := agent.log_bytes(edge.series, edge.scrape_interval)):
            problem = (
                f"must be at least {math.ceil(least / 2**30)}Gi, because the agent keeps so much of {edge.series} "
                f"series every {edge.scrape_interval} while the region is away"
            )
            yield Conflict(f"{path}.storage", edge.storage, problem)
        if edge.limits.request and region.receive.tenancy == "shared":
            problem = "must be left out while receive.tenancy is shared, because all edges are one tenant then"
            yield Conflict(f"{path}.limits.request", edge.limits.request, problem)
    tokens = sum(min(edge.token_revision, 2) for edge in region.edges)
    if tokens > (most := gateway_routes.MOST_TOKENS):
        problem = (
            f"must have at most {most} good tokens, not {tokens}, because Kubernetes takes no Secret of more than "
            "1 MiB; an edge with a tokenRevision above 1 has two"
        )
        yield Conflict("edges", region.edges, problem)
    if region.fleet.argo_cd and not region.gateway.load_balancer:
        problem = "must come with gateway.loadBalancer, because agents in other clusters do not know names of this one"
        yield Conflict("fleet.argoCd", region.fleet.argo_cd, problem)
    for name, profile in own.items():
        path = f"fleet.filters.{name}"
        if name in filters.PROFILES:
            problem = f"must have another name than {fixed}, because those are fixed"
            yield Conflict(path, profile, problem)
        if profile.extends not in (None, *filters.PROFILES):
            problem = f"must be null or one of {fixed}, because own profiles do not build on each other"
            yield Conflict(f"{path}.extends", profile.extends, problem)
