"""What holds of single objects: labels and tags, load balancers, secrets, what is there to stay."""

import json
import re
from collections.abc import Iterator, Mapping

from pydantic import TypeAdapter, ValidationError

import labels
from policy.pods import containers
from policy.resources import UNKNOWN, Resource, at, known
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
    r"|(?i:password|passwd|secret_?key|access_?key|api_?key|token)[\"']?\s*[=:]\s*[\"']?[A-Za-z0-9+][A-Za-z0-9+/]{19,}"
    # A password in a URL.
    r"|://[^/\s:@]*:[^/\s@${]+@"
)
_SECRET_NAME = re.compile(r"(PASSWORD|PASSWD|SECRET|TOKEN|_KEY)$")
#: In lower case, so that no key in base64 looks like one.
_PATH = re.compile(r"(/[a-z0-9._-]+)+")
#: As the settings read one: "no" and "false" are false.
_BOOLEAN = TypeAdapter(bool)


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
    if not resource.type.startswith("kubernetes:"):
        return
    if resource.kind == "Ingress":
        yield "an Ingress leads past the gateway"
    if resource.kind == "Service":
        yield from _external(resource)
        yield from _open(resource)


@known
def _external(resource: Resource) -> Iterator[str]:
    if at(resource.properties, "spec", "externalIPs"):
        yield "the Service takes addresses of the outside (externalIPs)"


@known
def _open(resource: Resource) -> Iterator[str]:
    if at(resource.properties, "spec", "type") != "LoadBalancer":
        return
    # By whom it leads to: its own labels may say anything.
    if at(resource.properties, "spec", "selector", "app.kubernetes.io/component") == "gateway":
        return
    annotations = at(resource.properties, "metadata", "annotations", default={})
    # Which of the two counts is up to the controller.
    given = {key: at(annotations, key) for key in _INTERNAL if key in annotations}
    if not given or not given.items() <= _INTERNAL.items():
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
        yield from _spelt_out(container)


@known
def _spelt_out(container: Document) -> Iterator[str]:
    for variable in at(container, "env", default=[]):
        value = variable.get("value")
        if _SECRET_NAME.search(at(variable, "name", default="")) and value and not _PATH.fullmatch(value):
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
        if not bucket_setting(config, "forceDestroy"):
            yield "a destroy would delete the bucket with all that is in it"
        return
    if not resource.type.startswith("kubernetes:") or resource.kind not in ("StatefulSet", "PersistentVolumeClaim"):
        return
    yield from _claims_go(resource)
    if at(resource.properties, "metadata", "annotations", REPLACEABLE) == "true":
        return
    if resource.deletes_first:
        yield "a replacement would delete it before there is another"
    claims = resource.kind == "StatefulSet" and at(resource.properties, "spec", "volumeClaimTemplates")
    if claims and _CLAIMS not in resource.ignore_changes:
        yield "another size of its volumes would replace it, and stop all its pods at once"


@known
def _claims_go(resource: Resource) -> Iterator[str]:
    for when, then in at(resource.properties, "spec", "persistentVolumeClaimRetentionPolicy", default={}).items():
        if then not in ("Retain", UNKNOWN):
            yield f"its volumes go with it ({when}: {then})"


def bucket_setting(config: Mapping[str, str], name: str) -> bool:
    """Whether the stack file switches it on; what the settings would refuse switches nothing on."""
    try:
        return _BOOLEAN.validate_python(json.loads(config.get("observability:objectStore") or "{}").get(name))
    except ValidationError:
        return False
