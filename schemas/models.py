"""From the settings' models to JSON schemas, for editors: what a stack file may say, short enough to be shown."""

from typing import TypeGuard

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

DIALECT = GenerateJsonSchema.schema_dialect
REFERENCE = "#/$defs/{model}"
_FLAGS = ("true", "false", "yes", "no", "on", "off")


def definitions(*models: type[BaseModel]) -> dict[str, JsonSchemaValue]:
    """The schema of each model, and of those in them, by name."""
    pairs: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in models]
    _, found = models_json_schema(pairs, ref_template=REFERENCE, schema_generator=_Short)
    return found["$defs"]


class _Short(GenerateJsonSchema):
    """Without titles that repeat a key, and without defaults that the setting's own keys have already."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        model: type[BaseModel] = schema["cls"]
        found = super().model_schema(schema)
        found.pop("title")
        found["description"] = _said(model)
        for field in model.model_fields.values():
            _describe(found["properties"][str(field.alias)], field)
        return found

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        """Also in quotes, as `pulumi config set` may write it, and as YAML 1.2 takes 250_000."""
        return {**super().int_schema(schema), "type": ["integer", "string"], "pattern": "^[+-]?[0-9]+(_[0-9]+)*$"}

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:
        words = "|".join(form for word in _FLAGS for form in (word, word.capitalize(), word.upper()))
        return {"type": ["boolean", "string"], "pattern": f"^({words})$"}

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """One list of types where that is possible: an editor says less of it than of alternatives."""
        found = self.generate_inner(schema["schema"])
        if "type" not in found or "enum" in found:
            return super().nullable_schema(schema)
        types = found["type"]
        return {**found, "type": [*([types] if isinstance(types, str) else types), "null"]}

    def union_schema(self, schema: core_schema.UnionSchema) -> JsonSchemaValue:
        found = super().union_schema(schema)
        choices = found.get("anyOf", [])
        if choices and all(set(choice) == {"type"} for choice in choices):
            return {"type": [choice["type"] for choice in choices]}
        return found

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """A key that has not the shape it must have is refused, too."""
        found = super().dict_schema(schema)
        for pattern, value in found.pop("patternProperties", {}).items():
            found["propertyNames"] = {"pattern": pattern}
            found["additionalProperties"] = value
        return found


def _describe(found: JsonSchemaValue, field: FieldInfo) -> None:
    """A description for what has none but that of its model, and a default only where it is not its keys' own."""
    model = next((kind for kind in _kinds(field.annotation) if _is_model(kind)), None)
    if "description" not in found and model:
        found["description"] = _said(model)
    default = field.default
    if default is None or (isinstance(default, BaseModel) and not default.model_fields_set):
        found.pop("default", None)
    elif isinstance(default, BaseModel):
        found["default"] = default.model_dump(by_alias=True, exclude_none=True)


def _kinds(annotation: object) -> tuple[object, ...]:
    return (annotation, *getattr(annotation, "__args__", ()))


def _is_model(kind: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _said(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())
