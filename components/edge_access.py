"""EdgeAccess: gives an edge the token with which it writes to the region.

What is put on an edge is left there when the edge is removed: its API server may be gone, and the token is worth
nothing once the region does not take it. docs/edges.md tells how to remove it.
"""

import base64
from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s

import labels
from render import kubeconfig
from render.agent import CA_KEY, SECRET, TOKEN_KEY

from ._edges import EdgeApiServer


class EdgeAccessArgs(TypedDict):
    """Where the edge is, and what it gets."""

    edge: str
    """Name of the edge."""
    api_server: EdgeApiServer
    """Where its API server is."""
    credential: pulumi.Input[str]
    """A bearer token for that API server: may get, create and patch namespaces and secrets."""
    agent_namespace: str
    """Where the agent lives; made unless it is there."""
    token: pulumi.Input[str]
    """The token for remote write."""
    ca: str | None
    """PEM of the authority that the agent shall trust; null: those of its system."""


class EdgeAccess(pulumi.ComponentResource):
    """A provider for the edge's cluster, and in that the agent's namespace and Secret."""

    secret: pulumi.Output[str]
    """Name of the Secret."""

    def __init__(self, name: str, args: EdgeAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:EdgeAccess", name, {}, opts)
        there = pulumi.ResourceOptions(parent=self, provider=self._connect(name, args), retain_on_delete=True)

        # No label of Pod Security: node-exporter needs hostNetwork and so `privileged`, which is what Kubernetes allows
        # by default. Whoever forbids it on their cluster shall not find it allowed by us.
        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace", metadata={"name": args["agent_namespace"], "labels": labels.OURS}, opts=there
        )
        content = {TOKEN_KEY: pulumi.Output.secret(args["token"])}
        if ca := args.get("ca"):
            content[CA_KEY] = pulumi.Output.from_input(ca)
        secret = k8s.core.v1.Secret(
            f"{name}-remote-write",
            metadata={"name": SECRET, "namespace": namespace.metadata["name"], "labels": labels.OURS},
            type="Opaque",
            # Not `stringData`: a key that is left out of that stays.
            data={key: value.apply(_base64) for key, value in content.items()},
            opts=there,
        )
        self.secret = secret.metadata["name"]
        self.register_outputs({"secret": self.secret})

    def _connect(self, name: str, args: EdgeAccessArgs) -> k8s.Provider:
        server = args["api_server"]
        return k8s.Provider(
            name,
            kubeconfig=pulumi.Output.secret(args["credential"]).apply(
                lambda token: kubeconfig.document(args["edge"], server["server"], server["ca_data"], token)
            ),
            # The edge stays the same one when its API server gets another address or authority.
            cluster_identifier=args["edge"],
            # A replacement would take the token away first.
            enable_secret_mutable=True,
            upsert_existing_objects=True,
            # An edge that is away keeps its token, and does not hold up the region; the next `up` tries again.
            skip_update_unreachable=True,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
