"""What a month costs: CPU and memory that pods request, volumes, load balancers. Prices come from a file.

Not known from a document, and not counted: what is in buckets, requests to them, traffic, and how full nodes are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from planner.documents import mapping, sequence
from render import units

GIBI = 2**30
#: The storage class of claims that name none, and of those without a price.
DEFAULT = "default"
_WORKLOADS = ("Deployment", "StatefulSet")

_Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Prices(BaseModel):
    """Of a month, in `currency`. GiB: 2^30 bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, hide_input_in_errors=True)

    source: str
    """Whose they are, where they are valid and since when."""
    currency: str
    cpu: _Price
    """Of a requested core."""
    memory_gib: _Price = Field(alias="memoryGiB")
    volume_gib: dict[str, _Price] = Field(alias="volumeGiB")
    """By storage class; `default` is for all others."""
    load_balancer: _Price


@dataclass(frozen=True)
class Usage:
    """What is paid for. Differences are usages, too: amounts may be negative."""

    cpu: float = 0
    """Cores that are requested."""
    memory: float = 0
    """Bytes that are requested."""
    volumes: Mapping[str, float] = field(default_factory=dict[str, float])
    """Bytes by storage class."""
    load_balancers: int = 0
    unknown: tuple[str, ...] = ()
    """What has a size that is not known."""

    def __add__(self, other: "Usage") -> "Usage":
        return self._with(other, 1)

    def __sub__(self, other: "Usage") -> "Usage":
        return self._with(other, -1)

    def _with(self, other: "Usage", sign: int) -> "Usage":
        classes = dict.fromkeys([*self.volumes, *other.volumes])
        sums = {name: self.volumes.get(name, 0) + sign * other.volumes.get(name, 0) for name in classes}
        return Usage(
            self.cpu + sign * other.cpu,
            self.memory + sign * other.memory,
            {name: size for name, size in sums.items() if size},
            self.load_balancers + sign * other.load_balancers,
            tuple(dict.fromkeys([*self.unknown, *other.unknown])),
        )


def usage(kind: str, document: Mapping[str, object]) -> Usage:
    """Of a Kubernetes object. A StatefulSet's volumes are claims of their own (docs/adr/0008) and count as those."""
    spec = mapping(document, "spec")
    name = f"{kind} {mapping(document, 'metadata').get('name', '')}".strip()
    try:
        if kind in _WORKLOADS:
            return _pods(spec)
        if kind == "PersistentVolumeClaim":
            size = _amount(mapping(spec, "resources", "requests").get("storage", "0"))
            return Usage(volumes={str(spec.get("storageClassName") or DEFAULT): size} if size else {})
    except ValueError:
        return Usage(unknown=(name,))
    return Usage(load_balancers=1) if kind == "Service" and spec.get("type") == "LoadBalancer" else Usage()


def monthly(used: Usage, prices: Prices) -> dict[str, float]:
    """What it costs a month, by what it is paid for."""
    other = prices.volume_gib.get(DEFAULT, 0.0)
    volumes = [size / GIBI * prices.volume_gib.get(name, other) for name, size in used.volumes.items()]
    return {
        "CPU": used.cpu * prices.cpu,
        "memory": used.memory / GIBI * prices.memory_gib,
        "volumes": sum(volumes),
        "load balancers": used.load_balancers * prices.load_balancer,
    }


def _pods(spec: Mapping[str, object]) -> Usage:
    """As many as there are to be, each with its containers. Those that only prepare are not counted."""
    replicas = spec.get("replicas", 1)
    if not isinstance(replicas, int):
        raise ValueError("the number of pods is not known")
    cpu = memory = 0.0
    for container in sequence(mapping(spec, "template", "spec").get("containers")):
        requests = mapping(mapping(container), "resources", "requests")
        cpu += _amount(requests.get("cpu", "0"))
        memory += _amount(requests.get("memory", "0"))
    return Usage(cpu * replicas, memory * replicas)


def _amount(written: object) -> float:
    """ValueError if it is no quantity, such as one that is not known yet."""
    return float(units.quantity(str(written)))
