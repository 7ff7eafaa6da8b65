"""Builds resources without an engine, and records what was registered; on the program's own `review.engine`."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import yaml
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockResourceArgs

from review import engine
from review.engine import ORGANIZATION, PROJECT, ROOT, Resource, main_program
from review.values import plain
from review.values import secret as rpc_secret

__all__ = [
    "ORGANIZATION",
    "PROJECT",
    "ROOT",
    "Recording",
    "Resource",
    "build",
    "flag",
    "plain",
    "rpc_secret",
    "run_main",
    "stack_config",
    "texts",
]


@dataclass
class Recording(engine.Recording):
    """With what tests ask for."""

    def of(self, kind: str, name: str = "") -> list[Resource]:
        return [found for found in self.resources if found.kind == kind and name in found.name]

    def one(self, kind: str, name: str = "") -> Resource:
        found = self.of(kind, name)
        # A whole name means that one, also where others contain it.
        # What is only read is there besides what is made.
        found = [resource for resource in found if not resource.read] or found
        found = [resource for resource in found if resource.name == name] or found
        assert len(found) == 1, f"one {kind} named {name!r} wanted: {[resource.name for resource in found]}"
        return found[0]

    def below(self, component: Resource) -> list[Resource]:
        return [found for found in self.resources if found.parent == component.urn]


def _added_by_random(args: MockResourceArgs) -> dict:
    drawn = hashlib.sha256(args.name.encode()).hexdigest()
    # The provider marks a password as secret, and no other id.
    return {"result": rpc_secret(f"SECRET{drawn[:42]}")} if args.typ.endswith("RandomPassword") else {"hex": drawn[:8]}


def _added_by_aws(args: MockResourceArgs) -> dict:
    name = args.inputs.get("bucket") or args.inputs.get("name") or f"{args.name}-0000000"
    service = "s3:::" if "s3" in args.typ else "iam::111111111111:role/"
    return {"arn": f"arn:aws:{service}{name}", "name": name}


_ADDED: dict[str, Callable[[MockResourceArgs], dict]] = {"random": _added_by_random, "aws": _added_by_aws}


def _known(args: MockResourceArgs) -> dict:
    return _ADDED.get(args.typ.split(":")[0], lambda _: {})(args)


def _unknown(args: MockResourceArgs) -> dict:
    """As before the first up."""
    return dict.fromkeys(_known(args), rpc.UNKNOWN)


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
    recording = recording or Recording()
    engine.build(
        program,
        added=_unknown if unknown else _known,
        recording=recording,
        stack=stack,
        config=config or {},
        secrets=secrets or {},
        stack_outputs=stack_outputs or {},
        preview=unknown,
        cluster_id=cluster_id,
    )
    return recording


def stack_config(path: str) -> dict:
    return yaml.safe_load((ROOT / path).read_text())["config"]


def run_main(stack: str, config: Mapping[str, object], **more) -> Recording:
    """The whole program."""
    return build(main_program, stack=stack, config=config, **more)


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
