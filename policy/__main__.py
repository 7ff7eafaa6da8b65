"""The policy pack: tells the engine's analyzer protocol what the rules say. `pulumi preview --policy-pack policy`.

It speaks the protocol itself, because pulumi-policy hides from a policy which values are secret (docs/adr/0017).
"""

import contextlib
import sys
from concurrent import futures
from pathlib import Path
from typing import cast

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS  # pyright: ignore[reportPrivateUsage]
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto import analyzer_pb2_grpc, plugin_pb2

# The engine runs this folder; the packages are beside it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from policy import rules, wire
from policy.resources import Resource, Stack
from render import Document

NAME, VERSION = "observability", "0.1.0"


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    def __init__(self) -> None:
        self.config: dict[str, str] = {}

    def Handshake(  # noqa: N802
        self, request: proto.AnalyzerHandshakeRequest, context: grpc.ServicerContext
    ) -> proto.AnalyzerHandshakeResponse:
        return proto.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetAnalyzerInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> proto.AnalyzerInfo:  # noqa: N802
        policies = [
            proto.PolicyInfo(
                name=rule.name,
                description=rule.why,
                enforcementLevel=proto.MANDATORY,
                policy_type=proto.POLICY_TYPE_STACK if rule.stack else proto.POLICY_TYPE_RESOURCE,
                remediation_steps=rule.remedy,
            )
            for rule in rules.RULES
        ]
        return proto.AnalyzerInfo(name=NAME, version=VERSION, policies=policies)

    def Configure(self, request: proto.ConfigureAnalyzerRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        return empty_pb2.Empty()

    def ConfigureStack(  # noqa: N802
        self, request: proto.AnalyzerStackConfigureRequest, context: grpc.ServicerContext
    ) -> proto.AnalyzerStackConfigureResponse:
        self.config = dict(request.config)
        return proto.AnalyzerStackConfigureResponse()

    def Analyze(self, request: proto.AnalyzeRequest, context: grpc.ServicerContext) -> proto.AnalyzeResponse:  # noqa: N802
        return _answer(rules.of_resource(_resource(request), self.config))

    def AnalyzeStack(self, request: proto.AnalyzeStackRequest, context: grpc.ServicerContext) -> proto.AnalyzeResponse:  # noqa: N802
        return _answer(rules.of_stack(Stack(tuple(map(_resource, request.resources)), self.config)))

    def Remediate(self, request: proto.AnalyzeRequest, context: grpc.ServicerContext) -> proto.RemediateResponse:  # noqa: N802
        return proto.RemediateResponse()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        return empty_pb2.Empty()


def _resource(sent: proto.AnalyzeRequest | proto.AnalyzerResource) -> Resource:
    properties = json_format.MessageToDict(sent.properties)
    # Only the tree of a whole stack tells where values come from.
    depends = getattr(sent, "propertyDependencies", {})
    return Resource(
        type=sent.type,
        urn=sent.urn,
        # An object stays one.
        properties=cast("Document", wire.plain(properties)),
        secrets=tuple(wire.secret_paths(properties)),
        ignore_changes=tuple(sent.options.ignoreChanges),
        deletes_first=sent.options.deleteBeforeReplace,
        depends={name: tuple(found.urns) for name, found in depends.items()},
    )


def _answer(found: list[rules.Violation]) -> proto.AnalyzeResponse:
    return proto.AnalyzeResponse(
        diagnostics=[
            proto.AnalyzeDiagnostic(
                policyName=violation.rule,
                policyPackName=NAME,
                policyPackVersion=VERSION,
                message=f"{violation.reason}. {violation.remedy[0].upper()}{violation.remedy[1:]}",
                urn=violation.urn,
                enforcementLevel=proto.MANDATORY,
            )
            for violation in found
        ]
    )


if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), options=_GRPC_CHANNEL_OPTIONS)
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Analyzer(), server)
    # The engine reads the port from the first line.
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    # The engine ends its plugins by an interrupt.
    with contextlib.suppress(KeyboardInterrupt):
        server.wait_for_termination()
