"""Builds resources without an engine, and records what was registered: parents, inputs, options, registered outputs."""

import asyncio
import hashlib
import json
import os
import re
import runpy
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import pulumi
import yaml
from pulumi.runtime import rpc, settings
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "observability"
ORGANIZATION = "organization"
_SIGNATURE = "4dabf18193072939515e22adb298388d"


@dataclass(frozen=True)
class Resource:
    """One registration. Inputs are plain: secrets unwrapped, whole numbers integers."""

    type: str
    name: str
    urn: str
    parent: str
    provider: str
    custom: bool
    inputs: dict
    secrets: tuple[str, ...]
    """Paths of the inputs that are secret, e.g. stringData or data.key."""
    ignore_changes: tuple[str, ...]
    retained: bool
    """Kept when it is removed from the program."""
    protected: bool = False
    """The engine refuses to delete or replace it."""
    read: bool = False
    """It is there already, and not the stack's own."""
    depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By property: the URNs of the resources that its value comes from."""

    @property
    def kind(self) -> str:
        return self.type.rsplit(":", 1)[1]

    @property
    def manifest(self) -> dict:
        """A Kubernetes object as it is sent."""
        return self.inputs


@dataclass
class Recording:
    resources: list[Resource] = field(default_factory=list)
    outputs: dict[str, dict] = field(default_factory=dict)
    """Registered outputs by URN."""
    exports: dict = field(default_factory=dict)
    """Stack outputs."""

    def of(self, kind: str, name: str = "") -> list[Resource]:
        return [found for found in self.resources if found.kind == kind and name in found.name]

    def one(self, kind: str, name: str = "") -> Resource:
        found = self.of(kind, name)
        # A whole name means that one, also where others contain it.
        found = [resource for resource in found if resource.name == name] or found
        assert len(found) == 1, f"one {kind} named {name!r} wanted: {[resource.name for resource in found]}"
        return found[0]

    def kubernetes(self) -> list[Resource]:
        """What the stack makes in the cluster."""
        return [found for found in self.resources if found.type.startswith("kubernetes:") and not found.read]

    def below(self, component: Resource) -> list[Resource]:
        return [found for found in self.resources if found.parent == component.urn]


class Mocks(pulumi.runtime.Mocks):
    """Resources that come out as they went in, and what a provider adds (unknown, as before the first up)."""

    def __init__(self, stack_outputs: Mapping[str, dict], *, unknown: bool, cluster_id: object) -> None:
        self.stack_outputs = stack_outputs
        self.unknown = unknown
        self.cluster_id = cluster_id

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict]:
        state = dict(args.inputs)
        added = _ADDED.get(args.typ.split(":")[0], lambda _: {})(args)
        if args.typ == "pulumi:pulumi:StackReference":
            added = {"outputs": self.stack_outputs.get(state["name"], {}), "secretOutputNames": []}
        elif args.resource_id == "kube-system":
            added = {"metadata": {"name": "kube-system", "uid": self.cluster_id}}
        elif self.unknown:
            added = dict.fromkeys(added, rpc.UNKNOWN)
        return f"{args.name}-id", {**state, **added}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict:
        assert args.token == "aws:index/getCallerIdentity:getCallerIdentity", f"the program looks up {args.token}"
        return {"accountId": "111111111111"}


def _added_by_random(args: MockResourceArgs) -> dict:
    drawn = hashlib.sha256(args.name.encode()).hexdigest()
    # The provider marks a password as secret, and no other id.
    return {"result": rpc_secret(f"SECRET{drawn[:42]}")} if args.typ.endswith("RandomPassword") else {"hex": drawn[:8]}


def rpc_secret(value: str) -> dict[str, str]:
    """As a provider returns it."""
    return {_SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "value": value}


def _added_by_aws(args: MockResourceArgs) -> dict:
    name = args.inputs.get("bucket") or args.inputs.get("name") or f"{args.name}-0000000"
    service = "s3:::" if "s3" in args.typ else "iam::111111111111:role/"
    return {"arn": f"arn:aws:{service}{name}", "name": name}


_ADDED: dict[str, Callable[[MockResourceArgs], dict]] = {"random": _added_by_random, "aws": _added_by_aws}


class Recorder(MockMonitor):
    """Sees parents, options and registered outputs, which mocks do not."""

    def __init__(self, mocks: Mocks, recording: Recording) -> None:
        super().__init__(mocks)
        self.recording = recording

    def RegisterResource(self, request):  # noqa: N802
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
                request.protect,
            )
        return response

    def ReadResource(self, request):  # noqa: N802
        response = super().ReadResource(request)
        self._record(request, response.urn, request.properties, read=True)
        return response

    def _record(
        self,
        request,
        urn,
        properties,
        custom=True,
        ignore_changes=(),
        retained=False,
        depends=None,
        protected=False,
        read=False,
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
                secrets=tuple(_secret_paths(inputs)),
                ignore_changes=tuple(ignore_changes),
                retained=retained,
                protected=protected,
                read=read,
                depends=depends or {},
            )
        )

    def RegisterResourceOutputs(self, request):  # noqa: N802
        self.recording.outputs[request.urn] = plain(rpc.deserialize_properties(request.outputs))
        return super().RegisterResourceOutputs(request)


def build(
    program: Callable[[], object],
    *,
    stack: str = "test",
    config: Mapping[str, object] | None = None,
    secrets: Mapping[str, str] | None = None,
    stack_outputs: Mapping[str, dict] | None = None,
    unknown: bool = False,
    cluster_id: str | None = None,
    recording: Recording | None = None,
) -> Recording:
    """Runs `program` and returns what it registered. Keys of `config` and `secrets` are full ("aws:region").

    A `recording` that is given also tells what was registered before the program failed. `cluster_id`: of the cluster;
    unless given, the one that the configuration wants.
    """
    loop = asyncio.new_event_loop()
    # A failure is raised by the run itself; the other outputs that fail with it are not worth a log line each.
    loop.set_exception_handler(lambda *_: None)
    asyncio.set_event_loop(loop)
    recording = recording or Recording()
    cluster_id = cluster_id or (config or {}).get("observability:clusterId")
    mocks = Mocks(stack_outputs or {}, unknown=unknown, cluster_id=cluster_id)
    monitor = Recorder(mocks, recording)
    pulumi.runtime.set_mocks(mocks, PROJECT, stack, preview=unknown, monitor=monitor, organization=ORGANIZATION)
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in (config or {}).items()}
    pulumi.runtime.set_all_config({**texts, **(secrets or {})}, list(secrets or {}))
    # Exports of an earlier run in this process would show up in this one's.
    settings.get_root_resource().outputs.clear()

    @pulumi.runtime.test
    def run() -> pulumi.Output:
        outputs = settings.get_root_resource().outputs
        exports = pulumi.Output.from_input(program()).apply(lambda _: pulumi.Output.from_input(dict(outputs)))
        return exports.apply(lambda known: recording.exports.update(plain(known)))

    run()
    return recording


def stack_config(path: str) -> dict:
    return yaml.safe_load((ROOT / path).read_text())["config"]


def run_main(stack: str, config: Mapping[str, object], **more) -> Recording:
    """The whole program."""
    folder = os.getcwd()
    os.chdir(ROOT)
    try:
        return build(_main, stack=stack, config=config, **more)
    finally:
        os.chdir(folder)


def _main() -> Awaitable[None]:
    """What `pulumi.run` runs: without an engine that takes no program."""
    programs = []
    with mock.patch.object(pulumi, "run", programs.append):
        runpy.run_path("__main__.py", run_name="__main__")
    [program] = programs
    return program()


def plain(value: object) -> object:
    """Secrets unwrapped, whole numbers as integers (the wire has floats alone)."""
    if isinstance(value, dict):
        if _SIGNATURE in value:
            return plain(value.get("value"))
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _secret_paths(value: object, path: str = "") -> list[str]:
    if isinstance(value, dict):
        if _SIGNATURE in value:
            return [path]
        return [found for key, item in value.items() for found in _secret_paths(item, f"{path}.{key}".lstrip("."))]
    if isinstance(value, list):
        return [found for index, item in enumerate(value) for found in _secret_paths(item, f"{path}[{index}]")]
    return []


def texts(value: object) -> list[str]:
    """Every text in a nested value, keys included."""
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *texts(item))]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return [value] if isinstance(value, str) else []


def flag(container: Mapping, name: str) -> str:
    """The value of a container's flag."""
    values = [arg.split("=", 1)[1] for arg in container["args"] if re.match(rf"{re.escape(name)}=", arg)]
    assert len(values) == 1, f"one {name} wanted: {container['args']}"
    return values[0]
