"""What a regional stack promises to the global one.

Strings only: numbers come back as floats from a stack reference.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

#: The stack output that holds the contract.
OUTPUT = "region"
#: Raise it when a field is removed or changes its meaning; deploy the regions first, then the global stack.
VERSION = "1"


@dataclass(frozen=True)
class RegionOutputs:
    """Where to write to a region and where to ask it."""

    region: str
    namespace: str
    remote_write_url: str
    """Prometheus remote write with an edge's token, e.g. https://host/api/v1/receive."""
    query_grpc_endpoint: str
    """host:port of the regional Query's Store API."""
    query_http_url: str
    """http://host:port of the regional Query's UI and PromQL API."""
    query_frontend_http_url: str
    """http://host:port of the regional Query Frontend's PromQL API, which dashboards ask."""
    metrics_bucket: str
    tempo_http_url: str
    """http://host:port of the regional Tempo's query API; empty without one."""
    otlp_url: str
    """https://host to which senders of traces, with an edge's token, add the paths of OTLP; empty without a Tempo."""
    grafana_url: str
    """http://host:port of the region's Grafana; empty without one."""


def dump(outputs: RegionOutputs) -> dict[str, str]:
    """The stack output: the fields and the contract's version."""
    return {"version": VERSION, **asdict(outputs)}


def load(output: Mapping[str, object]) -> RegionOutputs:
    """The inverse of `dump`; unknown fields are ignored.

    ValueError if another version wrote it, or a field is absent or not a string.
    """
    version = output.get("version")
    if version != VERSION:
        raise ValueError(f"its outputs have contract version {version!r}, and this program reads version {VERSION!r}")
    names = [field.name for field in fields(RegionOutputs)]
    found = {name: value for name in names if isinstance(value := output.get(name), str)}
    if bad := [name for name in names if name not in found]:
        raise ValueError(f"its outputs lack {', '.join(bad)}")
    return RegionOutputs(**found)
