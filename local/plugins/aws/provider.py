"""The engine's operations over the table of types. Only create, update, read and delete reach the emulator."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from pulumi.provider.experimental import provider as p

from local.plugins.aws import iam, kms, s3
from local.plugins.aws.clients import Clients, Settings, error_code, read_settings
from local.plugins.aws.naming import Name
from local.plugins.aws.properties import Properties, complete, difference, refreshed, same, written
from local.plugins.serving import RefusedError, token
from local.plugins.values import UNKNOWN, has_unknown, plain_map, wrap_map


class Type(Protocol):
    """One resource type.

    `wanted` and `state` are complete: inputs with defaults, `region` and `tagsAll`. `computed` names the outputs that
    are unknown before the object exists. Deleting what is gone already is no error.
    """

    token: str
    properties: Properties
    name: Name | None
    computed: tuple[str, ...]

    def create(self, clients: Clients, wanted: dict[str, Any]) -> str:
        """Makes the object and gives its id."""

    def read(self, clients: Clients, id: str, state: Mapping[str, Any]) -> dict[str, Any] | None:
        """The properties and outputs that can be read, or None if the object is gone."""

    def update(self, clients: Clients, id: str, old: Mapping[str, Any], wanted: dict[str, Any]) -> None: ...

    def delete(self, clients: Clients, id: str, state: Mapping[str, Any]) -> None: ...


TYPES: dict[str, Type] = {kind.token: kind for kind in (*s3.TYPES, *iam.TYPES, *kms.TYPES)}


WHO = "aws:index/getCallerIdentity:getCallerIdentity"


class AwsProvider(p.Provider):
    def __init__(self) -> None:
        self.clients = Clients(Settings())

    async def configure(self, request: p.ConfigureRequest) -> p.ConfigureResponse:
        self.clients = Clients(read_settings(plain_map(request.args)))
        if allowed := self.clients.settings.allowed_accounts:
            account = (await _call(self.clients.sts().get_caller_identity))["Account"]
            if account not in allowed:
                raise RefusedError(f"AWS account ID not allowed: {account}")
        # Without "accept outputs": the server cannot read an unknown value in that form.
        return p.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: p.CheckRequest) -> p.CheckResponse:
        kind = _type(token(request.urn))
        inputs = {key: value for key, value in plain_map(request.new_inputs).items() if value is not None}
        failures = _failures(kind, inputs)
        if kind.name:
            old = plain_map(request.old_inputs)
            inputs[kind.name.property] = kind.name.choose(inputs, old, request.name, request.random_seed)
        return p.CheckResponse(wrap_map(inputs, request.new_inputs), failures)

    async def diff(self, request: p.DiffRequest) -> p.DiffResponse:
        kind = _type(token(request.urn))
        wanted = self._wanted(kind, plain_map(request.new_inputs))
        return difference(
            kind.properties, plain_map(request.old_state), wanted, kind.name.property if kind.name else None
        )

    async def create(self, request: p.CreateRequest) -> p.CreateResponse:
        kind = _type(token(request.urn))
        wanted = self._wanted(kind, plain_map(request.properties))
        if request.preview:
            state = {**wanted, **dict.fromkeys(kind.computed, UNKNOWN)}
            return p.CreateResponse("", wrap_map(state, request.properties))
        resource_id = await _call(kind.create, self.clients, wanted)
        state = await self._after_write(kind, resource_id, wanted)
        return p.CreateResponse(resource_id, wrap_map(state, request.properties))

    async def update(self, request: p.UpdateRequest) -> p.UpdateResponse:
        kind = _type(token(request.urn))
        old, wanted = plain_map(request.olds), self._wanted(kind, plain_map(request.news))
        if request.preview:
            return p.UpdateResponse(wrap_map({**old, **wanted}, request.news))
        await _call(kind.update, self.clients, request.resource_id, old, wanted)
        state = await self._after_write(kind, request.resource_id, wanted)
        return p.UpdateResponse(wrap_map(state, request.news))

    async def read(self, request: p.ReadRequest) -> p.ReadResponse:
        kind = _type(token(request.urn))
        state, inputs = plain_map(request.properties), plain_map(request.inputs)
        known = state or self._wanted(kind, {})
        live = await _call(kind.read, self.clients, request.resource_id, known)
        if live is None:
            return p.ReadResponse("")
        if "tagsAll" in live:
            live["tags"] = self._own_tags(live["tagsAll"], known.get("tags") or {})
        result = refreshed(kind.properties, known, live)
        defaults = self._wanted(kind, {})
        seen = {
            key: result[key]
            for key in kind.properties
            if key != "tagsAll" and key in result and (key in inputs or result[key] != defaults.get(key, result[key]))
        }
        secrets = (request.properties, request.inputs)
        return p.ReadResponse(request.resource_id, wrap_map(result, *secrets), wrap_map(seen, *secrets))

    async def delete(self, request: p.DeleteRequest) -> None:
        kind = _type(token(request.urn))
        await _call(kind.delete, self.clients, request.resource_id, plain_map(request.properties))

    async def invoke(self, request: p.InvokeRequest) -> p.InvokeResponse:
        if request.tok != WHO:
            raise RefusedError(f"the stand-in aws plugin does not know the function {request.tok}; it knows {WHO}")
        found = await _call(self.clients.sts().get_caller_identity)
        known = {"id": found["Account"], "accountId": found["Account"], "arn": found["Arn"], "userId": found["UserId"]}
        return p.InvokeResponse(wrap_map(known))

    def _wanted(self, kind: Type, inputs: Mapping[str, Any]) -> dict[str, Any]:
        settings = self.clients.settings
        wanted = complete(kind.properties, inputs)
        if "region" in kind.properties and "region" not in wanted:
            wanted["region"] = settings.region
        if "tagsAll" in kind.properties:
            unknown = not isinstance(wanted["tags"], Mapping)
            wanted["tagsAll"] = UNKNOWN if unknown else {**settings.default_tags, **wanted["tags"]}
        return wanted

    def _own_tags(self, live: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
        default = self.clients.settings.default_tags
        return {key: value for key, value in live.items() if key in known or default.get(key) != value}

    async def _after_write(self, kind: Type, resource_id: str, wanted: dict[str, Any]) -> dict[str, Any]:
        live = await _call(kind.read, self.clients, resource_id, wanted)
        if live is None:
            raise RefusedError(f"{resource_id} is gone right after it was written")
        return written(kind.properties, wanted, live)


def _type(token: str) -> Type:
    if token not in TYPES:
        raise RefusedError(
            f"the stand-in aws plugin does not know the type {token}; it knows {', '.join(sorted(TYPES))}"
        )
    return TYPES[token]


def _failures(kind: Type, inputs: Mapping[str, Any]) -> list[p.CheckFailure]:
    """Inputs that the stand-in would have to ignore, names given twice, and documents that cannot be read."""
    allowed = [key for key in kind.properties if key != "tagsAll"]
    failures = [
        p.CheckFailure(
            key, f"the stand-in aws plugin does not support {key} of {kind.token}; it supports {', '.join(allowed)}"
        )
        for key in inputs
        if key not in allowed
    ]
    if kind.name and kind.name.prefix in inputs and kind.name.property in inputs:
        failures.append(
            p.CheckFailure(kind.name.prefix, f"{kind.name.prefix} and {kind.name.property} exclude each other")
        )
    for key, item in kind.properties.items():
        if item.meaning is not same and key in inputs and not has_unknown(inputs[key]):
            try:
                item.meaning(inputs[key])
            except ValueError as error:
                failures.append(p.CheckFailure(key, f"{key} is not valid JSON: {error}"))
    return failures


async def _call(operation: Callable[..., Any], *arguments: Any) -> Any:
    """Runs a blocking operation in a thread; what the service or the network answers becomes a RefusedError."""
    try:
        return await asyncio.to_thread(operation, *arguments)
    except ClientError as error:
        call, code = error.operation_name, error_code(error)
        raise RefusedError(f"{call} failed with {code}: {error.response.get('Error', {}).get('Message', '')}") from None
    except BotoCoreError as error:
        raise RefusedError(f"the emulator cannot be used: {error}") from None
