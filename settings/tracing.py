"""How traces are kept: Tempo."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, field_validator

from .base import LoadBalancer, Model, Resources, Rule, Storage
from .edges import RESERVED_LABELS

#: What Tempo itself puts on span metrics.
_SPAN_LABELS = ("service", "span_name", "span_kind", "status_code", "job", "instance", "le")
_HOURS = "[1-9][0-9]{0,4}h"


def _hours(text: str) -> str:
    if not re.fullmatch(_HOURS, text):
        raise ValueError(
            "must be whole hours, 1h to 99999h, because Tempo knows no larger unit and does not start with 14d or 2w"
        )
    return text


def _attribute(name: str) -> str:
    if re.sub(r"\W", "_", name) in (*RESERVED_LABELS, *_SPAN_LABELS):
        raise ValueError("must be another attribute, because span metrics have a label of this name already")
    return name


Attribute = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_./-]{0,62}$"), AfterValidator(_attribute)]


class TracingLimits(Model):
    """What Tempo takes, of all edges together."""

    bytes_per_second: int = Field(
        default=15_000_000,
        ge=100_000,
        le=35_000_000,
        description="more is refused, and senders try again; one Tempo carries 25 to 35 MB, or 55,000 to 80,000 spans",
    )
    burst_bytes: int = Field(
        default=20_000_000, ge=100_000, le=10**9, description="taken at once; one push that is larger is always refused"
    )
    trace_bytes: int = Field(
        default=5_000_000, ge=10_000, le=10**9, description="of one trace; its spans beyond that are refused"
    )
    live_traces: int = Field(
        default=50_000, ge=100, le=10_000_000, description="traces that still get spans; those of more are refused"
    )


class MetricsGenerator(Model):
    """Metrics made of spans, written to Receive: rate, errors and duration of each operation, and who calls whom."""

    max_active_series: int = Field(
        default=100_000,
        ge=100,
        le=10_000_000,
        description="what more spans would make is dropped; Receive keeps these, too",
    )
    dimensions: list[Attribute] = Field(
        default=[],
        max_length=10,
        description="attributes of spans that become labels; each value multiplies the series",
    )

    @field_validator("dimensions")
    @classmethod
    def labels_must_differ(cls, names: list[str]) -> list[str]:
        if len({re.sub(r"\W", "_", name) for name in names}) < len(names):
            raise ValueError("must differ in more than dots, because these become _ in the names of labels")
        return names


class Tempo(Model):
    """One Tempo that does everything. It carries 25 to 35 MB/s, or 55,000 to 80,000 spans a second."""

    enabled: bool = Field(default=True, description="whether this region keeps traces")
    retention: Annotated[str, Rule(_hours, "whole hours", _HOURS)] = Field(
        default="336h", description="how long traces are kept"
    )
    limits: TracingLimits = TracingLimits()
    metrics_generator: MetricsGenerator = MetricsGenerator()
    storage: Storage = Field(
        default="50Gi", description="its volume: what is not in the bucket yet, and 20 minutes more"
    )
    resources: Resources = Resources(cpu="2", memory="8Gi")
    load_balancer: LoadBalancer | None = Field(
        default=None, description="of its HTTP API, for a Grafana in another cluster"
    )
