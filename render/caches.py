"""The documents that tell Thanos of its caches: answers at the Query Frontend, parts of blocks at the Stores.

No key of a cached thing names the bucket or the region that it belongs to, so each stack needs a cache of its own: in
a shared one a region would get the answers, and the list of blocks, of another.

The Query Frontend refuses a key that it does not know; a Store ignores it silently. Keys at Thanos's defaults are left
out.
"""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import yaml

from render import memcached, units

#: The port's name, by which its SRV record is found.
MEMCACHED_PORT_NAME = "memcached"
#: How long an answer is kept; also how long a wrong one lives, if one gets in.
ANSWER_EXPIRATION = "24h"
#: Without a limit a Store asks for all keys of a query at once, which can be hundreds of thousands.
KEYS_PER_REQUEST = 1000


class Cache(TypedDict):
    """Where a cache is. A Redis's documents hold its password."""

    kind: str
    """memcached or redis."""
    address: str
    """host:port, or for memcached what `memcached_address` gives."""
    max_item_size: str
    """Of memcached: the server's own, a Kubernetes quantity of whole Mi. Redis takes any."""
    username: NotRequired[str]
    """This and the rest of Redis, used where they are not empty."""
    password: NotRequired[str | None]
    tls: NotRequired[bool]


def memcached_address(host: str) -> str:
    """The address of all pods behind a headless service; `host` is <service>.<namespace>.svc.

    noa: clients get the names of the pods, not their addresses, and sort them, so that a pod which restarts elsewhere
    keeps its share of the keys. The name is short of the cluster's domain: Stores resolve it by miekgdns and Query
    Frontends by Go's own resolver, and both go through the search list of the pod's resolv.conf.
    """
    return f"dnssrvnoa+_{MEMCACHED_PORT_NAME}._tcp.{host}"


def response_cache(cache: Cache) -> str:
    """The Query Frontend's, for --query-range.response-cache-config-file and the one for labels alike."""
    return _document(cache, {"expiration": ANSWER_EXPIRATION})


def index_cache(cache: Cache) -> str:
    """A Store's, for postings and series: --index-cache.config-file."""
    return _document(cache, _store_extras(cache))


def caching_bucket(cache: Cache, block_sync_interval: str) -> str:
    """A Store's, for chunks, metadata and the list of blocks: --store.caching-bucket.config-file.

    The list is kept for `block_sync_interval` (e.g. 3m), so that a Store knows a new block after two of its looks at
    the bucket at the latest. Thanos's own 5 minutes would hide it from a Store that looks more often.
    """
    seconds = int(units.duration(block_sync_interval).total_seconds())
    # A Go duration: that has no days.
    return _document(cache, _store_extras(cache), {"blocks_iter_ttl": f"{seconds}s"})


def _store_extras(cache: Cache) -> dict[str, object]:
    # Redis splits requests by itself, into 100 keys.
    return {"max_get_multi_batch_size": KEYS_PER_REQUEST} if cache["kind"] == "memcached" else {}


def _document(cache: Cache, extras: dict[str, object], beside: Mapping[str, object] | None = None) -> str:
    backends = {"memcached": _memcached, "redis": _redis}
    if cache["kind"] not in backends:
        raise ValueError(f"a cache is memcached or redis, not {cache['kind']!r}")
    config = {**backends[cache["kind"]](cache), **extras}
    return yaml.safe_dump({"type": cache["kind"].upper(), "config": config, **(beside or {})}, sort_keys=False)


def _memcached(cache: Cache) -> dict[str, object]:
    return {"addresses": [cache["address"]], "max_item_size": item_size(cache["max_item_size"])}


def _redis(cache: Cache) -> dict[str, object]:
    config: dict[str, object] = {"addr": cache["address"]}
    for key in ("username", "password"):
        if value := cache.get(key):
            config[key] = value
    if cache.get("tls"):
        config["tls_enabled"] = True
    return config


def item_size(quantity: str) -> str:
    """A Kubernetes quantity in Thanos's words ("5Mi": "5MiB"). ValueError unless it is whole Mi."""
    return f"{memcached.mebibytes(quantity)}MiB"
