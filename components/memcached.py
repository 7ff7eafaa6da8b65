"""Memcached: a cluster of memcached servers for answers or for parts of blocks. What is in it can be lost at any time.

Clients part the keys among the pods by name, so pods have names that last. Another number of pods moves a share of the
keys for Stores, and nearly all for Query Frontends.
"""

from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s

import labels
import versions
from render import caches
from render import memcached as server

from . import _probes, _service, _workload
from ._manifest import verbatim
from ._workload import ContainerResources, Part

COMPONENT = "memcached"
PORTS = {caches.MEMCACHED_PORT_NAME: server.PORT}
METRICS_PORTS = {"metrics": server.METRICS_PORT}
EXPORTER_RESOURCES: ContainerResources = {"cpu": "10m", "memory": "32Mi", "memory_limit": "64Mi"}


class MemcachedArgs(TypedDict):
    """How many servers run and how much each keeps."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace."""
    priority_class: pulumi.Input[str]
    """The pods' PriorityClass."""
    replicas: int
    """Number of pods; each has its share of the keys, and no key is kept twice."""
    memory: str
    """What each keeps of items, in whole Mi, e.g. 2Gi. The pod gets more: see `render.memcached.pod_memory`."""
    max_item_size: str
    """The largest item, in whole Mi, e.g. 5Mi; clients have to be told the same."""
    connections: int
    """Connections that each pod takes."""
    cpu: str
    """CPU that each pod requests, e.g. 100m."""


class Memcached(pulumi.ComponentResource):
    """A StatefulSet of memcached with its exporter, and a headless Service."""

    address: pulumi.Output[str]
    """All pods, in the form that Thanos's clients look up. Known once the pods are ready, since a Store does not start
    before it finds one."""

    def __init__(self, name: str, args: MemcachedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Memcached", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        part = Part(
            labels.safe_name(name, limit=labels.STATEFUL_SET_NAME), args["namespace"], COMPONENT, name, app="memcached"
        )

        service = _service.headless(part, PORTS | METRICS_PORTS, child)
        pods = self._stateful_set(part, args, service.metadata["name"], child)
        _workload.disruption_budget(part, 1, child)

        self.address = pulumi.Output.all(_service.host(service), pods.metadata["name"]).apply(
            lambda known: caches.memcached_address(known[0])
        )
        self.register_outputs({"address": self.address})

    def _stateful_set(
        self, part: Part, args: MemcachedArgs, service: pulumi.Input[str], child: pulumi.ResourceOptions
    ) -> k8s.apps.v1.StatefulSet:
        memory, connections = args["memory"], int(args["connections"])
        memcached = _workload.container(
            "memcached",
            versions.MEMCACHED,
            server.arguments(memory=memory, max_item_size=args["max_item_size"], connections=connections),
            PORTS,
            {
                "cpu": args["cpu"],
                "memory": server.pod_memory(memory=memory, connections=connections),
                "memory_limit": None,
            },
            _probes.tcp(caches.MEMCACHED_PORT_NAME),
            # The image's own entry point is a shell script.
            command=["memcached"],
        )
        exporter = _workload.container(
            "exporter",
            versions.MEMCACHED_EXPORTER,
            [f"--memcached.address=localhost:{server.PORT}"],
            METRICS_PORTS,
            EXPORTER_RESOURCES,
            _probes.tcp("metrics"),
        )
        return k8s.apps.v1.StatefulSet(
            part.name,
            metadata=part.metadata(),
            spec=verbatim(
                {
                    "serviceName": service,
                    "replicas": int(args["replicas"]),
                    "podManagementPolicy": "Parallel",
                    "selector": {"matchLabels": part.selector},
                    "template": _workload.pod_template(
                        part,
                        [memcached, exporter],
                        account=_workload.account(part, None, child),
                        priority_class=args["priority_class"],
                        terminationGracePeriodSeconds=_workload.STATELESS_GRACE_SECONDS,
                    ),
                }
            ),
            opts=child,
        )
