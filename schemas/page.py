"""docs/settings.md: every setting with its type, default and meaning, of the JSON schema of stack files."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import cast

from pydantic.json_schema import JsonSchemaValue

import stack_file
from settings.errors import PREFIX

_HEAD = """\
# Settings

Every key that `Pulumi.<stack>.yaml` may have under `observability:`; `make schema` writes this page anew.

A key that is left out has its default. Where a region has edges and `sizing` is `auto`, sizes that are left out follow
from the edges instead ([capacity.md](capacity.md)). Rules between settings are not in the tables: a preview names what
is broken.

*Durations* are Prometheus's (`30s`, `1d12h`), *quantities* those of Kubernetes (`500m`, `50Gi`), *names* are lower-case
letters, digits and hyphens. `[]` stands for each item of a list, `<name>` for a key that you choose.
"""
_TABLE = "\n| key | type | default | meaning |\n|---|---|---|---|"
_Row = tuple[str, str, str, str]


def page(schema: JsonSchemaValue) -> str:
    return "\n".join(_Page(schema["$defs"]).lines()) + "\n"


class _Page:
    def __init__(self, definitions: dict[str, JsonSchemaValue]) -> None:
        self.definitions = definitions
        region = {name: found for name, found in definitions.items() if name != "global"}
        uses = Counter(each["$ref"].rpartition("/")[2] for each in _objects(region) if "$ref" in each)
        self.shared = [name for name in definitions if uses[name] > 1 and name != "secret"]

    def lines(self) -> Iterator[str]:
        yield _HEAD
        region, everywhere = self.definitions["region"], self.definitions["global"]
        yield from self.kind("region", region, {})
        yield from self.kind("global", everywhere, region["properties"])
        yield "## Shapes that occur more than once"
        for name in self.shared:
            found = self.definitions[name]
            yield f"\n### {name}\n\n{found['description']}"
            yield from _table(self.rows(found, ""))
        yield "\n## Secrets\n\nSet by `pulumi config set --secret`, and refused as plain text.\n"
        yield "| key | meaning |\n|---|---|"
        for key in stack_file.SECRETS:
            yield f"| `{key}` | {_cell(region['properties'][PREFIX + key]['description'])} |"
        yield "\n## Keys of providers\n\nAny that they know, beside these.\n\n| key | | meaning |\n|---|---|---|"
        for key, found in region["properties"].items():
            if not key.startswith(PREFIX):
                needed = " and ".join(
                    kind for kind in ("region", "global") if key in self.definitions[kind]["required"]
                )
                yield f"| `{key}` | {f'required (kind {needed})' if needed else ''} | {_cell(found['description'])} |"

    def kind(self, name: str, config: JsonSchemaValue, described: JsonSchemaValue) -> Iterator[str]:
        """What a stack of a kind may say; a section for each object that has none yet."""
        own = {
            key.removeprefix(PREFIX): found
            for key, found in config["properties"].items()
            if key.startswith(PREFIX) and key.removeprefix(PREFIX) not in stack_file.SECRETS
        }
        required = [key.removeprefix(PREFIX) for key in config["required"]]
        yield f"## Kind {name}\n\n{config['description']}"
        parts = {key: found for key, found in own.items() if self.model(found)}
        yield from _table(
            (key, f"[below](#{key.lower()})", "", found["description"])
            if key in parts
            else self.row(key, found, key in required)
            for key, found in own.items()
        )
        yield ""
        for key, found in parts.items():
            if PREFIX + key not in described:
                model = self.definitions[self.model(found) or ""]
                yield f"### {key}\n\n{model['description']}"
                yield from _table(self.rows(model, ""))
                yield ""

    def rows(self, model: JsonSchemaValue, prefix: str) -> Iterator[_Row]:
        for key, found in model["properties"].items():
            yield self.row(prefix + key, found, key in model.get("required", []))
            inner = self.model(found)
            if inner and inner not in self.shared:
                between = "[]." if "items" in found else ".<name>." if "additionalProperties" in found else "."
                yield from self.rows(self.definitions[inner], f"{prefix}{key}{between}")

    def row(self, key: str, found: JsonSchemaValue, required: bool) -> _Row:
        default = found.get("default", "")
        shown = "required" if required else f"`{_written(default)}`" if default != "" else ""
        return key, self.type(found), shown, found.get("description", "")

    def model(self, found: JsonSchemaValue) -> str | None:
        """The name of the model that a setting is, or holds."""
        extra = found.get("additionalProperties")
        inside: list[JsonSchemaValue] = [found, *found.get("anyOf", []), found.get("items", {})]
        inside += [cast(JsonSchemaValue, extra)] if isinstance(extra, dict) else []
        return next((each["$ref"].rpartition("/")[2] for each in inside if "$ref" in each), None)

    def type(self, found: JsonSchemaValue) -> str:
        if "items" in found:
            return f"list of {self.type(found['items'])}"
        if isinstance(found.get("additionalProperties"), dict):
            return f"map of {self.type(found['additionalProperties'])}"
        if name := self.model(found):
            return f"[{name}](#{name.lower()})" if name in self.shared else "object"
        if choices := found.get("enum", [found["const"]] if "const" in found else []):
            return " or ".join(f"`{choice}`" for choice in choices)
        types = found.get("type", "object")
        first = types if isinstance(types, str) else types[0]
        return found.get("title") or {"string": "text", "integer": _integer(found), "null": "nothing"}.get(first, first)


def _objects(value: object) -> Iterator[JsonSchemaValue]:
    match value:
        case dict():
            found = cast(JsonSchemaValue, value)
            yield found
            for item in found.values():
                yield from _objects(item)
        case list():
            for item in cast("list[object]", value):
                yield from _objects(item)
        case _:
            pass


def _table(rows: Iterator[_Row]) -> Iterator[str]:
    yield _TABLE
    for key, *rest in rows:
        yield f"| `{key}` | {' | '.join(map(_cell, rest))} |"


def _integer(found: JsonSchemaValue) -> str:
    bounds = [found.get(name) for name in ("minimum", "maximum")]
    texts = [f"{bound:,}" if bound is not None else None for bound in bounds]
    match texts:
        case [str(least), str(most)]:
            return f"integer, {least} to {most}"
        case [str(least), None]:
            return f"integer, {least} or more"
        case [None, str(most)]:
            return f"integer, up to {most}"
        case _:
            return "integer"


def _written(default: object) -> str:
    """A default as a stack file would say it."""
    match default:
        case dict():
            pairs = cast("dict[str, object]", default).items()
            return "{" + ", ".join(f"{key}: {_written(value)}" for key, value in pairs) + "}"
        case list():
            return "[" + ", ".join(map(_written, cast("list[object]", default))) + "]"
        case str():
            return default
        case _:
            return json.dumps(default)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
