"""The stacks of this checkout, from their stack files: `python -m ops.stacks` prints them as JSON for a CI matrix.

Regions come before global stacks, because those read what the regions export.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, Field, ValidationError

from local import progress
from ops.errors import OperationError
from settings import GlobalSettings, RegionSettings
from settings.base import UNCHECKED
from settings.errors import PREFIX

REGION, GLOBAL = KINDS = ("region", "global")
_MODELS: dict[str, type[BaseModel]] = {REGION: RegionSettings, GLOBAL: GlobalSettings}


@dataclass(frozen=True)
class StackFile:
    """What a stack file says of where its stack belongs; the rest is for `stack_file.py` to judge."""

    file: Path
    kind: str
    context: str | None
    """Of the cluster, in the kubeconfig."""
    aws_region: str | None
    """None in a global stack, which has no bucket."""
    regions: tuple[str, ...] = ()
    """The regions that a global stack asks."""
    secrets_provider: str | None = None
    """As `pulumi stack init` wants it, e.g. `awskms://alias/pulumi?region=eu-central-1`; None: the backend's own."""
    place: tuple[str, str] | None = None
    """The cluster's identity and the namespace; None: the file names no identity."""

    @property
    def name(self) -> str:
        """The stack's name, by which Pulumi finds the file."""
        return self.file.name.removeprefix("Pulumi.").removesuffix(".yaml")


class _Config(BaseModel):
    kind: object = Field(None, alias=f"{PREFIX}kind")
    regions: list[str] = Field([], alias=f"{PREFIX}regions")
    context: str | None = Field(None, alias="kubernetes:context")
    aws_region: str | None = Field(None, alias="aws:region")
    cluster_id: str | None = Field(None, alias=f"{PREFIX}clusterId")
    namespace: str | None = Field(None, alias=f"{PREFIX}namespace")


class _Document(BaseModel):
    config: _Config = Field(default_factory=lambda: _Config.model_validate({}))
    secretsprovider: str | None = None


def find(folder: Path) -> list[StackFile]:
    """All stacks of a folder, regions first, each kind by name. OperationError names the files that are wrong."""
    found = [_read(file) for file in sorted(folder.glob("Pulumi.*.yaml"))]
    if not found:
        raise OperationError(f"there is no stack file Pulumi.<stack>.yaml in {folder}")
    places: dict[tuple[str, str], StackFile] = {}
    for stack in found:
        if stack.place and (other := places.setdefault(stack.place, stack)) is not stack:
            cluster, namespace = stack.place
            raise OperationError(
                f"{other.file} and {stack.file} have the same {PREFIX}clusterId ({cluster}) and the same "
                f"{PREFIX}namespace ({namespace}): one of the two must differ, because each stack would take over the "
                "other's namespace, and delete it with all that is in it. If one file is a copy, set its "
                f"kubernetes:context and {PREFIX}clusterId to those of its own cluster"
            )
    return sorted(found, key=lambda stack: (KINDS.index(stack.kind), stack.name))


def choose(found: list[StackFile], names: Iterable[str]) -> list[StackFile]:
    """Those with these names, in the order of `found`; all of them if no name is given."""
    wanted = list(names)
    if unknown := [name for name in wanted if name not in {stack.name for stack in found}]:
        raise OperationError(
            f"there is no stack file for {', '.join(unknown)}; there are: {', '.join(stack.name for stack in found)}"
        )
    return [stack for stack in found if not wanted or stack.name in wanted]


def _read(file: Path) -> StackFile:
    try:
        document = _Document.model_validate(yaml.safe_load(file.read_text()) or {})
    except yaml.YAMLError as error:
        raise OperationError(f"{file} is no YAML: {error}") from None
    except ValidationError as error:
        found = error.errors()[0]
        where = ".".join(str(part) for part in found["loc"])
        raise OperationError(f"{file} is no stack file: {where}: {found['msg']}") from None
    config = document.config
    if config.kind not in KINDS:
        raise OperationError(
            f"{file}: {PREFIX}kind is {config.kind!r}: must be region or global, because it says in which order stacks "
            "come up"
        )
    kind = str(config.kind)
    place = None
    if config.cluster_id and config.cluster_id != UNCHECKED:
        place = (config.cluster_id, config.namespace or _MODELS[kind].model_fields["namespace"].default)
    return StackFile(
        file, kind, config.context, config.aws_region, tuple(config.regions), document.secretsprovider, place
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.stacks", description=__doc__)
    parser.add_argument("--kind", choices=KINDS, help="only these")
    options = parser.parse_args(arguments)
    try:
        found = find(Path.cwd())
    except OperationError as error:
        progress.complain(str(error))
        return 1
    rows = [
        {"name": stack.name, "kind": stack.kind, "context": stack.context, "awsRegion": stack.aws_region}
        for stack in found
        if options.kind in (None, stack.kind)
    ]
    print(json.dumps(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
