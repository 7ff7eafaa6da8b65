"""The global stack: one Query over the regional ones, and Grafana on top of it."""

import pulumi

import contract
from components import NetworkPolicies, Query
from render import Document
from settings import GlobalSettings

from . import _cluster, grafana, paths
from ._args import args
from ._cluster import READ_PRIORITY

#: A region far away that is stuck must not hold up the answer of the others.
RESPONSE_TIMEOUT = "30s"


class GlobalStack(pulumi.ComponentResource):
    """A Query that asks the Query of each region in the settings, and a Grafana that asks it and their Tempos."""

    outputs: dict[str, pulumi.Input[str]]
    """Where people ask."""
    grafana_admin_password: pulumi.Output[str] | None
    """Of Grafana's user `admin`; None without a Grafana."""

    def __init__(self, name: str, settings: GlobalSettings, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:GlobalStack", name, {}, opts)
        cluster = _cluster.connect(self, settings.cluster_id)
        child = pulumi.ResourceOptions(parent=self, providers=[cluster])

        regions = {region: region_outputs(region) for region in settings.regions}
        namespace = _cluster.namespace(settings.namespace, protect=settings.protect, opts=child)
        reading = {
            "namespace": namespace,
            "priority_class": _cluster.priority_class(name, "read-path", READ_PRIORITY, child),
        }
        query = Query(
            f"{name}-query",
            args(
                {
                    **reading,
                    "replicas": settings.query.replicas,
                    "resources": settings.query.resources.model_dump(),
                    "endpoints": [],
                    # A region that is down leaves a warning in every answer. Otherwise its data would be missing
                    # silently, and a cache above would keep the incomplete answer.
                    "strict_endpoints": [
                        outputs.apply(lambda known: known.query_grpc_endpoint) for outputs in regions.values()
                    ],
                    "response_timeout": RESPONSE_TIMEOUT,
                    "load_balancer": settings.query.load_balancer.model_dump()
                    if settings.query.load_balancer
                    else None,
                    "tls": _cluster.grpc_tls(name, settings.tls, namespace, child),
                }
            ),
            child,
        )
        looking = grafana.make(
            name,
            settings.grafana,
            where=reading,
            thanos_url=query.cluster_http_url,
            tempos={region: outputs.apply(lambda known: known.tempo_http_url) for region, outputs in regions.items()},
            opts=child,
        )
        self.grafana_admin_password = looking.admin_password if looking else None
        NetworkPolicies(f"{name}-network", args({"namespace": namespace, **paths.over_regions(settings)}), child)
        self.outputs = {
            "namespace": namespace,
            "query_grpc_endpoint": query.grpc_endpoint,
            "query_http_url": query.http_url,
            "grafana_url": grafana.url(looking),
        }
        self.register_outputs({"outputs": self.outputs})


def region_outputs(region: str) -> pulumi.Output[contract.RegionOutputs]:
    """What a region's stack promises. pulumi.RunError says which command brings up a region that is not there."""
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{region}"

    def read(output: Document | None) -> contract.RegionOutputs:
        if not output:
            raise pulumi.RunError(
                f"the region {region} is not up: its stack {stack} has no output {contract.OUTPUT!r}. "
                f"Bring it up first: pulumi up -s {region}"
            )
        try:
            return contract.load(output)
        except ValueError as error:
            raise pulumi.RunError(
                f"the region {region} does not fit this program: {error}. Run: pulumi up -s {region}"
            ) from None

    # The engine itself stops at a stack that does not exist and shows only this name with "unknown stack".
    reference = pulumi.StackReference(f"{region}, brought up by: pulumi up -s {region}", stack_name=stack)
    return reference.get_output(contract.OUTPUT).apply(read)
