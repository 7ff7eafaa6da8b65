"""Golden files: tests/golden/<stack>/<component>.yaml, all that a stack would register, one file a component."""

import yaml
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation

from tests.engine import ROOT, Recording, Resource

FOLDER = ROOT / "tests" / "golden"


class GoldenFile(SingleFileSnapshotExtension):
    """A snapshot's name is its path below `FOLDER`."""

    _write_mode = WriteMode.TEXT
    file_extension = "yaml"

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(FOLDER)

    @classmethod
    def get_location(cls, *, test_location: PyTestLocation, index: str) -> str:
        return str(FOLDER / f"{index}.yaml")

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: str) -> str:
        return str(index).rsplit("/", 1)[-1]


class _Dumper(yaml.SafeDumper):
    pass


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def components(recording: Recording) -> dict[str, list[Resource]]:
    """The stack's resources by the component that made them; what belongs to none is in `stack`.

    In `identity` is what the cluster is known by, before there is a stack.
    """
    stack = next(found for found in recording.resources if found.type.endswith("Stack"))
    groups = {"stack": [stack], "identity": [found for found in recording.resources if "kube-system" in found.name]}
    for resource in recording.below(stack):
        if resource.custom:
            groups["stack"].append(resource)
        else:
            groups[resource.name.removeprefix(f"{stack.name}-")] = [resource, *recording.below(resource)]
    return groups


def document(resources: list[Resource]) -> str:
    """Resources as YAML, sorted by type and name."""
    entries = [_entry(resource) for resource in sorted(resources, key=lambda found: (found.type, found.name))]
    return yaml.dump_all(entries, Dumper=_Dumper, sort_keys=True, width=120)


def _entry(resource: Resource) -> dict:
    entry = {"type": resource.type, "name": resource.name, "inputs": resource.inputs}
    if resource.name.endswith("-grafana-dashboards"):
        # They are files of this repository already.
        entry["inputs"] = {**resource.inputs, "data": sorted(resource.inputs["data"])}
    if resource.secrets:
        entry["secrets"] = list(resource.secrets)
    if resource.ignore_changes:
        entry["ignoreChanges"] = list(resource.ignore_changes)
    if resource.retained:
        entry["retainOnDelete"] = True
    if resource.read:
        entry["read"] = True
    if resource.protected:
        entry["protect"] = True
    return entry
