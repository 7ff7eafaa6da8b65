"""Shapes that workloads share, as plain manifests. Functions only: a component reads like the object it makes."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

import labels

#: The user of the Thanos image. Spelt out, so that `runAsNonRoot` holds for any image.
USER = 1001
#: A pod that is asked to stop still gets requests until every node has heard of it.
DRAIN_SECONDS = 10
#: The drain, and Thanos's own two minutes for requests in flight.
STATELESS_GRACE_SECONDS = 150


class ContainerResources(TypedDict):
    """What one container requests; CPU is not limited."""

    cpu: str
    """Kubernetes quantity, e.g. 500m."""
    memory: str
    """Kubernetes quantity, e.g. 2Gi."""
    memory_limit: str | None
    """The request, if null."""


class InternalLoadBalancer(TypedDict):
    """An internal load balancer in front of a Service."""

    hostname: str
    """The name under which others reach it."""
    annotations: NotRequired[dict[str, str]]
    """What the load balancer's controller wants beyond the defaults."""


def metadata(name: str, namespace: pulumi.Input[str], component: str, instance: str, **more: object) -> dict:
    """Fixed name, namespace and recommended labels."""
    return {"name": name, "namespace": namespace, "labels": labels.recommended(component, instance), **more}


def pod_template(component: str, instance: str, containers: list[dict], **spec: object) -> dict:
    """A pod that passes the `restricted` Pod Security Standard and has no token of the API server.

    A token for an IAM role is projected by EKS on its own and is not affected.
    """
    return {
        "metadata": {"labels": labels.recommended(component, instance)},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "topologySpreadConstraints": [
                _spread(component, instance, "kubernetes.io/hostname", "DoNotSchedule"),
                _spread(component, instance, "topology.kubernetes.io/zone", "ScheduleAnyway"),
            ],
            "containers": containers,
            **spec,
        },
    }


def container(
    name: str, image: str, args: list[str], ports: dict[str, int], resources: ContainerResources, **more: object
) -> dict:
    """A Thanos container with probes on its `http` port. `ports` maps names to numbers."""
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": args,
        "ports": [{"name": port, "containerPort": number} for port, number in ports.items()],
        "resources": {
            "requests": {"cpu": resources["cpu"], "memory": resources["memory"]},
            "limits": {"memory": resources.get("memory_limit") or resources["memory"]},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "readinessProbe": _probe("/-/ready", period=5, failures=3),
        "livenessProbe": _probe("/-/healthy", period=10, failures=6),
        **more,
    }


def startup_probe(*, seconds: int) -> dict:
    """Holds the other probes back until the process is ready, for at most `seconds`."""
    return _probe("/-/ready", period=5, failures=seconds // 5)


def drain() -> dict:
    """A pause before SIGTERM. The kubelet does it: the image has no shell and no `sleep`."""
    return {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}}


def disruption_budget(
    name: str,
    namespace: pulumi.Input[str],
    component: str,
    instance: str,
    max_unavailable: int,
    opts: pulumi.ResourceOptions,
) -> k8s.policy.v1.PodDisruptionBudget:
    """Lets a drain of nodes take at most `max_unavailable` pods at a time."""
    return k8s.policy.v1.PodDisruptionBudget(
        name,
        metadata=metadata(name, namespace, component, instance),
        spec={"maxUnavailable": max_unavailable, "selector": {"matchLabels": labels.selector(component, instance)}},
        opts=opts,
    )


def service(
    name: str,
    namespace: pulumi.Input[str],
    component: str,
    instance: str,
    ports: dict[str, int],
    load_balancer: InternalLoadBalancer | None,
    opts: pulumi.ResourceOptions,
) -> k8s.core.v1.Service:
    """A Service with a cluster IP and, if asked for, an internal load balancer."""
    more = {}
    if load_balancer:
        more["annotations"] = {
            # Two controllers, two spellings; one that knows neither would open remote write to the internet.
            "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
            "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
            "external-dns.alpha.kubernetes.io/hostname": load_balancer["hostname"],
            **(load_balancer.get("annotations") or {}),
        }
    return k8s.core.v1.Service(
        name,
        metadata=metadata(name, namespace, component, instance, **more),
        spec={
            "type": "LoadBalancer" if load_balancer else "ClusterIP",
            "selector": labels.selector(component, instance),
            "ports": service_ports(ports),
        },
        opts=opts,
    )


def service_ports(ports: dict[str, int]) -> list[dict]:
    """Service ports that lead to the container ports of the same names."""
    return [{"name": name, "port": number, "targetPort": name} for name, number in ports.items()]


def host(service: k8s.core.v1.Service, load_balancer: InternalLoadBalancer | None) -> pulumi.Output[str]:
    """The name under which a Service is reached: from anywhere by its load balancer, else from inside the cluster."""
    if load_balancer:
        return pulumi.Output.from_input(load_balancer["hostname"])
    return pulumi.Output.concat(service.metadata["name"], ".", service.metadata["namespace"], ".svc")


def _probe(path: str, *, period: int, failures: int) -> dict:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": period,
        "timeoutSeconds": 3,
        "failureThreshold": failures,
    }


def _spread(component: str, instance: str, topology_key: str, when_unsatisfiable: str) -> dict:
    return {
        "maxSkew": 1,
        "topologyKey": topology_key,
        "whenUnsatisfiable": when_unsatisfiable,
        "labelSelector": {"matchLabels": labels.selector(component, instance)},
    }
