"""The edges of a region: how they write to it, and how their agents get to them."""

from typing import Any

import pulumi

from components import ArgoCd, EdgeAccess, Gateway, Receive, Tempo
from render import filters, hashring, thanos_flags
from render.agent import Agent, chart_values, chart_yaml
from settings import RegionSettings
from settings.edges import Edge

from . import _cluster
from ._args import args


def limits(settings: RegionSettings) -> dict[str, Any]:
    """What routers accept: those of an edge are its tenant's."""
    found = settings.receive.limits.model_dump()
    own = {edge.name: edge.limits.request.model_dump() for edge in settings.edges if edge.limits.request}
    return {**found, "tenants": {**found["tenants"], **own}}


def gateway(
    name: str,
    settings: RegionSettings,
    receive: Receive,
    tempo: Tempo | None,
    namespace: pulumi.Input[str],
    priority_class: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> Gateway:
    """The door that they write through."""
    shared, wanted = settings.receive.tenancy == "shared", settings.gateway
    tls_secret: pulumi.Input[str] = wanted.tls.secret_name
    if wanted.tls.issuer:
        names = [host(name, settings)]
        tls_secret = _cluster.certificate(
            f"{name}-gateway", wanted.tls.secret_name, wanted.tls.issuer, names, ["server auth"], namespace, opts
        )
    return Gateway(
        f"{name}-gateway",
        args(
            {
                "namespace": namespace,
                "priority_class": priority_class,
                **wanted.model_dump(exclude={"tls"}),
                "tls_secret": tls_secret,
                "routers": receive.routers,
                "router_port": thanos_flags.REMOTE_WRITE_PORT,
                "tempo": tempo.otlp_host if tempo else None,
                "edges": [
                    {
                        "name": edge.name,
                        "tenant": hashring.DEFAULT_TENANT if shared else edge.name,
                        "token_revision": edge.token_revision,
                        "requests_per_second": edge.limits.requests_per_second,
                    }
                    for edge in settings.edges
                ],
            }
        ),
        opts,
    )


def agents(
    name: str,
    settings: RegionSettings,
    tokens: pulumi.Output[dict[str, str]],
    credentials: pulumi.Output[dict[str, str]] | None,
    opts: pulumi.ResourceOptions,
) -> None:
    """What gets edges to write: their agents by Argo CD, and their tokens where their API servers are known.

    `credentials`: bearer tokens for those API servers, by edge.
    """
    fleet, reachable = settings.fleet, {edge.name: edge.api_server for edge in settings.edges if edge.api_server}
    known = {
        edge: credentials.apply(lambda found, edge=edge: found[edge]) for edge in reachable if credentials is not None
    }
    if fleet.argo_cd:
        url = f"https://{host(name, settings)}{thanos_flags.REMOTE_WRITE_PATH}"
        ArgoCd(
            f"{name}-argo-cd",
            args(
                {
                    "argo_cd_namespace": fleet.argo_cd.namespace,
                    "project": fleet.argo_cd.project,
                    "generator": fleet.argo_cd.generator,
                    "agent_namespace": fleet.namespace,
                    "edges": [
                        {
                            "name": edge.name,
                            "values": chart_yaml(chart_values(agent(settings, edge, url), edge.values)),
                            "api_server": edge.api_server.model_dump() if edge.api_server else None,
                            "credential": known.get(edge.name),
                        }
                        for edge in settings.edges
                    ],
                }
            ),
            opts,
        )
    for edge, server in reachable.items():
        EdgeAccess(
            f"{name}-{edge}",
            args(
                {
                    "edge": edge,
                    "api_server": server.model_dump(),
                    "credential": known[edge],
                    "agent_namespace": fleet.namespace,
                    "token": tokens.apply(lambda found, edge=edge: found[edge]),
                    "ca": settings.gateway.tls.ca,
                }
            ),
            # It has a provider of its own: that of the edge's cluster.
            pulumi.ResourceOptions(parent=opts.parent),
        )


def host(name: str, settings: RegionSettings) -> str:
    """The name under which edges reach the gateway."""
    outside = settings.gateway.load_balancer
    return outside.hostname if outside else f"{name}-gateway.{settings.namespace}.svc"


def agent(settings: RegionSettings, edge: Edge, url: str) -> Agent:
    """What the agent of an edge is told. `url`: where it writes to."""
    own = {name: filters.Profile(**profile.model_dump()) for name, profile in settings.fleet.filters.items()}
    return Agent(
        edge=edge.name,
        url=url,
        relabeling=filters.relabeling(edge.filter, own),
        own_ca=settings.gateway.tls.ca is not None,
        **edge.model_dump(include={"labels", "series", "scrape_interval", "replicas", "storage"}),
    )
