"""The cluster and the namespace that a stack deploys into."""

from collections.abc import Sequence
from typing import Any, cast

import pulumi
import pulumi_kubernetes as k8s

import labels
from settings import Tls
from settings.base import UNCHECKED, Issuer

#: Above what runs beside the stack (0), below the cluster's own (2 billion).
WRITE_PRIORITY, READ_PRIORITY = 1_000_000, 900_000


def connect(parent: pulumi.Resource, cluster_id: str) -> k8s.Provider:
    """The provider for `kubernetes:context`, which has proven to lead to the cluster `cluster_id`, if that is a UID.

    By the UID the cluster stays the same one when its context or address is renamed, and another one replaces all.

    ConfigMaps and Secrets change in place: their readers reload them, and a replacement would take the old one away
    first. Claims outlive the pods that are scaled away; when they are wanted again they are there already, and are
    taken over.
    """
    return k8s.Provider(
        "cluster",
        context=pulumi.Config("kubernetes").require("context"),
        cluster_identifier=None if cluster_id == UNCHECKED else cluster_id,
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        upsert_existing_objects=True,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def namespace(name: str, *, protect: bool, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Makes the namespace, which admits only pods of the `restricted` Pod Security Standard; returns its name.

    Whoever deletes it deletes all that is in it, claims included: `protect` has Pulumi refuse that.
    """
    made = k8s.core.v1.Namespace(
        name,
        metadata={
            "name": name,
            "labels": {**labels.OURS, **labels.POD_SECURITY},
        },
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=protect)),
    )
    return made.metadata["name"]


def priority_class(stack: str, path: str, value: int, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Makes a PriorityClass; returns its name. Such classes belong to no namespace, so the stack is in the name.

    Who is short of memory evicts the reader before the writer: a question can be asked again, a sample not.
    """
    made = k8s.scheduling.v1.PriorityClass(
        f"{stack}-{path}",
        metadata={"name": f"{stack}-{path}", "labels": labels.OURS},
        value=value,
        description=f"The {path.replace('-', ' ')} of the observability stack {stack}",
        opts=opts,
    )
    return made.metadata["name"]


def grpc_tls(
    stack: str, tls: Tls | None, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> dict[str, pulumi.Input[str]] | None:
    """What components are told of TLS; makes cert-manager's order for the certificate if there is an issuer.

    One certificate serves all: every endpoint is a server and a client, and is asked for the same name. The issuer must
    be of a private authority, the same one in every stack: public ones neither know such names nor fill in ca.crt.
    """
    if not tls:
        return None
    secret: pulumi.Input[str] = tls.secret_name
    if tls.issuer:
        usages = ["digital signature", "server auth", "client auth"]
        secret = certificate(f"{stack}-grpc", tls.secret_name, tls.issuer, [tls.server_name], usages, namespace, opts)
    return {"secret": secret, "server_name": tls.server_name}


def certificate(
    name: str,
    secret: str,
    issuer: Issuer,
    dns_names: Sequence[pulumi.Input[str]],
    usages: list[str],
    namespace: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Makes cert-manager's order for a certificate; returns the name of the Secret that it will be in.

    Where cert-manager is not installed this fails at once, and no pod waits for a Secret that nobody makes.
    """
    order = k8s.apiextensions.CustomResource(
        name,
        api_version="cert-manager.io/v1",
        kind="Certificate",
        metadata={"name": name, "namespace": namespace, "labels": labels.recommended("certificate", name)},
        spec={
            "secretName": secret,
            "dnsNames": dns_names,
            "usages": usages,
            # Its readers read a renewed certificate again: Thanos at the next handshake, Envoy at once.
            "privateKey": {"algorithm": "ECDSA", "rotationPolicy": "Always"},
            "issuerRef": {"group": "cert-manager.io", "kind": issuer.kind, "name": issuer.name},
        },
        opts=opts,
    )
    # The SDK's types know no properties of a kind that is not Kubernetes's own.
    return cast("Any", order).spec["secretName"]
