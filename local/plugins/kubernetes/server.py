"""The plugin's gRPC side, beyond what every stand-in shares.

- `diff` gets the old inputs as its old state. The SDK drops them, and the recorded outputs are full of server defaults.
- An object that was created but did not become ready is reported as such, so that the engine records it.
- Messages for the user go through the engine.
"""

from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio
from google.protobuf import any_pb2
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, status_pb2

from local.plugins import serving


class NotReadyError(Exception):
    """The object exists with these properties, and is not ready for these reasons; the first is the summary."""

    def __init__(self, resource_id: str, properties: dict[str, PropertyValue], reasons: list[str]) -> None:
        super().__init__(reasons[0])
        self.resource_id = resource_id
        self.properties = properties
        self.reasons = reasons


class Engine:
    """The engine's log."""

    def __init__(self, address: str) -> None:
        self._stub = engine_pb2_grpc.EngineStub(grpc.aio.insecure_channel(address, options=_GRPC_CHANNEL_OPTIONS))

    async def warn(self, message: str, urn: str = "") -> None:
        await self._stub.Log(engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message, urn=urn))

    async def status(self, urn: str, message: str) -> None:
        """Shows the message on the resource's line of the display until the next one replaces it."""
        await self._stub.Log(engine_pb2.LogRequest(severity=engine_pb2.INFO, message=message, urn=urn, ephemeral=True))


def _with_old_inputs(diff: Callable) -> Callable:
    async def call(self: Any, request: provider_pb2.DiffRequest, context: Any) -> provider_pb2.DiffResponse:
        request.olds.CopyFrom(request.old_inputs)
        return await diff(self, request, context)

    return call


def _reporting_not_ready(method: Callable) -> Callable:
    async def call(self: Any, request: Any, context: Any) -> Any:
        try:
            return await method(self, request, context)
        except Exception as error:
            # The SDK's server raises a new exception while it handles ours.
            if isinstance(error.__context__, NotReadyError):
                await context.abort_with_status(_status(error.__context__))
            raise

    return call


class Servicer(serving.Servicer):
    Diff = _with_old_inputs(serving.Servicer.Diff)
    Create = _reporting_not_ready(serving.Servicer.Create)
    Update = _reporting_not_ready(serving.Servicer.Update)


def _status(error: NotReadyError) -> grpc.Status:
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=error.resource_id, properties=PropertyValue.marshal_map(error.properties), reasons=error.reasons
        )
    )
    code, message = grpc.StatusCode.UNKNOWN, str(error)
    packed = status_pb2.Status(code=code.value[0], message=message, details=[detail])
    status = grpc.Status()
    status.code, status.details = code, message
    status.trailing_metadata = (("grpc-status-details-bin", packed.SerializeToString()),)
    return status
