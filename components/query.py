"""Query: answers PromQL over the Store APIs that it is given, without duplicates.

Its endpoints file is reloaded while it runs: a change of endpoints rolls no pod.
"""

from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s

import labels
import versions
from render import endpoints, thanos_flags

from . import _workload
from ._workload import ContainerResources, InternalLoadBalancer

COMPONENT = "query"
PORTS = {"grpc": thanos_flags.GRPC_PORT, "http": thanos_flags.HTTP_PORT}
CONFIG_DIR = "/etc/thanos/endpoints"
CONFIG_FILE = "endpoints.yaml"


class QueryEndpoint(TypedDict):
    """One Store API."""

    address: pulumi.Input[str]
    """host:port, or dns+host:port, or dnssrv+_port._tcp.service for all the pods of a service."""
    strict: bool
    """Kept while it is down, so that answers without it carry a warning. Not for addresses found by DNS."""


class QueryArgs(TypedDict):
    """How Query runs and whom it asks."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace."""
    replicas: int
    """Number of pods; each answers alone."""
    resources: ContainerResources
    """What each pod requests."""
    endpoints: list[QueryEndpoint]
    """The Store APIs to ask."""
    response_timeout: str | None
    """How long an endpoint may be silent before the answer goes without it, e.g. 30s; null: as long as the query."""
    load_balancer: InternalLoadBalancer | None
    """Null: reachable inside the cluster only."""


class Query(pulumi.ComponentResource):
    """A Deployment of Thanos Query and its Service."""

    grpc_endpoint: pulumi.Output[str]
    """host:port of its Store API, for a Query above it."""
    http_url: pulumi.Output[str]
    """http://host:port of its UI and PromQL API."""

    def __init__(self, name: str, args: QueryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Query", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        labels.safe_name(name, limit=labels.SERVICE_NAME)

        config = self._endpoints(name, args, child)
        self._deployment(name, args, config.metadata["name"], child)
        _workload.disruption_budget(name, args["namespace"], COMPONENT, name, 1, child)
        service = _workload.service(
            name,
            args["namespace"],
            COMPONENT,
            name,
            PORTS,
            args.get("load_balancer"),
            child,
        )

        host = _workload.host(service, args.get("load_balancer"))
        self.grpc_endpoint = pulumi.Output.concat(host, f":{PORTS['grpc']}")
        self.http_url = pulumi.Output.concat("http://", host, f":{PORTS['http']}")
        self.register_outputs({"grpc_endpoint": self.grpc_endpoint, "http_url": self.http_url})

    def _endpoints(self, name: str, args: QueryArgs, child: pulumi.ResourceOptions) -> k8s.core.v1.ConfigMap:
        config_name = labels.safe_name(name, "endpoints", limit=labels.SERVICE_NAME)
        document = pulumi.Output.all(*args["endpoints"]).apply(endpoints.document)
        return k8s.core.v1.ConfigMap(
            config_name,
            metadata=_workload.metadata(config_name, args["namespace"], COMPONENT, name),
            data={CONFIG_FILE: document},
            opts=child,
        )

    def _deployment(
        self, name: str, args: QueryArgs, config_map: pulumi.Input[str], child: pulumi.ResourceOptions
    ) -> k8s.apps.v1.Deployment:
        container = _workload.container(
            "query",
            versions.THANOS,
            thanos_flags.query(
                endpoints_file=f"{CONFIG_DIR}/{CONFIG_FILE}", response_timeout=args.get("response_timeout")
            ),
            PORTS,
            args["resources"],
            startupProbe=_workload.startup_probe(seconds=120),
            lifecycle=_workload.drain(),
            volumeMounts=[{"name": "endpoints", "mountPath": CONFIG_DIR, "readOnly": True}],
        )
        return k8s.apps.v1.Deployment(
            name,
            metadata=_workload.metadata(name, args["namespace"], COMPONENT, name),
            spec={
                "replicas": int(args["replicas"]),
                "selector": {"matchLabels": labels.selector(COMPONENT, name)},
                "template": _workload.pod_template(
                    COMPONENT,
                    name,
                    [container],
                    terminationGracePeriodSeconds=_workload.STATELESS_GRACE_SECONDS,
                    volumes=[{"name": "endpoints", "configMap": {"name": config_map}}],
                ),
            },
            opts=child,
        )
