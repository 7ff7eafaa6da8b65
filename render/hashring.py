"""The hashring that routers read: which ingesters share the series, and by which algorithm."""

import json
from collections.abc import Sequence

#: hashmod moves nearly every series when the ring grows; ketama moves only a share of them.
#: Thanos does not validate the name in the file and falls back to hashmod silently, so it is never typed twice.
ALGORITHM = "ketama"


def document(endpoints: Sequence[str], replication_factor: int) -> str:
    """hashrings.json for one ring of `endpoints` (host:port each), the same for any order of them.

    ValueError if an endpoint occurs twice or there are fewer than `replication_factor`.
    """
    if len(set(endpoints)) != len(endpoints):
        raise ValueError(f"a ring's endpoints must differ from each other: {', '.join(endpoints)}")
    if len(endpoints) < replication_factor:
        raise ValueError(
            f"a ring of {len(endpoints)} ingesters cannot hold {replication_factor} copies: the routers would refuse it"
        )
    ring = {
        "hashring": "default",
        "algorithm": ALGORITHM,
        "endpoints": [{"address": endpoint} for endpoint in sorted(endpoints)],
    }
    return json.dumps([ring], indent=2) + "\n"


def write_quorum(replication_factor: int) -> int:
    """How many copies of a sample must be written before the write counts. 2 is a special case of Thanos's."""
    return 1 if replication_factor == 2 else replication_factor // 2 + 1


def tolerated_losses(replication_factor: int) -> int:
    """How many ingesters may be away while every write still succeeds."""
    return replication_factor - write_quorum(replication_factor)
