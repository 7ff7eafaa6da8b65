"""ArgoCd: has Argo CD put the agent on each edge.

Argo CD itself is there already, in the cluster of the stack.
"""

from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s

import labels
from render import argo_cd

from ._edges import EdgeApiServer
from ._manifest import given, output


class AgentEdge(TypedDict):
    """A cluster that gets an agent."""

    name: str
    """Name of the edge, and of its cluster in Argo CD."""
    values: str
    """Values of kube-prometheus-stack, as YAML. No secret may be in them."""
    api_server: EdgeApiServer | None
    """Null: somebody else registers the cluster with Argo CD."""
    credential: pulumi.Input[str] | None
    """The bearer token with which Argo CD comes to that API server."""


class ArgoCdArgs(TypedDict):
    """Which edges there are, and where Argo CD is."""

    argo_cd_namespace: pulumi.Input[str]
    """Where Argo CD is."""
    project: str
    """The AppProject of the Applications."""
    generator: str
    """applicationSet: one, which makes an Application of each labelled cluster; applications: each is made here."""
    agent_namespace: str
    """Where the agent lives on each edge."""
    edges: list[AgentEdge]
    """All of them."""


class ArgoCd(pulumi.ComponentResource):
    """Cluster Secrets of Argo CD, and an ApplicationSet or an Application for each edge."""

    applications: pulumi.Output[list[str]]
    """What was made for Argo CD, in kubectl's words: applicationset/name, or application/name for each edge."""

    def __init__(self, name: str, args: ArgoCdArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:ArgoCd", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        clusters = {
            edge["name"]: self._cluster(name, edge, server, args, child)
            for edge in args["edges"]
            if (server := edge.get("api_server"))
        }
        if args["generator"] == "applicationSet":
            made = [self._application_set(name, args, list(clusters.values()), child)]
        else:
            made = [self._application(name, edge, args, clusters.get(edge["name"]), child) for edge in args["edges"]]
        self.applications = pulumi.Output.all(
            *[
                pulumi.Output.concat(output(found, "kind"), "/", output(found, "metadata")["name"]).apply(str.lower)
                for found in made
            ]
        )
        self.register_outputs({"applications": self.applications})

    def _cluster(
        self, name: str, edge: AgentEdge, server: EdgeApiServer, args: ArgoCdArgs, child: pulumi.ResourceOptions
    ) -> k8s.core.v1.Secret:
        own_name = labels.safe_name(name, edge["name"], limit=labels.CONFIG_NAME)
        credential = given(edge["credential"], f"edge {edge['name']}: api_server is set, and credential is null")
        content = pulumi.Output.secret(credential).apply(
            lambda token: argo_cd.cluster(edge["name"], server["server"], server["ca_data"], token)
        )
        return k8s.core.v1.Secret(
            own_name,
            metadata={
                "name": own_name,
                "namespace": args["argo_cd_namespace"],
                "labels": {**labels.OURS, **argo_cd.SECRET_TYPE, argo_cd.EDGE_LABEL: edge["name"]},
            },
            type="Opaque",
            string_data=content,
            opts=child,
        )

    def _application_set(
        self, name: str, args: ArgoCdArgs, clusters: list[pulumi.Resource], child: pulumi.ResourceOptions
    ) -> k8s.apiextensions.CustomResource:
        # Its Applications must not have the names of those that are made here: changed for the other generator, the set
        # would take them along when it goes.
        stem = labels.safe_name(name, "agents", limit=labels.SERVICE_NAME)
        values = {edge["name"]: edge["values"] for edge in args["edges"]}
        return k8s.apiextensions.CustomResource(
            stem,
            api_version=argo_cd.API_VERSION,
            kind="ApplicationSet",
            metadata={"name": stem, "namespace": args["argo_cd_namespace"], "labels": labels.OURS},
            spec=argo_cd.application_set(stem, values, project=args["project"], namespace=args["agent_namespace"]),
            opts=_after(clusters, child),
        )

    def _application(
        self,
        name: str,
        edge: AgentEdge,
        args: ArgoCdArgs,
        cluster: pulumi.Resource | None,
        child: pulumi.ResourceOptions,
    ) -> k8s.apiextensions.CustomResource:
        own_name = labels.safe_name(name, edge["name"], limit=labels.CONFIG_NAME)
        made = argo_cd.application(
            edge["name"],
            edge["name"],
            values=edge["values"],
            project=args["project"],
            namespace=args["agent_namespace"],
        )
        return k8s.apiextensions.CustomResource(
            own_name,
            api_version=argo_cd.API_VERSION,
            kind="Application",
            metadata={"name": own_name, "namespace": args["argo_cd_namespace"], "labels": made["labels"]},
            spec=made["spec"],
            opts=_after([cluster] if cluster else [], child),
        )


def _after(clusters: list[pulumi.Resource], child: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """Made after the clusters that it goes to, and deleted before them."""
    return pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=clusters))
