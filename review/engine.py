"""Runs the program without an engine, and records what it registers: parents, inputs, options, registered outputs.

`review.render` writes it as files; tests check it.
"""
# The SDK's mocks, and the messages of the engine's protocol, have no types.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false

import asyncio
import json
import runpy
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from unittest import mock

import pulumi
from pulumi.runtime import rpc, settings
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs
from pulumi.runtime.stack import Stack

from review.values import plain, secret_paths

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "observability"
ORGANIZATION = "organization"

Added = Callable[[MockResourceArgs], dict[str, Any]]
"""What a provider adds to the inputs of a resource."""


@dataclass(frozen=True)
class Resource:
    """One registration. Inputs are plain: secrets unwrapped, whole numbers integers."""

    type: str
    name: str
    urn: str
    parent: str
    provider: str
    """URN and id of the provider, joined by `::`; empty for the default one."""
    custom: bool
    inputs: dict[str, Any]
    secrets: tuple[str, ...]
    """Paths of the inputs that are secret, e.g. stringData or data.key."""
    ignore_changes: tuple[str, ...]
    retained: bool
    """Kept when it is removed from the program."""
    protected: bool = False
    """The engine refuses to delete or replace it."""
    deletes_first: bool = False
    """A replacement deletes the former one before the new one is there."""
    read: bool = False
    """It is there already, and not the stack's own."""
    depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """By property: the URNs of the resources that its value comes from."""

    @property
    def kind(self) -> str:
        return self.type.rsplit(":", 1)[1]

    @property
    def is_kubernetes(self) -> bool:
        """An object that the stack makes; what it only reads is none."""
        return self.type.startswith("kubernetes:") and not self.read

    @property
    def manifest(self) -> dict[str, Any]:
        """A Kubernetes object as it is sent."""
        return self.inputs


@dataclass
class Recording:
    """What a program registered."""

    resources: list[Resource] = field(default_factory=list[Resource])
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Registered outputs by URN."""
    exports: dict[str, Any] = field(default_factory=dict[str, Any])
    """Stack outputs."""

    def kubernetes(self) -> list[Resource]:
        return [found for found in self.resources if found.is_kubernetes]


class Mocks(pulumi.runtime.Mocks):
    """Resources that come out as they went in, with what `added` says that their provider adds.

    `cluster_id`: UID of the cluster's namespace kube-system.
    """

    def __init__(self, added: Added, stack_outputs: Mapping[str, Mapping[str, Any]], cluster_id: object) -> None:
        self.added = added
        self.stack_outputs = stack_outputs
        self.cluster_id = cluster_id

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        state = dict(args.inputs)
        if args.typ == "pulumi:pulumi:StackReference":
            added = {"outputs": self.stack_outputs.get(state["name"], {}), "secretOutputNames": []}
        elif args.resource_id == "kube-system":
            added = {"metadata": {"name": "kube-system", "uid": self.cluster_id}}
        else:
            added = self.added(args)
        return f"{args.name}-id", {**state, **added}

    def call(self, args: MockCallArgs) -> Any:  # noqa: ANN401
        # Asked only for the provider to refuse a wrong account; the answer is not used.
        if args.token == "aws:index/getCallerIdentity:getCallerIdentity":  # noqa: S105
            return {}
        raise AssertionError(f"the program must look nothing up: a preview has no credentials ({args.token})")


class Recorder(MockMonitor):
    """Sees parents, options and registered outputs, which mocks do not."""

    def __init__(self, mocks: Mocks, recording: Recording) -> None:
        super().__init__(mocks)
        self.recording = recording

    def RegisterResource(self, request: Any) -> Any:  # noqa: ANN401, N802
        response = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            depends = {name: tuple(found.urns) for name, found in request.propertyDependencies.items()}
            self._record(
                request,
                response.urn,
                request.object,
                request.custom,
                request.ignoreChanges,
                request.retainOnDelete,
                depends,
                protected=request.protect,
                deletes_first=request.deleteBeforeReplace,
            )
        return response

    def ReadResource(self, request: Any) -> Any:  # noqa: ANN401, N802
        response = super().ReadResource(request)
        self._record(request, response.urn, request.properties, read=True)
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: ANN401, N802
        self.recording.outputs[request.urn] = plain(rpc.deserialize_properties(request.outputs))
        return super().RegisterResourceOutputs(request)

    def _record(
        self,
        request: Any,  # noqa: ANN401
        urn: str,
        properties: Any,  # noqa: ANN401
        custom: bool = True,
        ignore_changes: tuple[str, ...] = (),
        retained: bool = False,
        depends: Mapping[str, tuple[str, ...]] | None = None,
        *,
        protected: bool = False,
        deletes_first: bool = False,
        read: bool = False,
    ) -> None:
        inputs = rpc.deserialize_properties(properties)
        self.recording.resources.append(
            Resource(
                type=request.type,
                name=request.name,
                urn=urn,
                parent=request.parent,
                provider=request.provider,
                custom=custom,
                inputs=plain(inputs),
                secrets=tuple(secret_paths(inputs)),
                ignore_changes=tuple(ignore_changes),
                retained=retained,
                protected=protected,
                deletes_first=deletes_first,
                read=read,
                depends=depends or {},
            )
        )


def build(
    program: Callable[[], object],
    *,
    added: Added,
    recording: Recording,
    stack: str,
    config: Mapping[str, object],
    secrets: Mapping[str, str],
    stack_outputs: Mapping[str, Mapping[str, Any]],
    preview: bool = False,
    cluster_id: str | None = None,
) -> None:
    """Runs `program`, and awaits what it returns; `recording` has what it registered, also if it fails.

    Keys of `config` and `secrets` are full ("aws:region"). `cluster_id`: of the cluster; unless given, the one that the
    configuration wants. Raises what the program raises.
    """
    loop = asyncio.new_event_loop()
    # A failure is raised by the run itself; the other outputs that fail with it are not worth a log line each.
    loop.set_exception_handler(lambda *_: None)
    asyncio.set_event_loop(loop)
    mocks = Mocks(added, stack_outputs, cluster_id or config.get("observability:clusterId"))
    monitor = Recorder(mocks, recording)
    pulumi.runtime.set_mocks(mocks, PROJECT, stack, preview=preview, monitor=monitor, organization=ORGANIZATION)
    texts = {key: value if isinstance(value, str) else json.dumps(value, default=str) for key, value in config.items()}
    pulumi.runtime.set_all_config({**texts, **secrets}, list(secrets))
    # Exports of an earlier run in this process would show up in this one's.
    exported = cast(Stack, settings.get_root_resource()).outputs
    exported.clear()

    @pulumi.runtime.test
    def run() -> pulumi.Output[None]:
        ended = pulumi.Output.from_input(program())
        exports = ended.apply(lambda _: pulumi.Output.from_input(dict(exported)))
        return exports.apply(lambda known: recording.exports.update(plain(known)))

    run()


def main_program() -> Awaitable[None]:
    """The whole program, as the CLI starts it: what it gives to `pulumi.run`, which needs an engine."""
    given: list[Callable[[], Awaitable[None]]] = []
    with mock.patch.object(pulumi, "run", given.append):
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
    [program] = given
    return program()
