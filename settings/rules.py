"""Rules between parts of a region. A rule inside one part stands with the part."""

from __future__ import annotations

import typing
from dataclasses import dataclass

from render import units

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
    found = []
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
    return found
