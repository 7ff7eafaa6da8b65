"""Random values that live in the stack's state: made once, kept by updates and refreshes, replaced on any new input.

Differences from the official plugin: `bcryptHash` is left out (it needs a bcrypt library), the id of RandomBytes is
"none" so that it does not show the bytes, and `pulumi import` is refused.
"""

from typing import Any

from pulumi.provider.experimental import provider as p

from local.plugins.random.generate import TYPES, RandomType, problems
from local.plugins.serving import RefusedError, token
from local.plugins.values import UNKNOWN, plain_map, wrap_map


class RandomProvider(p.Provider):
    async def configure(self, request: p.ConfigureRequest) -> p.ConfigureResponse:
        # Without "accept outputs": the server cannot read an unknown value in that form.
        return p.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: p.CheckRequest) -> p.CheckResponse:
        kind = _type(token(request.urn))
        inputs = {key: value for key, value in plain_map(request.new_inputs).items() if value is not None}
        unknown = [key for key in inputs if key not in kind.inputs]
        failures = [p.CheckFailure(key, f"{token(request.urn)} has no input {key}") for key in unknown]
        if kind.size not in inputs:
            failures.append(p.CheckFailure(kind.size, f"{kind.size} is missing"))
        if "number" in inputs and inputs.get("numeric", inputs["number"]) != inputs["number"]:
            failures.append(p.CheckFailure("numeric", "number is the old name of numeric, and the two disagree"))
        if not failures:
            found = problems(kind.size, _complete(kind, inputs))
            failures = [p.CheckFailure(key, reason) for key, reason in found]
        return p.CheckResponse(wrap_map(_complete(kind, inputs), request.new_inputs), failures)

    async def diff(self, request: p.DiffRequest) -> p.DiffResponse:
        kind = _type(token(request.urn))
        old, new = plain_map(request.old_state), plain_map(request.new_inputs)
        changed = [key for key in kind.inputs if old.get(key) != new.get(key)]
        diffs = {key: p.PropertyDiff(p.PropertyDiffKind.UPDATE_REPLACE, False) for key in changed}
        return p.DiffResponse(bool(changed), replaces=changed, diffs=changed, detailed_diff=diffs)

    async def create(self, request: p.CreateRequest) -> p.CreateResponse:
        kind = _type(token(request.urn))
        inputs = plain_map(request.properties)
        if request.preview:
            resource_id, made = "", dict.fromkeys(kind.outputs, UNKNOWN)
        else:
            resource_id, made = kind.make(inputs)
        return p.CreateResponse(resource_id, wrap_map({**inputs, **made}, request.properties, secret=kind.secret))

    async def read(self, request: p.ReadRequest) -> p.ReadResponse:
        _type(token(request.urn))
        if not request.properties:
            raise RefusedError(f"the stand-in random plugin cannot import {token(request.urn)}")
        return p.ReadResponse(request.resource_id, request.properties, request.inputs)

    async def delete(self, request: p.DeleteRequest) -> None:
        _type(token(request.urn))

    async def invoke(self, request: p.InvokeRequest) -> p.InvokeResponse:
        raise RefusedError(f"the stand-in random plugin does not know the function {request.tok}; it knows none")


def _type(token: str) -> RandomType:
    if token not in TYPES:
        raise RefusedError(
            f"the stand-in random plugin does not know the type {token}; it knows {', '.join(sorted(TYPES))}"
        )
    return TYPES[token]


def _complete(kind: RandomType, inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs with every default, and with `number` and `numeric` equal."""
    values = {**kind.defaults, **inputs}
    if "numeric" in kind.defaults:
        values["number"] = values["numeric"] = inputs.get("numeric", inputs.get("number", True))
    return {key: value for key, value in values.items() if value is not None}
