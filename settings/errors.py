"""Says what is wrong with settings in the words of the stack file: path, value, rule and reason, one line a problem."""

import difflib
import types
import typing

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from .rules import ConflictsError

PREFIX = "observability:"


def explain(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """All problems of `error`, raised by `model`. A field's description is the reason where its rule gives none."""
    return [line for problem in error.errors(include_url=False) for line in _explain_all(problem, model)]


def _explain_all(problem: typing.Mapping, model: type[BaseModel]) -> list[str]:
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, ConflictsError):
        return [f"{PREFIX}{found.path} is {_value(found.value)}: {found.problem}" for found in cause.conflicts]
    return [_explain(problem, model)]


def _explain(problem: typing.Mapping, model: type[BaseModel]) -> str:
    path = PREFIX + _path(problem["loc"], model)
    if problem["type"] == "extra_forbidden":
        # The value stays out: a key that is unknown here may be a misplaced secret.
        *parent, key = problem["loc"]
        allowed = [field.alias for field in _model_at(model, parent).model_fields.values()]
        near = difflib.get_close_matches(str(key), allowed, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return (
            f"{path} is no setting: must be one of {', '.join(allowed)}, because a misspelt key would be ignored{hint}"
        )
    *parent, key = problem["loc"]
    field = _field(_model_at(model, parent), key)
    reason = f": {field.description}" if field and field.description else ""
    if problem["type"] == "missing":
        return f"{path} is missing: required{reason}"
    if problem["type"] == "model_type":
        return f"{path} is {_value(problem['input'])}: must be an object{reason}"
    if problem["type"] == "value_error":
        return f"{path} is {_value(problem['input'])}: {problem['ctx']['error']}"
    rule = problem["msg"].partition(" should ")[2]
    return f"{path} is {_value(problem['input'])}: must {rule}{reason}"


def _path(loc: tuple[str | int, ...], model: type[BaseModel]) -> str:
    text = ""
    for depth, part in enumerate(loc):
        # A default that breaks a rule is reported under the field's name in Python.
        field = _field(_model_at(model, loc[:depth]), part)
        text += f"[{part}]" if isinstance(part, int) else f".{field.alias if field else part}"
    return text.removeprefix(".")


def _value(value: object) -> str:
    match value:
        case str() | int() | float() | None:
            return repr(value)
        case list():
            return f"a list of {len(value)}"
        case _:
            return "an object"


def _model_at(model: type[BaseModel], loc: typing.Iterable[str | int]) -> type[BaseModel]:
    for part in loc:
        field = _field(model, part)
        if field is not None:
            model = next((kind for kind in _kinds(field.annotation) if issubclass(kind, BaseModel)), model)
    return model


def _field(model: type[BaseModel], key: str | int) -> FieldInfo | None:
    return next((field for name, field in model.model_fields.items() if key in (name, field.alias)), None)


def _kinds(annotation: object) -> list[type]:
    """The classes in an annotation such as `X`, `X | None` or `list[X]`."""
    if typing.get_origin(annotation) in (list, types.UnionType, typing.Union):
        return [kind for part in typing.get_args(annotation) for kind in _kinds(part)]
    return [annotation] if isinstance(annotation, type) else []
