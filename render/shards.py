"""Which blocks and which samples each group of Stores answers for: parts by time, and by a hash of the block's id."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import yaml

from render import units

#: Clocks that differ, and Query's view of a Store's range, which is some seconds old.
_SKEW = timedelta(minutes=1)


@dataclass(frozen=True)
class Shard:
    """One group of Stores."""

    name: str
    """Says what the shard has, e.g. 14d-90d-0of2; empty if it has everything.

    Another share is another name and so another StatefulSet, which is there before the old one goes. One that was
    changed in place would leave blocks that neither its old nor its new pods have until all are restarted, and answers
    would lack them without a word.
    """
    min_time: str | None
    """The age of its oldest samples, e.g. -90d; None: no bound."""
    max_time: str | None
    """The age of its youngest samples; None: no bound."""
    part: int
    """Which of the hash shards, from 0."""
    parts: int
    """How many there are."""


def shards(ages: Sequence[str], hash_shards: int, sync_interval: str) -> list[Shard]:
    """All shards, the youngest first. `ages`, rising, are where one group of Stores ends and the next begins.

    Each block is in exactly one hash shard, and each sample in exactly one time shard, except that a younger shard
    reaches a little over the border: a Store learns that a block has come of age when it next looks at the bucket, up
    to `sync_interval` late, and the shard before it has to have the block until then. Query merges what it gets twice.
    """
    overlap = units.duration(sync_interval) + _SKEW
    return [
        Shard(
            name="-".join(
                ([f"{younger or '0d'}-{older or 'up'}"] if ages else [])
                + ([f"{part}of{hash_shards}"] if hash_shards > 1 else [])
            ),
            min_time=f"-{units.duration_text(units.duration(older) + overlap)}" if older else None,
            max_time=f"-{younger}" if younger else None,
            part=part,
            parts=hash_shards,
        )
        for younger, older in itertools.pairwise([None, *ages, None])
        for part in range(hash_shards)
    ]


def selector(shard: Shard) -> str:
    """The shard's blocks, for --selector.relabel-config-file."""
    hashed = {
        "action": "hashmod",
        "source_labels": ["__block_id"],
        "modulus": shard.parts,
        # Prometheus promises not to use this prefix; a block's own labels cannot be in the way.
        "target_label": "__tmp_shard",
    }
    kept = {"action": "keep", "source_labels": ["__tmp_shard"], "regex": str(shard.part)}
    return yaml.safe_dump([hashed, kept], sort_keys=False)
