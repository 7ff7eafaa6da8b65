"""The gateway: the door through which edges write. TLS, a token for each edge, limits; then on to routers and Tempo.

Tokens and routes are read again while it runs: a new edge, a new token and a revoked one roll no pod.
"""

from typing import TypedDict, cast

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

import labels
import versions
from render import gateway as files
from render import gateway_routes, thanos_flags, units

from . import _config, _probes, _service, _workload
from ._manifest import Manifest
from ._service import InternalLoadBalancer
from ._workload import ContainerResources, Part

COMPONENT = "gateway"
PORTS = {"https": files.HTTPS_PORT, "metrics": files.METRICS_PORT}
HTTPS = 443
CONFIG_DIR, BOOTSTRAP_FILE, CERTIFICATE_FILE = "/etc/envoy/config", "envoy.yaml", "certificate.yaml"
ROUTES_DIR, ROUTES_FILE = "/etc/envoy/routes", "routes.yaml"
TLS_DIR = "/etc/envoy/tls"
TOKEN_LENGTH = 48
#: Of the memory limit; the rest is for what Envoy does not count as heap.
HEAP_PERCENT = 80


class GatewayEdge(TypedDict):
    """One edge that may write."""

    name: str
    """By which its metrics and its token are known."""
    tenant: str
    """The tenant that it writes as, whatever it says itself."""
    token_revision: int
    """One more: a new token, and the former one is good until the next."""
    requests_per_second: int
    """Of each gateway pod; more is answered 429."""


class GatewayArgs(TypedDict):
    """Who may write, and to where."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace."""
    priority_class: pulumi.Input[str]
    """The pods' PriorityClass."""
    replicas: int
    """Number of pods."""
    edges: list[GatewayEdge]
    """All that may write."""
    routers: pulumi.Input[str]
    """A name that stands for the addresses of all ready routers."""
    router_port: int
    """Their port for remote write."""
    tempo: pulumi.Input[str] | None
    """A name that stands for the address of Tempo while it is ready; null: no traces are taken."""
    max_request_bytes: int
    """Of one request; more is answered 413."""
    tls_secret: pulumi.Input[str]
    """Name of the Secret with tls.crt and tls.key; a renewed certificate is read again."""
    resources: ContainerResources
    """What each pod requests."""
    load_balancer: InternalLoadBalancer | None
    """Null: edges are inside the cluster."""


class Gateway(pulumi.ComponentResource):
    """Envoy (Deployment), the tokens of all edges, and the routes that know them."""

    remote_write_url: pulumi.Output[str]
    """Where edges write to."""
    otlp_url: pulumi.Output[str]
    """https://host to which senders of traces add the paths of OTLP; empty where no traces are taken."""
    tokens: pulumi.Output[dict[str, str]]
    """The current token of each edge; a secret."""

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Gateway", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        part = Part(labels.safe_name(name, limit=labels.SERVICE_NAME), args["namespace"], COMPONENT, name, app="envoy")

        valid = {edge["name"]: _tokens(name, edge, child) for edge in args["edges"]}
        config, routes = _bootstrap(part, args, child), _routes(part, args, valid, child)
        _workload.deployment(
            part,
            replicas=int(args["replicas"]),
            container=_container(args["resources"]),
            priority_class=args["priority_class"],
            volumes=[
                _workload.config_volume("config", config),
                _workload.secret_volume("routes", routes.metadata["name"]),
                _workload.secret_volume("tls", args["tls_secret"]),
            ],
            opts=child,
        )
        _workload.disruption_budget(part, 1, child)
        service = _service.balanced(part, {"https": HTTPS}, args.get("load_balancer"), child)

        host = _service.host(service, args.get("load_balancer"))
        self.remote_write_url = pulumi.Output.concat("https://", host, thanos_flags.REMOTE_WRITE_PATH)
        self.otlp_url = (
            pulumi.Output.concat("https://", host) if args.get("tempo") is not None else pulumi.Output.from_input("")
        )
        tokens = pulumi.Output.secret({edge: current.result for edge, (current, *_) in valid.items()})
        # Outputs inside are resolved, too, which the SDK's types do not say.
        self.tokens = cast("pulumi.Output[dict[str, str]]", tokens)
        self.register_outputs(
            {"remote_write_url": self.remote_write_url, "otlp_url": self.otlp_url, "tokens": self.tokens}
        )


def _tokens(name: str, edge: GatewayEdge, opts: pulumi.ResourceOptions) -> list[random.RandomPassword]:
    """The current token, and the former one if there was one."""
    revision = int(edge["token_revision"])
    return [
        random.RandomPassword(
            labels.safe_name(name, edge["name"], "token", str(number), limit=labels.CONFIG_NAME),
            length=TOKEN_LENGTH,
            special=False,
            opts=opts,
        )
        for number in range(revision, max(0, revision - 2), -1)
    ]


def _routes(
    part: Part,
    args: GatewayArgs,
    valid: dict[str, list[random.RandomPassword]],
    opts: pulumi.ResourceOptions,
) -> k8s.core.v1.Secret:
    edges = args["edges"]

    def render(tokens: list[list[str]]) -> str:
        passes = (
            gateway_routes.Pass(token, edge["name"], edge["tenant"], int(edge["requests_per_second"]))
            for edge, known in zip(edges, tokens, strict=True)
            for token in known
        )
        # Not of the name's value, which a first preview does not know.
        return gateway_routes.document(passes, traces=args.get("tempo") is not None)

    # The name stays: pods see the new content in their volume.
    name = labels.safe_name(part.name, "routes", limit=labels.CONFIG_NAME)
    tokens = pulumi.Output.all(*(pulumi.Output.all(*(token.result for token in valid[edge["name"]])) for edge in edges))
    return k8s.core.v1.Secret(
        name,
        metadata=part.metadata(name),
        type="Opaque",
        string_data={ROUTES_FILE: pulumi.Output.secret(tokens.apply(render))},
        opts=opts,
    )


def _bootstrap(part: Part, args: GatewayArgs, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    memory = args["resources"].get("memory_limit") or args["resources"]["memory"]
    bootstrap = pulumi.Output.all(routers=args["routers"], tempo=args.get("tempo")).apply(
        lambda known: files.bootstrap(
            certificate_file=f"{CONFIG_DIR}/{CERTIFICATE_FILE}",
            routes_file=f"{ROUTES_DIR}/{ROUTES_FILE}",
            routes_dir=ROUTES_DIR,
            router_port=int(args["router_port"]),
            max_request_bytes=int(args["max_request_bytes"]),
            max_heap_bytes=int(units.quantity(memory)) * HEAP_PERCENT // 100,
            **known,
        )
    )
    found = {BOOTSTRAP_FILE: bootstrap, CERTIFICATE_FILE: files.certificate(directory=TLS_DIR)}
    return _config.hashed_config_map(part, "config", found, opts)


def _container(resources: ContainerResources) -> Manifest:
    return _workload.container(
        COMPONENT,
        versions.ENVOY,
        files.flags(config_file=f"{CONFIG_DIR}/{BOOTSTRAP_FILE}"),
        PORTS,
        resources,
        _probes.http("metrics", ready="/ready", healthy="/ready"),
        lifecycle=_workload.drain(),
        volumeMounts=[
            _workload.mount("config", CONFIG_DIR),
            _workload.mount("routes", ROUTES_DIR),
            _workload.mount("tls", TLS_DIR),
        ],
    )
