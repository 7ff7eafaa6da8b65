"""How the stack watches itself: the pair of Prometheus servers, the Ruler, and where alerts go."""

from typing import Annotated, Literal

from pydantic import Field

from .base import HttpUrl, Model, Resources, Storage, lasting


class Prometheus(Model):
    """The pair of Prometheus servers of the central cluster."""

    mode: Literal["sidecar", "remoteWrite"] = Field(
        default="sidecar",
        description="sidecar: uploads blocks and answers queries itself; remoteWrite: writes to Receive",
    )
    replicas: int = Field(
        default=2, ge=1, le=3, description="servers that scrape the same; more than a pair is seldom of use"
    )
    scrape_interval: Annotated[str, lasting("5s", "every sample costs")] = Field(
        default="30s", description="how often each target is asked"
    )
    retention: Annotated[str, lasting("6h", "a block has to be there until the sidecar has uploaded it")] = Field(
        default="24h", description="how long each server keeps what it has scraped"
    )
    storage: Storage = Field(default="50Gi", description="each server's volume")
    resources: Resources = Resources(cpu="1", memory="4Gi")
    sidecar: Resources = Resources(cpu="100m", memory="512Mi")


class Ruler(Model):
    """Evaluates recording and alert rules over the whole region."""

    mode: Literal["stateless", "stateful"] = Field(
        default="stateless", description="stateless: writes results to Receive; stateful: keeps and uploads them itself"
    )
    replicas: int = Field(default=2, ge=1, le=5, description="Rulers that evaluate the same")
    evaluation_interval: Annotated[str, lasting("5s", "every evaluation is a query")] = Field(
        default="1m", description="how often each rule is evaluated"
    )
    storage: Storage = Field(default="10Gi", description="used when stateful")
    resources: Resources = Resources(cpu="200m", memory="512Mi")


class Alerting(Model):
    """Where alerts go, and where a person who gets one reads on."""

    alertmanagers: list[HttpUrl] = Field(
        default=[], description="URLs of Alertmanagers, e.g. http://alertmanager.example:9093"
    )
    runbook_url: HttpUrl = Field(
        default="https://runbooks.example.internal/observability",
        description="the page of docs/runbooks.md; each alert links to its heading",
    )
