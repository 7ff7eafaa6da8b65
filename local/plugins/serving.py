"""Runs a stand-in plugin: the SDK's own server, except that a refusal reaches the user as its bare text.

The SDK's server appends a stack trace to every error that a provider raises.
"""

import asyncio
import contextlib
import sys
from collections.abc import Callable

import grpc
import grpc.aio
from pulumi.provider.experimental.provider import Provider
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc


class RefusedError(Exception):
    """An operation that cannot be done for a reason that the user can act on; they see the text and no trace."""


def token(urn: str) -> str:
    """The resource's own type, e.g. `aws:s3/bucket:Bucket`; the type in a URN has those of its parents in front."""
    return urn.split("::")[2].rpartition("$")[2]


def _without_trace(method):
    async def call(self, request, context):
        try:
            return await method(self, request, context)
        except Exception as error:
            # The server raises a new exception (text plus trace) while it handles ours.
            for candidate in (error, error.__context__):
                if isinstance(candidate, RefusedError):
                    await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(candidate))
            raise

    return call


class Servicer(ProviderServicer):
    CheckConfig = _without_trace(ProviderServicer.CheckConfig)
    Configure = _without_trace(ProviderServicer.Configure)
    Check = _without_trace(ProviderServicer.Check)
    Diff = _without_trace(ProviderServicer.Diff)
    Create = _without_trace(ProviderServicer.Create)
    Read = _without_trace(ProviderServicer.Read)
    Update = _without_trace(ProviderServicer.Update)
    Delete = _without_trace(ProviderServicer.Delete)
    Invoke = _without_trace(ProviderServicer.Invoke)


def serve(version: str, make_provider: Callable[[], Provider], servicer: type[ProviderServicer] = Servicer) -> None:
    """Serves to the engine whose address is the first argument, until the engine ends the process.

    The provider is made when the event loop runs, to which its own connections then belong.
    """
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(version, make_provider, servicer))


async def _serve(version: str, make_provider: Callable[[], Provider], servicer: type[ProviderServicer]) -> None:
    server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
    served = servicer(sys.argv[1:], version, make_provider(), engine_address=sys.argv[1])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(served, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    # The engine waits for the port on the first line of standard output.
    print(port, flush=True)
    await server.wait_for_termination()
