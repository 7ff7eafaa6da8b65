"""NetworkPolicies: in this namespace nobody talks to anybody, but for the given paths.

A connection needs both ends: the policy of its source lets it out, that of its target lets it in.
"""

from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s

import labels

from ._manifest import Manifest, verbatim

COMPONENT = "network-policies"
DEFAULT = "default-deny"


class NetworkPath(TypedDict):
    """A connection that is allowed."""

    source: str | None
    """The workload that connects; null: any address."""
    target: str | None
    """The workload that it connects to; null: any address."""
    ports: list[int]
    """Ports of the target's pods."""
    protocol: str
    """TCP or UDP."""


class NetworkPoliciesArgs(TypedDict):
    """Who is in the namespace, and who talks to whom."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace."""
    workloads: dict[str, dict[str, str]]
    """The labels that find each workload's pods, by the name that paths know it by."""
    paths: list[NetworkPath]
    """All that is allowed."""


class NetworkPolicies(pulumi.ComponentResource):
    """A policy that refuses everything to every pod, and one for each workload with exactly its paths."""

    names: pulumi.Output[list[str]]
    """The policies."""

    def __init__(self, name: str, args: NetworkPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:NetworkPolicies", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        workloads, paths = args["workloads"], args["paths"]
        if unknown := {end for path in paths for end in (path["source"], path["target"]) if end} - {*workloads}:
            raise ValueError(f"a path has {', '.join(sorted(unknown))}, and the workloads are {', '.join(workloads)}")

        specs = {DEFAULT: _spec({})}
        for workload, pods in workloads.items():
            let_in = [_rule("from", path["source"], path, workloads) for path in paths if path["target"] == workload]
            let_out = [_rule("to", path["target"], path, workloads) for path in paths if path["source"] == workload]
            specs[workload] = _spec(pods, ingress=let_in, egress=let_out)
        policies = [self._policy(name, stem, args["namespace"], spec, child) for stem, spec in specs.items()]

        self.names = pulumi.Output.all(*(policy.metadata["name"] for policy in policies))
        self.register_outputs({"names": self.names})

    def _policy(
        self, name: str, stem: str, namespace: pulumi.Input[str], spec: Manifest, child: pulumi.ResourceOptions
    ) -> k8s.networking.v1.NetworkPolicy:
        policy_name = labels.safe_name(name, stem, limit=labels.SERVICE_NAME)
        return k8s.networking.v1.NetworkPolicy(
            policy_name,
            metadata={
                "name": policy_name,
                "namespace": namespace,
                "labels": labels.recommended(COMPONENT, name),
            },
            spec=verbatim(spec),
            opts=child,
        )


def _spec(pods: dict[str, str], **rules: list[Manifest]) -> Manifest:
    """A policy for the pods with these labels; none: for all. What no rule has is refused, in both directions."""
    return {
        "podSelector": {"matchLabels": pods} if pods else {},
        "policyTypes": ["Ingress", "Egress"],
        **{direction: found for direction, found in rules.items() if found},
    }


def _rule(direction: str, peer: str | None, path: NetworkPath, workloads: dict[str, dict[str, str]]) -> Manifest:
    ports = [{"protocol": path["protocol"], "port": int(port)} for port in path["ports"]]
    if peer is None:
        return {"ports": ports}
    return {direction: [{"podSelector": {"matchLabels": workloads[peer]}}], "ports": ports}
