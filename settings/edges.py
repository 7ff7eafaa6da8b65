"""The edge fleet: who writes to the region, by which token, and what of it is sent."""

import base64
import re
from typing import Annotated, Any, Literal

import re2
from pydantic import AfterValidator, Field, StringConstraints

from .base import Issuer, LoadBalancer, Model, Name, Resources, Rule, Storage, lasting, named
from .write_path import RequestLimits

#: A DNS label, with room for what is put before and after it in the names of objects.
EdgeName = Annotated[str, named(40, "it is a label value, a tenant, and part of the names of Kubernetes objects")]
#: What our own programs write. An edge that set one of them would pass its series off as others', or make copies look
#: like series of their own.
RESERVED_LABELS = (
    "cluster",
    "region",
    "tenant_id",
    "receive_replica",
    "ruler_replica",
    "prometheus_replica",
    "prometheus",
)
_CERTIFICATES = re.compile(r"(-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----\s*)+")
_LABEL = "[a-zA-Z_][a-zA-Z0-9_]*"
_RE2 = re2.Options()
#: It would also write them to stderr, as a log.
_RE2.log_errors = False


def _label(name: str) -> str:
    if not re2.fullmatch(_LABEL, name):
        raise ValueError("must be letters, digits and _, because Prometheus takes no other name of a label")
    if name in RESERVED_LABELS or name.startswith("__"):
        raise ValueError(
            f"must be none of {', '.join(RESERVED_LABELS)} and not begin with __, because they say where a series "
            "comes from and which copy it is"
        )
    return name


def _regex(text: str) -> str:
    try:
        # Also in a group, as beside others of its list: a \Q without \E would take those for its own text.
        for each in (text, f"(?:{text})"):
            re2.compile(each, _RE2)
    except re2.error as error:
        reason = error.args[0] if error.args else "unknown"
        reason = reason.decode() if isinstance(reason, bytes) else reason
        raise ValueError(f"must be a regular expression of RE2 ({reason}), because Prometheus takes no other") from None
    if re.search(r"(?<!\\)(\\\\)*\\C", text):
        raise ValueError("must not have \\C, because Prometheus's RE2, which is Go's, does not know it")
    return text


def _certificates(text: str) -> str:
    if not _CERTIFICATES.fullmatch(text):
        raise ValueError("must be certificates in PEM and nothing else")
    return text


def _encoded_certificates(text: str) -> str:
    try:
        _certificates(base64.b64decode(text, validate=True).decode())
    except ValueError:
        raise ValueError("must be certificates in PEM, and that in base64 on one line") from None
    return text


LabelName = Annotated[str, Rule(_label, "label", _LABEL)]
#: Go's RE2 takes at most 1000 groups in each other.
Regex = Annotated[str, StringConstraints(min_length=1, max_length=1000), AfterValidator(_regex)]
#: Profiles that are always there; see render/filters.py.
FilterName = Annotated[str, named(40, "stack files refer to it")]


class Filter(Model):
    """What an edge sends, by names of metrics. The expressions match whole names, as all of Prometheus's do."""

    extends: FilterName | None = Field(default="default", description="the profile that applies first; null: none")
    keep: list[Regex] = Field(default=[], description="when given, only metrics with such names are sent")
    drop: list[Regex] = Field(default=[], description="metrics with such names are not sent")


class EdgeLimits(Model):
    """What the gateway and the routers take from one edge."""

    requests_per_second: int = Field(
        default=100, ge=1, le=100_000, description="of each gateway pod; more is answered 429, which agents try again"
    )
    request: RequestLimits | None = Field(
        default=None, description="in place of those in receive.limits; needs receive.tenancy perEdge"
    )


class ApiServer(Model):
    """The API server of an edge, with the secret edgeCredentials.<edge>: a bearer token for it."""

    server: str = Field(
        pattern=r"^https://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/\S*)?$",
        description="URL, e.g. https://apac-1.example:6443",
    )
    ca_data: Annotated[str, AfterValidator(_encoded_certificates)] = Field(
        description="of its authority, as certificate-authority-data of a kubeconfig"
    )


class Edge(Model):
    """One cluster that sends its metrics here."""

    name: EdgeName = Field(description="label `cluster` of all its series")
    api_server: ApiServer | None = Field(default=None, description="when given, the edge gets its credential from here")
    labels: dict[LabelName, str] = Field(default={}, description="more labels on all its series")
    series: int = Field(
        default=100_000, ge=1, le=100_000_000, description="about how many it has, each replica for itself"
    )
    scrape_interval: Annotated[str, lasting("5s", "every sample costs")] = Field(
        default="30s", description="how often each target is asked"
    )
    replicas: int = Field(default=1, ge=1, le=2, description="agents that scrape the same; 2: one may be away")
    filter: FilterName = Field(default="default", description="which series are sent: a profile's name")
    token_revision: int = Field(
        default=1,
        ge=1,
        le=1_000_000,
        description="one more: a new token, and the former is good until the next; two more: it is not",
    )
    limits: EdgeLimits = EdgeLimits()
    storage: Storage = Field(default="10Gi", description="volume of each agent, which keeps what could not be sent yet")
    values: dict[str, Any] = Field(default={}, description="values of kube-prometheus-stack, merged over ours")


class ArgoCd(Model):
    """How agents get to edges: an Application of Argo CD for each."""

    namespace: Name = Field(default="argocd", description="where Argo CD is, in the cluster of this stack")
    project: Name = Field(default="default", description="the AppProject that Applications belong to")
    generator: Literal["applicationSet", "applications"] = Field(
        default="applicationSet",
        description="applicationSet: one, which makes an Application of each cluster Secret; applications: made here",
    )


class GatewayTls(Model):
    """The gateway's certificate."""

    secret_name: Name = Field(default="gateway-tls", description="the Secret with tls.crt and tls.key")
    issuer: Issuer | None = Field(default=None, description="who fills the Secret; unless given, it is there already")
    ca: Annotated[str, AfterValidator(_certificates)] | None = Field(
        default=None, description="of the authority that edges shall trust; unless given, those of their system"
    )


class Gateway(Model):
    """The door for edges: TLS, a token for each, limits."""

    replicas: int = Field(default=2, ge=1, le=50, description="pods")
    tls: GatewayTls = GatewayTls()
    max_request_bytes: int = Field(
        default=16 * 1024 * 1024,
        ge=1024,
        le=2**32 - 1,  # Envoy counts in 32 bits
        description="of one request, compressed; more is answered 413, which agents do not try again",
    )
    resources: Resources = Resources(cpu="500m", memory="512Mi")
    load_balancer: LoadBalancer | None = None


class Fleet(Model):
    """What all edges share."""

    namespace: Name = Field(default="monitoring", description="where the agent lives, in the cluster of each edge")
    argo_cd: ArgoCd | None = Field(default=None, description="when given, agents are deployed by Argo CD")
    filters: dict[FilterName, Filter] = Field(default={}, description="profiles beside default, lean and everything")
