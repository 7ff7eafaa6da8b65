"""The hashring that routers read: which ingesters share the series, and by which algorithm."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: hashmod moves nearly every series when the ring grows; ketama moves only a share of them.
#: Thanos does not validate the name in the file and falls back to hashmod silently, so it is never typed twice.
ALGORITHM = "ketama"


#: The tenant of a write that names none; Thanos's own default.
DEFAULT_TENANT = "default-tenant"


@dataclass(frozen=True)
class Endpoint:
    """One ingester of a ring."""

    host: str
    zone: str | None = None


def members(pods: Mapping[str | None, Sequence[str]], ring: int) -> list[Endpoint]:
    """The first `ring` ingesters, as many of each zone. `pods`: each zone's hosts by ordinal (the key None: no zones).

    ValueError if `ring` cannot be had evenly. The last ordinals are left out, since a StatefulSet loses those first.
    """
    each, rest = divmod(ring, len(pods))
    if rest or any(len(hosts) < each for hosts in pods.values()):
        raise ValueError(
            f"a ring of {ring} cannot be made evenly of {', '.join(str(len(h)) for h in pods.values())} pods"
        )
    return [Endpoint(host, zone) for zone, hosts in pods.items() for host in hosts[:each]]


def document(
    endpoints: Sequence[Endpoint],
    *,
    replication_factor: int,
    grpc_port: int,
    capnproto_port: int,
    tenants: Sequence[str] = (),
) -> str:
    """hashrings.json for one ring of `endpoints`, the same for any order of them.

    `tenants`: those that may write; none: any. With zones, routers put the copies of a sample into different ones.
    ValueError if an endpoint occurs twice, there are fewer than `replication_factor`, or only some have a zone.
    """
    hosts = [endpoint.host for endpoint in endpoints]
    if len(set(hosts)) != len(hosts):
        raise ValueError(f"a ring's endpoints must differ from each other: {', '.join(hosts)}")
    if len(hosts) < replication_factor:
        raise ValueError(
            f"a ring of {len(hosts)} ingesters cannot hold {replication_factor} copies: the routers would refuse it"
        )
    if len({endpoint.zone is None for endpoint in endpoints}) > 1:
        raise ValueError("either all endpoints of a ring have a zone or none: Thanos takes none for a zone of its own")
    ring: dict[str, object] = {"hashring": "default"}
    if tenants:
        ring["tenants"] = sorted(tenants)
    ring["algorithm"] = ALGORITHM
    ring["endpoints"] = [
        {
            "address": f"{endpoint.host}:{grpc_port}",
            "capnproto_address": f"{endpoint.host}:{capnproto_port}",
            **({"az": endpoint.zone} if endpoint.zone else {}),
        }
        for endpoint in sorted(endpoints, key=lambda endpoint: endpoint.host)
    ]
    return json.dumps([ring], indent=2) + "\n"


def write_quorum(replication_factor: int) -> int:
    """How many copies of a sample must be written before the write counts. 2 is a special case of Thanos's."""
    return 1 if replication_factor == 2 else replication_factor // 2 + 1


def tolerated_losses(replication_factor: int) -> int:
    """How many ingesters may be away while every write still succeeds."""
    return replication_factor - write_quorum(replication_factor)
