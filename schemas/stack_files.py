"""The JSON schema of Pulumi.<stack>.yaml: our settings from their models, our secrets, and what the program asks of
others' keys.
"""

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaValue

import stack_file
from schemas import models
from settings import GlobalSettings, RegionSettings
from settings.errors import PREFIX

KINDS: dict[str, type[BaseModel]] = {"region": RegionSettings, "global": GlobalSettings}
_TEXT: JsonSchemaValue = {"type": "string"}
_PROVIDERS: dict[str, JsonSchemaValue] = {
    "kubernetes:context": {
        **_TEXT,
        "minLength": 1,
        "description": "the context of the stack's cluster in the kubeconfig; the current one is never used",
    },
    "aws:region": {**_TEXT, "minLength": 1, "description": "the AWS region of the buckets"},
    "aws:allowedAccountIds": {
        "type": "array",
        "items": {**_TEXT, "pattern": "^[0-9]{12}$"},
        # Not in _REQUIRED, which knows nothing of the exemption.
        "description": "the AWS accounts that may be changed; required of a region, unless "
        "aws:skipRequestingAccountId is set; in quotes, because a number loses its leading zeros",
    },
    "pulumi:disable-default-providers": {
        "type": "array",
        "items": _TEXT,
        "contains": {"enum": ["kubernetes", "*"]},
        "description": "[kubernetes]: what names no cluster is refused, and never lands in the one that is current",
    },
}
_EVERYWHERE = ["pulumi:disable-default-providers", "kubernetes:context"]
_REQUIRED = {"region": [*_EVERYWHERE, "aws:region"], "global": _EVERYWHERE}
_REFERENCE_TO_SECRET: JsonSchemaValue = {"$ref": models.REFERENCE.format(model="secret")}
_SECRET: JsonSchemaValue = {
    "type": "object",
    "description": "written by `pulumi config set --secret`",
    "properties": {"secure": _TEXT},
    "required": ["secure"],
    "additionalProperties": False,
}
_SECRETS = {
    "objectStoreAccessKey": "access key of a store that knows no IAM roles; with objectStoreSecretKey or not at all",
    "objectStoreSecretKey": "the other half of objectStoreAccessKey",
    "redisPassword": "of the Redis in caches.redis",
    stack_file.EDGE_CREDENTIALS: "bearer tokens for the API servers of edges: one for each edge with an apiServer, "
    f"set by `pulumi config set --secret --path {stack_file.EDGE_CREDENTIALS}.<edge>`",
    stack_file.GRAFANA_SECRET: "by which the provider in grafana.oidc knows Grafana",
}


def schema() -> JsonSchemaValue:
    """Draft 2020-12. Rules between settings are not in it: those are the program's (settings/)."""
    definitions = models.definitions(*KINDS.values())
    configs = {kind: _config(kind, definitions.pop(model.__name__)) for kind, model in KINDS.items()}
    return {
        "$schema": models.DIALECT,
        "title": "Stack file",
        "description": "Pulumi.<stack>.yaml: what differs between stacks. This knows each setting by itself; rules "
        "between settings, and bounds of sizes and durations, are checked by every preview.",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {f"{PREFIX}kind": {"enum": list(KINDS), "description": "what the stack is"}},
                "required": [f"{PREFIX}kind"],
                "if": {"properties": {f"{PREFIX}kind": {"const": "global"}}},
                "then": {"$ref": models.REFERENCE.format(model="global")},
                "else": {"$ref": models.REFERENCE.format(model="region")},
            },
            "environment": {"description": "environments of Pulumi ESC"},
            "secretsprovider": {**_TEXT, "description": "who encrypts the secrets; written by Pulumi"},
            "encryptionsalt": {**_TEXT, "description": "written by Pulumi, with a passphrase"},
            "encryptedkey": {**_TEXT, "description": "written by Pulumi, with a key of a cloud"},
        },
        "required": ["config"],
        "additionalProperties": False,
        "$defs": {**configs, "secret": _SECRET, **definitions},
    }


def _config(kind: str, model: JsonSchemaValue) -> JsonSchemaValue:
    own = {f"{PREFIX}{key}": value for key, value in model["properties"].items()}
    return {
        "type": "object",
        "description": model["description"],
        "properties": {**_PROVIDERS, **own, **{f"{PREFIX}{key}": _secret(key) for key in stack_file.SECRETS}},
        # Other keys of providers are theirs.
        "patternProperties": {f"^(?!{PREFIX})[^:]+:.": True},
        "required": [*_REQUIRED[kind], *(f"{PREFIX}{key}" for key in model["required"])],
        "additionalProperties": False,
    }


def _secret(key: str) -> JsonSchemaValue:
    said = {"description": _SECRETS[key]}
    if key != stack_file.EDGE_CREDENTIALS:
        return {**_REFERENCE_TO_SECRET, **said}
    each: JsonSchemaValue = {"type": "object", "additionalProperties": _REFERENCE_TO_SECRET}
    return {"anyOf": [_REFERENCE_TO_SECRET, each], **said}
