"""Sizes by the fleet: what `planner` says, applied to a region's settings. Only what edges declare counts.

With `sizing: auto` a size that the stack file leaves out is the planned one, or its default if that is more (`sized`).
What it gives is checked against the bare need (`too_small`), and far too much is told (`too_large`). Counts are never
filled in, because the ring has to change in steps (docs/scaling.md).
"""

from __future__ import annotations

import math
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from planner import capacity, fleet
from planner.capacity import Pods
from render import units

from .edges import Edge
from .rules import Conflict

if typing.TYPE_CHECKING:
    from . import RegionSettings

#: So many times what is planned, or the default, is a slip or waste.
FAR_TOO_LARGE = 4
RESOURCES = ("cpu", "memory")


@dataclass(frozen=True)
class Part:
    """Where a component's sizes and count are, as attributes of a region: "receive.ingester.cpu"."""

    sizes: Mapping[str, str]
    """By what the planner calls it: cpu, memory, storage."""
    count: str | None = None
    """If it is for the planner to judge."""
    assumed: tuple[str, ...] = ()
    """Of which sizes the need does not follow from what edges declare: too little is no error."""

    @property
    def demanded(self) -> dict[str, str]:
        """The sizes that can be too small or far too large."""
        return {kind: path for kind, path in self.sizes.items() if kind not in self.assumed}


def _resources(path: str, **more: str) -> dict[str, str]:
    return {"cpu": f"{path}.cpu", "memory": f"{path}.memory", **more}


PARTS: Mapping[str, Part] = {
    "gateway": Part(_resources("gateway.resources"), assumed=RESOURCES),
    "router": Part(_resources("receive.router"), "receive.routers"),
    "ingester": Part(_resources("receive.ingester", storage="receive.storage"), "receive.ingesters"),
    "compactor": Part(_resources("compactor.resources", storage="compactor.storage")),
    "store": Part(_resources("store.resources", storage="store.storage"), assumed=RESOURCES),
    "prometheus": Part(_resources("prometheus.resources", storage="prometheus.storage")),
    "query": Part(_resources("query.resources"), assumed=RESOURCES),
    "query frontend": Part(_resources("query_frontend.resources"), assumed=RESOURCES),
    "query cache": Part(_resources("caches.query"), assumed=RESOURCES),
    "store cache": Part(_resources("caches.store"), assumed=RESOURCES),
}


def planned(region: RegionSettings, of: fleet.Fleet | None = None) -> dict[str, Pods]:
    """What is proposed for the region, by component; never less than the defaults.

    Here and below `of` is another fleet in the place of the region's own.
    """
    found: dict[str, Pods] = {}
    for name, pods in capacity.plan(of or described(region), counts(region)).items():
        sizes = {kind: _larger(getattr(pods, kind), _default(path)) for kind, path in PARTS[name].sizes.items()}
        found[name] = replace(pods, **sizes)
    return found


def sized(region: RegionSettings, of: fleet.Fleet | None = None) -> RegionSettings:
    """The region with the sizes that its stack file leaves out."""
    of, found = of or described(region), region
    for name, pods in planned(region, of).items() if _applies(region, of) else ():
        for kind, path in PARTS[name].sizes.items():
            if not _given(region, path):
                found = _with(found, path, getattr(pods, kind))
    return found


def too_small(region: RegionSettings, of: fleet.Fleet | None = None) -> Iterator[Conflict]:
    """What would not hold the fleet, even without headroom: a size that is given, else the count."""
    of = of or described(region)
    if not _applies(region, of):
        return
    filled, proposed, there = sized(region, of), planned(region, of), counts(region)
    for name, part in PARTS.items():
        pods, need = proposed[name], capacity.NEEDS[name](of, there[name])
        ratios = {kind: _ratio(getattr(need, kind), at(filled, path)) for kind, path in part.demanded.items()}
        short = {kind: ratio for kind, ratio in ratios.items() if ratio > 1}
        given = [kind for kind in short if _given(region, part.sizes[kind])]
        for kind in given:
            path, least = part.sizes[kind], _text(kind, getattr(need, kind))
            share = f" with {pods.count} pods, not {there[name]}" if pods.count != there[name] else ""
            problem = f"must be at least {least} ({getattr(pods, kind)} is proposed{share}), because {_load(of)}"
            yield Conflict(_alias(path), at(region, path), problem)
        if part.count and short and not given:
            zones = of.zones if name == "ingester" else 0
            least = fleet.even(math.ceil(round(there[name] * max(short.values()), 6)), zones)
            target = max(least, pods.count)
            problem = f"must be at least {least} ({target} are proposed), because {_load(of)}"
            if name == "ingester":
                command = f"make scale-receive STACK={region.region} TO={target}"
                problem += f"; before these edges are in the stack file, run `{command}`"
            yield Conflict(_alias(part.count), there[name], problem)


