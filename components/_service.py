"""The Services in front of workloads."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from ._manifest import Manifest, verbatim
from ._workload import Part


class InternalLoadBalancer(TypedDict):
    """An internal load balancer in front of a Service."""

    hostname: str
    """The name under which others reach it."""
    annotations: NotRequired[dict[str, str]]
    """What the load balancer's controller wants beyond the defaults."""


def balanced(
    part: Part,
    ports: dict[str, int],
    load_balancer: InternalLoadBalancer | None,
    opts: pulumi.ResourceOptions,
) -> k8s.core.v1.Service:
    """A Service with a cluster IP and, if asked for, an internal load balancer."""
    annotations: dict[str, str] = {}
    if load_balancer:
        annotations = {
            # Two controllers, two spellings; one that knows neither would open remote write to the internet.
            "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
            "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
            "external-dns.alpha.kubernetes.io/hostname": load_balancer["hostname"],
            **(load_balancer.get("annotations") or {}),
        }
    return k8s.core.v1.Service(
        part.name,
        metadata=part.metadata(annotations=annotations),
        spec=verbatim(
            {
                "type": "LoadBalancer" if load_balancer else "ClusterIP",
                "selector": part.selector,
                "ports": _ports(ports),
            }
        ),
        opts=opts,
    )


def headless(
    part: Part, ports: dict[str, int], opts: pulumi.ResourceOptions, name: str | None = None
) -> k8s.core.v1.Service:
    """A Service whose name stands for the addresses of all ready pods, and of which each pod of a StatefulSet has a
    name below it. `name`: for a second Service of a part.
    """
    return k8s.core.v1.Service(
        name or part.name,
        metadata=part.metadata(name),
        spec=verbatim({"clusterIP": "None", "selector": part.selector, "ports": _ports(ports)}),
        opts=opts,
    )


def host(service: k8s.core.v1.Service, load_balancer: InternalLoadBalancer | None = None) -> pulumi.Output[str]:
    """The name under which a Service is reached: from anywhere by its load balancer, else from inside the cluster."""
    if load_balancer:
        return pulumi.Output.from_input(load_balancer["hostname"])
    return pulumi.Output.concat(service.metadata["name"], ".", service.metadata["namespace"], ".svc")


def _ports(ports: dict[str, int]) -> list[Manifest]:
    # They lead to the container ports of the same names.
    return [{"name": name, "port": number, "targetPort": name} for name, number in ports.items()]
