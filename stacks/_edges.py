"""The edges of a region: how they write to it, and how their agents get to them."""

import pulumi

from components import Gateway, Receive
from render import hashring, thanos_flags
from settings import RegionSettings

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
