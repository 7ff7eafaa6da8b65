"""Names and labels that every object carries. Pure."""

#: On every object.
OURS = {"app.kubernetes.io/part-of": "observability", "app.kubernetes.io/managed-by": "pulumi"}
#: The Pod Security Standard of our namespaces, and the Kubernetes release whose rules are meant.
POD_SECURITY = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/enforce-version": "v1.34",
}

#: Limits in characters, with who sets them.
SERVICE_NAME = 63  # a DNS label
CONFIG_NAME = 253  # of a ConfigMap or Secret: a DNS subdomain
STATEFUL_SET_NAME = 52  # its pods carry the label controller-revision-hash = name + 11 characters
IAM_ROLE_NAME = 56  # 64, less the suffix of 8 that makes it unique
BUCKET_NAME = 63


def selector(component: str, instance: str, app: str = "thanos") -> dict[str, str]:
    """The labels that find the pods of one component; they can never change once deployed."""
    return {
        "app.kubernetes.io/name": app,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/instance": instance,
    }


def recommended(component: str, instance: str, app: str = "thanos") -> dict[str, str]:
    """The selector and what else Kubernetes recommends."""
    return {**selector(component, instance, app), **OURS}


def aws_tags(region: str, purpose: str) -> dict[str, str]:
    """Tags of AWS resources, beside the provider's default tags; a bill can be split by them."""
    return {"observability:region": region, "observability:purpose": purpose}


def safe_name(*parts: str, limit: int) -> str:
    """Joins parts by hyphens.

    ValueError if the result is longer than `limit` characters: a shortened name could be another's.
    """
    name = "-".join(parts)
    if len(name) > limit:
        raise ValueError(f"the name {name!r} has {len(name)} characters, and {limit} are allowed here")
    return name
