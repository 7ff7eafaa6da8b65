"""The edges of a region: how they write to it, and how their agents get to them."""

import pulumi

from components import Gateway, Receive
from render import filters, hashring, thanos_flags
from render.agent import Agent
from settings import RegionSettings
from settings.edges import Edge

from . import _cluster


def gateway(
    name: str,
    settings: RegionSettings,
    receive: Receive,
    namespace: pulumi.Input[str],
    priority_class: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> Gateway:
    """The door that they write through."""
    shared, wanted = settings.receive.tenancy == "shared", settings.gateway
    tls_secret: pulumi.Input[str] = wanted.tls.secret_name
    if wanted.tls.issuer:
        host = wanted.load_balancer.hostname if wanted.load_balancer else f"{name}-gateway.{settings.namespace}.svc"
        tls_secret = _cluster.certificate(
            f"{name}-gateway", wanted.tls.secret_name, wanted.tls.issuer, [host], ["server auth"], namespace, opts
        )
    return Gateway(
        f"{name}-gateway",
        {
            "namespace": namespace,
            "priority_class": priority_class,
            **wanted.model_dump(exclude={"tls"}),
            "tls_secret": tls_secret,
            "routers": receive.routers,
            "router_port": thanos_flags.REMOTE_WRITE_PORT,
            "edges": [
                {
                    "name": edge.name,
                    "tenant": hashring.DEFAULT_TENANT if shared else edge.name,
                    "token_revision": edge.token_revision,
                    "requests_per_second": edge.limits.requests_per_second,
                }
                for edge in settings.edges
            ],
        },
        opts,
    )


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
