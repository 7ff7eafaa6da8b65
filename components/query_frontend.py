"""QueryFrontend: what dashboards ask. It splits long ranges, caches the parts, and logs what was slow.

It is ready only while the Query behind it is.
"""

from typing import TypedDict

import pulumi

import labels
import versions
from render import caches, thanos_flags, tripper

from . import _caches, _config, _probes, _service, _workload
from ._caches import CACHE_DIR, CacheBackend
from ._manifest import Manifest
from ._service import InternalLoadBalancer
from ._workload import ContainerResources, Part

COMPONENT = "query-frontend"
PORTS = {"http": thanos_flags.HTTP_PORT}
CACHE_FILE = "response-cache.yaml"
TRIPPER_DIR = "/etc/thanos/tripper"
TRIPPER_FILE = "tripper.yaml"
#: Its readiness is that of Query, which on a first start pulls its image; killing this process would not help.
STARTUP_SECONDS = 600


class QueryFrontendArgs(TypedDict):
    """How the Query Frontend runs, whom it asks, and what it caches."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace."""
    priority_class: pulumi.Input[str]
    """The pods' PriorityClass."""
    replicas: int
    """Number of pods; they share the cache and nothing else."""
    downstream_url: pulumi.Input[str]
    """http://host:port of the Query behind it."""
    min_split_interval: str
    """Ranges up to this long are asked and cached in parts of this length, e.g. 24h."""
    max_split_interval: str
    """Ranges of twice this and more in parts of this length, e.g. 336h; those between in parts of their own length."""
    vertical_shards: int
    """Parts of each query by its grouping labels; 0: one."""
    cache_freshness: str
    """Answers about the time since so long ago are not cached, e.g. 10m."""
    log_queries_longer_than: str
    """E.g. 10s; 0s: none are logged."""
    cache: CacheBackend
    """Where answers about ranges, labels and series are kept."""
    resources: ContainerResources
    """What each pod requests."""
    load_balancer: InternalLoadBalancer | None
    """Null: reachable inside the cluster only."""


class QueryFrontend(pulumi.ComponentResource):
    """A Deployment of the Thanos Query Frontend and its Service."""

    http_url: pulumi.Output[str]
    """http://host:port of its PromQL API, by the load balancer if there is one."""
    cluster_http_url: pulumi.Output[str]
    """The same for the pods of the cluster, who need no load balancer."""

    def __init__(self, name: str, args: QueryFrontendArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:QueryFrontend", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        part = Part(labels.safe_name(name, limit=labels.SERVICE_NAME), args["namespace"], COMPONENT, name)

        volumes = [
            _caches.volume(part, args["cache"], {CACHE_FILE: caches.response_cache}, child),
            _workload.config_volume(
                "tripper", _config.hashed_config_map(part, "tripper", {TRIPPER_FILE: tripper.document()}, child)
            ),
        ]
        self._deployment(part, args, volumes, child)
        _workload.disruption_budget(part, 1, child)
        service = _service.balanced(part, PORTS, args.get("load_balancer"), child)

        host = _service.host(service, args.get("load_balancer"))
        self.http_url = pulumi.Output.concat("http://", host, f":{PORTS['http']}")
        self.cluster_http_url = pulumi.Output.concat("http://", _service.host(service), f":{PORTS['http']}")
        self.register_outputs({"http_url": self.http_url, "cluster_http_url": self.cluster_http_url})

    def _deployment(
        self, part: Part, args: QueryFrontendArgs, volumes: list[Manifest], child: pulumi.ResourceOptions
    ) -> None:
        container = _workload.container(
            "query-frontend",
            versions.THANOS,
            pulumi.Output.from_input(args["downstream_url"]).apply(lambda url: _flags(args, url)),
            PORTS,
            args["resources"],
            _probes.http(startup_seconds=STARTUP_SECONDS),
            lifecycle=_workload.drain(),
            volumeMounts=[_caches.mount(), _workload.mount("tripper", TRIPPER_DIR)],
        )
        _workload.deployment(
            part,
            replicas=int(args["replicas"]),
            container=container,
            priority_class=args["priority_class"],
            volumes=volumes,
            opts=child,
        )


def _flags(args: QueryFrontendArgs, downstream_url: str) -> list[str]:
    return thanos_flags.query_frontend(
        downstream_url=downstream_url,
        tripper_file=f"{TRIPPER_DIR}/{TRIPPER_FILE}",
        range_cache_file=f"{CACHE_DIR}/{CACHE_FILE}",
        # The same file: without one of their own labels and series would not be cached.
        labels_cache_file=f"{CACHE_DIR}/{CACHE_FILE}",
        min_split_interval=args["min_split_interval"],
        max_split_interval=args["max_split_interval"],
        cache_freshness=args["cache_freshness"],
        log_queries_longer_than=args["log_queries_longer_than"],
        vertical_shards=int(args["vertical_shards"]),
    )