def too_large(region: RegionSettings) -> list[str]:
    """What would hold the fleet several times over, one line each: path, value, what is proposed, and why."""
    of = described(region)
    if not _applies(region, of):
        return []
    found: list[str] = []
    there = counts(region)
    for name, pods in planned(region).items():
        part = PARTS[name]
        # Fewer pods than proposed are larger than proposed.
        need = capacity.sizes(capacity.NEEDS[name](of, there[name]), there[name])
        for kind, path in part.demanded.items():
            good = _larger(getattr(need, kind), getattr(pods, kind))
            if units.quantity(at(region, path)) > FAR_TOO_LARGE * units.quantity(good):
                found.append(_too_large(path, repr(at(region, path)), good, of))
        if part.count and there[name] > FAR_TOO_LARGE * max(pods.count, _default(part.count)):
            found.append(_too_large(part.count, str(there[name]), str(pods.count), of))
    return found


def described(region: RegionSettings) -> fleet.Fleet:
    """The region as the planner sees it."""
    receive, compactor, prometheus = region.receive, region.compactor, region.prometheus
    others = sum(count for name, count in counts(region).items() if name not in ("router", "ingester"))
    return fleet.Fleet(
        edges=tuple(edge(each) for each in region.edges),
        replication_factor=receive.replication_factor,
        zones=len(receive.zones),
        shared=receive.tenancy == "shared",
        tsdb_retention=units.duration(receive.tsdb_retention),
        out_of_order_window=units.duration(receive.out_of_order_window),
        raw=units.duration(compactor.retention.raw),
        five_minutes=units.duration(compactor.retention.five_minutes),
        one_hour=units.duration(compactor.retention.one_hour),
        delete_delay=units.duration(compactor.delete_delay),
        compactions=compactor.concurrency,
        store_shards=region.store.hash_shards,
        pods=others + region.ruler.replicas,
        prometheus_servers=prometheus.replicas,
        prometheus_interval=units.duration(prometheus.scrape_interval),
        prometheus_retention=units.duration(prometheus.retention),
        prometheus_writes=prometheus.mode == "remoteWrite",
    )


def edge(declared: Edge) -> fleet.Edge:
    """An edge as the planner sees it."""
    return fleet.Edge(declared.series, units.duration(declared.scrape_interval), declared.replicas)


def counts(region: RegionSettings) -> dict[str, int]:
    """The pods of each component, as written. A `ring` smaller than the ingesters is on its way to become all."""
    store = region.store
    return {
        "gateway": region.gateway.replicas,
        "router": region.receive.routers,
        "ingester": region.receive.ingesters,
        "compactor": 1,
        "store": store.replicas * store.hash_shards * (len(store.time_shards) + 1),
        "prometheus": region.prometheus.replicas,
        "query": region.query.replicas,
        "query frontend": region.query_frontend.replicas,
        "query cache": region.caches.query.replicas,
        "store cache": region.caches.store.replicas,
    }


def _applies(region: RegionSettings, of: fleet.Fleet) -> bool:
    return region.sizing == "auto" and bool(of.edges)


def _too_large(path: str, value: str, good: str, of: fleet.Fleet) -> str:
    much = f"more than {FAR_TOO_LARGE} times what is proposed ({good})"
    return f"{_alias(path)} is {value}: {much}, although {_load(of)}"


def _load(of: fleet.Fleet) -> str:
    edges = "1 edge has" if len(of.edges) == 1 else f"{len(of.edges)} edges have"
    return (
        f"{edges} {of.series:,.0f} series, {of.rate:,.0f} samples a second, each with "
        f"{of.replication_factor} copies (docs/capacity.md)"
    )


def _ratio(amount: float, size: str) -> float:
    # Rounded, so that what is exactly enough is enough.
    return round(amount / float(units.quantity(size)), 9)


def _text(kind: str, amount: float) -> str:
    """A bare need, rounded up: to tenths of a core, to whole Mi or Gi."""
    if kind == "cpu":
        tenths = math.ceil(round(amount * 10, 9))
        return f"{tenths * 100}m" if tenths % 10 else f"{tenths // 10}"
    unit, name = (2**30, "Gi") if amount >= 4 * 2**30 else (2**20, "Mi")
    return f"{math.ceil(amount / unit)}{name}"


def _larger(one: str | None, other: str) -> str:
    return other if one is None or units.quantity(one) <= units.quantity(other) else one


def at(model: BaseModel, path: str) -> typing.Any:  # noqa: ANN401
    for key in path.split("."):
        model = getattr(model, key)
    return model


def _given(model: BaseModel, path: str) -> bool:
    """Whether the stack file says it."""
    for key in path.split("."):
        if key not in model.model_fields_set:
            return False
        model = getattr(model, key)
    return True


def _default(path: str) -> typing.Any:  # noqa: ANN401
    """A setting's default, which is written once: with the setting."""
    from . import RegionSettings

    first, rest = path.split(".", 1)
    return at(RegionSettings.model_fields[first].default, rest)


def _with(model: BaseModel, path: str, value: object) -> typing.Any:  # noqa: ANN401
    key, _, rest = path.partition(".")
    return model.model_copy(update={key: _with(getattr(model, key), rest, value) if rest else value})


def _alias(path: str) -> str:
    return ".".join(map(to_camel, path.split(".")))
