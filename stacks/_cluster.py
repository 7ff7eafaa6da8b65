"""The cluster and the namespace that a stack deploys into."""

import pulumi
import pulumi_kubernetes as k8s

import labels


def connect(parent: pulumi.Resource) -> k8s.Provider:
    """The provider for `kubernetes:context`.

    ConfigMaps change in place: their readers reload them, and a replacement would take the old one away first.
    """
    return k8s.Provider(
        "cluster",
        context=pulumi.Config("kubernetes").require("context"),
        enable_config_map_mutable=True,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def namespace(name: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Makes the namespace, which admits only pods of the `restricted` Pod Security Standard; returns its name."""
    made = k8s.core.v1.Namespace(
        name,
        metadata={
            "name": name,
            "labels": {**labels.OURS, **labels.POD_SECURITY},
        },
        opts=opts,
    )
    return made.metadata["name"]
