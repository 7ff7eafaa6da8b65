"""A stack as its file describes it, with stand-ins for what only the cloud or a passphrase knows.

Nothing is asked of a cluster, a cloud, a state or the user's environment: the same files give the same recording on
every machine. `fa4e` is in every name and id that the cloud would make, so that it can be found and is not believed.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pulumi
import yaml
from pulumi.runtime.mocks import MockResourceArgs

import contract
import stack_file
from review import engine
from review.engine import is_list, is_object
from settings.errors import PREFIX

#: "Fake" in hexadecimal digits, which ids are made of.
FAKE = "fa4e"


class RenderError(Exception):
    """It cannot be rendered; the message says why, and what to do."""


def recorded(stack: str, file: Path) -> engine.Recording:
    """What the stack would register with this stack file. RenderError has what is wrong, in the words of the CLI."""
    config = _config(file)
    secrets = {key: _stand_in(key, value, config) for key, value in config.items() if _is_encrypted(value)}
    regions = config.get(f"{PREFIX}regions")
    outputs = {
        f"{engine.ORGANIZATION}/{engine.PROJECT}/{region}": {contract.OUTPUT: promised(str(region))}
        for region in (regions if is_list(regions) else [])
    }
    recording = engine.Recording()
    try:
        with _no_settings_of_the_user():
            engine.build(
                engine.main_program,
                added=added,
                recording=recording,
                stack=stack,
                config={key: value for key, value in config.items() if key not in secrets},
                secrets=secrets,
                stack_outputs=outputs,
            )
    except pulumi.RunError as error:
        raise RenderError(str(error)) from None
    return recording


def promised(region: str) -> dict[str, str]:
    """Outputs of a region that is not there: enough for the global stack."""
    named = {field.name: f"{field.name}.{region}.example" for field in dataclasses.fields(contract.RegionOutputs)}
    named |= {"region": region, "query_grpc_endpoint": f"thanos-query.{region}.example:10901"}
    return contract.dump(contract.RegionOutputs(**named))


def added(args: MockResourceArgs) -> dict[str, Any]:
    """What a provider would make up, the same in each run."""
    inputs = cast(dict[str, Any], args.inputs)  # pyright: ignore[reportUnknownMemberType]
    match args.typ.split(":")[0]:
        case "random" if args.typ.endswith("RandomPassword"):
            return {"result": engine.secret(f"{FAKE}-{args.name}")}
        case "random":
            # Other keepers are another id, so what is named after it shows as changed.
            keepers = engine.plain(inputs.get("keepers"))
            return {"hex": FAKE + (_digest(json.dumps(keepers, sort_keys=True))[:4] if keepers else "0000")}
        case "aws":
            name = inputs.get("bucket") or inputs.get("name") or f"{args.name}-{FAKE}000"
            service = "s3:::" if ":s3/" in args.typ else "iam::000000000000:role/"
            return {"arn": f"arn:aws:{service}{name}", "name": name}
        case _:
            return {}


def _config(file: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(file.read_text())
    except FileNotFoundError:
        raise RenderError(f"there is no stack file {file}: name another stack, or give --config-file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RenderError(f"the stack file {file} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise RenderError(f"{file} is no YAML: {error}") from None
    config = document.get("config") if is_object(document) else None
    if not is_object(config):
        raise RenderError(f"{file} is no stack file: it has no mapping `config`")
    return config


def _is_encrypted(value: object) -> bool:
    """It is one that only the passphrase opens, or has one in it."""
    if is_object(value):
        return set(value) == {"secure"} or any(_is_encrypted(item) for item in value.values())
    return is_list(value) and any(_is_encrypted(item) for item in value)


def _stand_in(key: str, value: Any, config: Mapping[str, Any]) -> str:  # noqa: ANN401
    found = _opened(value)
    if key == f"{PREFIX}{stack_file.EDGE_CREDENTIALS}" and isinstance(found, str):
        # Encrypted as a whole; the program wants one for each edge.
        edges = config.get(f"{PREFIX}edges")
        named = [edge.get("name") for edge in edges if is_object(edge)] if is_list(edges) else []
        found = {str(name): found for name in named}
    return found if isinstance(found, str) else json.dumps(found, default=str)


def _opened(value: Any) -> Any:  # noqa: ANN401
    """With a stand-in for each encrypted value: another one, once that is set anew."""
    if is_object(value):
        if set(value) == {"secure"}:
            return f"{FAKE}-{_digest(str(value['secure']))[:12]}"
        return {key: _opened(item) for key, item in value.items()}
    return [_opened(item) for item in value] if is_list(value) else value


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def _no_settings_of_the_user() -> Generator[None]:
    """The Kubernetes SDK would take what a provider is not told from the environment, KUBECONFIG first of all."""
    kept = dict(os.environ)
    for name in kept:
        if name == "KUBECONFIG" or name.startswith("PULUMI_K8S_"):
            del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(kept)
