"""The cache that a component uses, and the volume with the documents that say so."""

from collections.abc import Callable, Mapping
from typing import TypedDict, cast

import pulumi

from render.caches import Cache

from . import _config, _workload
from ._manifest import Manifest
from ._workload import Part

CACHE_DIR = "/etc/thanos/cache"
VOLUME = "cache"


class CacheBackend(TypedDict):
    """A cache of this stack alone: in a shared one a region would find what another put there."""

    kind: str
    """memcached or redis."""
    address: pulumi.Input[str]
    """The address of `Memcached`, or host:port of a Redis."""
    max_item_size: str
    """The largest item that memcached takes, e.g. 5Mi; Redis takes any."""
    username: str
    """At Redis; may be empty."""
    password: pulumi.Input[str] | None
    """At Redis."""
    tls: bool
    """To Redis."""


def volume(
    part: Part,
    cache: CacheBackend,
    documents: Mapping[str, Callable[[Cache], str]],
    opts: pulumi.ResourceOptions,
) -> Manifest:
    """The volume with `documents` (file names and what renders them), to be mounted at `CACHE_DIR`.

    They are read once, and those for Redis hold its password.
    """
    redis = cache["kind"] == "redis"
    used = cache if redis else {key: cache[key] for key in ("kind", "address", "max_item_size")}
    known = cast("pulumi.Output[Cache]", pulumi.Output.all(**used))
    files = {file: known.apply(render) for file, render in documents.items()}
    if redis:
        return _workload.secret_volume(VOLUME, _config.revised_secret(part, "cache", files, opts))
    return _workload.config_volume(VOLUME, _config.hashed_config_map(part, "cache", files, opts))


def mount() -> Manifest:
    """Where a container finds the documents."""
    return _workload.mount(VOLUME, CACHE_DIR)
