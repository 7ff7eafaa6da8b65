"""Query: answers PromQL over the Store APIs that it is given, without duplicates.

Its endpoints file is reloaded while it runs: a change of endpoints rolls no pod.
"""

from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s

import labels
import versions
from render import endpoints, thanos_flags

from . import _probes, _service, _workload
from ._service import InternalLoadBalancer
from ._workload import ContainerResources, GrpcTls, Part

COMPONENT = "query"
PORTS = {"grpc": thanos_flags.GRPC_PORT, "http": thanos_flags.HTTP_PORT}
CONFIG_DIR = "/etc/thanos/endpoints"
CONFIG_FILE = "endpoints.yaml"


class QueryArgs(TypedDict):
    """How Query runs and whom it asks."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace."""
    priority_class: pulumi.Input[str]
    """The pods' PriorityClass."""
    replicas: int
    """Number of pods; each answers alone."""
    resources: ContainerResources
    """What each pod requests."""
    endpoints: list[pulumi.Input[str]]
    """Store APIs to ask while they are up: dnssrv+_port._tcp.service stands for all the ready pods of a service."""
    strict_endpoints: pulumi.Input[list[str]]
    """Store APIs, each host:port, without which every answer carries a warning."""
    response_timeout: str | None
    """How long an endpoint may be silent before the answer goes without it, e.g. 30s; null: as long as the query."""
    load_balancer: InternalLoadBalancer | None
    """Null: reachable inside the cluster only."""
    tls: GrpcTls | None
    """TLS of its Store API and to the endpoints; null: plain text."""


class Query(pulumi.ComponentResource):
    """A Deployment of Thanos Query and its Service."""

    grpc_endpoint: pulumi.Output[str]
    """host:port of its Store API, for a Query above it."""
    http_url: pulumi.Output[str]
    """http://host:port of its UI and PromQL API, by the load balancer if there is one."""
    cluster_http_url: pulumi.Output[str]
    """The same for the pods of the cluster, who need no load balancer."""

    def __init__(self, name: str, args: QueryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Query", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        part = Part(labels.safe_name(name, limit=labels.SERVICE_NAME), args["namespace"], COMPONENT, name)

        config = self._endpoints(part, args, child)
        self._deployment(part, args, config.metadata["name"], child)
        _workload.disruption_budget(part, 1, child)
        service = _service.balanced(part, PORTS, args.get("load_balancer"), child)

        host = _service.host(service, args.get("load_balancer"))
        self.grpc_endpoint = pulumi.Output.concat(host, f":{PORTS['grpc']}")
        self.http_url = pulumi.Output.concat("http://", host, f":{PORTS['http']}")
        self.cluster_http_url = pulumi.Output.concat("http://", _service.host(service), f":{PORTS['http']}")
        self.register_outputs(
            {
                "grpc_endpoint": self.grpc_endpoint,
                "http_url": self.http_url,
                "cluster_http_url": self.cluster_http_url,
            }
        )

    def _endpoints(self, part: Part, args: QueryArgs, child: pulumi.ResourceOptions) -> k8s.core.v1.ConfigMap:
        config_name = labels.safe_name(part.name, "endpoints", limit=labels.SERVICE_NAME)
        tls = args.get("tls")
        server_name = tls["server_name"] if tls else None
        document = pulumi.Output.all(args["endpoints"], args["strict_endpoints"]).apply(
            lambda known: endpoints.document(known[0], known[1], server_name)
        )
        return k8s.core.v1.ConfigMap(
            config_name, metadata=part.metadata(config_name), data={CONFIG_FILE: document}, opts=child
        )

    def _deployment(
        self, part: Part, args: QueryArgs, config_map: pulumi.Input[str], child: pulumi.ResourceOptions
    ) -> None:
        tls = args.get("tls")
        container = _workload.container(
            "query",
            versions.THANOS,
            thanos_flags.query(
                endpoints_file=f"{CONFIG_DIR}/{CONFIG_FILE}",
                response_timeout=args.get("response_timeout"),
                tls=tls["server_name"] if tls else None,
            ),
            PORTS,
            args["resources"],
            _probes.http(),
            lifecycle=_workload.drain(),
            volumeMounts=[_workload.mount("endpoints", CONFIG_DIR), *_workload.tls_mounts(tls)],
        )
        _workload.deployment(
            part,
            replicas=int(args["replicas"]),
            container=container,
            priority_class=args["priority_class"],
            volumes=[_workload.config_volume("endpoints", config_map), *_workload.tls_volumes(tls)],
            opts=child,
        )
