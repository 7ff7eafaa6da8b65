"""What holds of single objects: labels and tags, load balancers, secrets, what is there to stay."""

import json
import re
from collections.abc import Iterator, Mapping

import labels
from policy.pods import containers
from policy.resources import UNKNOWN, Resource, at
from render import Document, Json

_INTERNAL = {
    "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
}
_TAGGED = ("aws:s3/bucket:Bucket", "aws:iam/role:Role")
_CLAIMS = "spec.volumeClaimTemplates"
#: What data is in, or goes with: to delete or replace one is for a person to decide. Types as the engine has them.
STATEFUL = (
    "aws:s3/bucket:Bucket",
    "aws:iam/role:Role",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:core/v1:Namespace",
    "kubernetes:core/v1:PersistentVolume",
    "kubernetes:core/v1:PersistentVolumeClaim",
)
#: On a Kubernetes object: whoever wrote this means that it may be deleted and made anew.
REPLACEABLE = "observability/replaceable"
#: What looks like a key, a password or a token.
KEYS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\b(gh[pousr]_|glsa_|glc_|xox[abpr]-)[A-Za-z0-9_-]{16,}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."
    r"|\b(Bearer|Basic) [A-Za-z0-9+/._=-]{16,}"
    # A long value of its own right behind the name; not a file, a reference or a template.
    r"|(?i:password|passwd|secret_?key|access_?key|api_?key|token)[\"']?\s*[=:]\s*[\"']?[A-Za-z0-9+]{20,}"
)
_SECRET_NAME = re.compile(r"(PASSWORD|PASSWD|SECRET|TOKEN|_KEY)$")


def everything_is_labelled(resource: Resource) -> Iterator[str]:
    if resource.type.startswith("kubernetes:"):
        given = at(resource.properties, "metadata", "labels", default={})
        for key, value in labels.OURS.items():
            if given.get(key) not in (value, UNKNOWN):
                yield f"the label {key}={value} is missing"
    if resource.type in _TAGGED:
        given = at(resource.properties, "tags", default={})
        for key in labels.aws_tags("", ""):
            if not given.get(key):
                yield f"the tag {key} is missing"


def only_the_gateway_faces_the_world(resource: Resource) -> Iterator[str]:
    if not resource.type.startswith("kubernetes:") or resource.kind != "Service":
        return
    if at(resource.properties, "spec", "externalIPs"):
        yield "the Service takes addresses of the outside (externalIPs)"
    if at(resource.properties, "spec", "type") != "LoadBalancer":
        return
    metadata = at(resource.properties, "metadata", default={})
    internal = at(metadata, "annotations", default={}).items() & _INTERNAL.items()
    if not internal and at(metadata, "labels", "app.kubernetes.io/component") != "gateway":
        yield "the load balancer is open to the world, and behind it nobody is asked for a token"


def secrets_stay_in_secrets(resource: Resource) -> Iterator[str]:
    """Tells where, never what."""
    if not resource.native or resource.type == "kubernetes:core/v1:Secret":
        return
    for path in resource.secrets:
        yield f"{path} holds a secret"
    for path, text in _texts(resource.properties):
        if KEYS.search(text):
            yield f"{path} holds what looks like a key, a password or a token"
    for container in containers(resource):
        for variable in at(container, "env", default=[]):
            if _SECRET_NAME.search(at(variable, "name", default="")) and variable.get("value"):
                yield f"the variable {variable['name']} of the container {at(container, 'name')!r} is spelt out"


def _texts(value: Json, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, value


def what_has_state_stays(resource: Resource, config: Mapping[str, str]) -> Iterator[str]:
    """The engine shows a policy what is wanted, never the step: a replacement itself cannot be seen here."""
    if resource.type == "aws:s3/bucket:Bucket" and at(resource.properties, "forceDestroy"):
        if not object_store(config).get("forceDestroy"):
            yield "a destroy would delete the bucket with all that is in it"
        return
    if not resource.type.startswith("kubernetes:") or resource.kind not in ("StatefulSet", "PersistentVolumeClaim"):
        return
    if at(resource.properties, "metadata", "annotations", REPLACEABLE) == "true":
        return
    if resource.deletes_first:
        yield "a replacement would delete it before there is another"
    spec = at(resource.properties, "spec", default={})
    if resource.kind == "StatefulSet" and at(spec, "volumeClaimTemplates"):
        if _CLAIMS not in resource.ignore_changes:
            yield "another size of its volumes would replace it, and stop all its pods at once"
        for when, then in at(spec, "persistentVolumeClaimRetentionPolicy", default={}).items():
            if then not in ("Retain", UNKNOWN):
                yield f"its volumes go with it ({when}: {then})"


def object_store(config: Mapping[str, str]) -> Document:
    """The stack file's settings of the bucket."""
    return json.loads(config.get("observability:objectStore") or "{}")
