"""Says what is wrong with settings in the words of the stack file: path, value, rule and reason, one line a problem."""

import difflib
import re
import reprlib
import types
import typing
from dataclasses import dataclass
from typing import cast

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from .rules import ConflictsError

PREFIX = "observability:"
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxlong = 80


@dataclass(frozen=True)
class _Place:
    """Where a problem is."""

    path: str
    """In the stack file."""
    around: type[BaseModel]
    """The settings to which it belongs."""
    field: FieldInfo | None
    """The setting, or the list or mapping of which it is an item; None if there is no such setting."""
    inside: type[BaseModel] | None
    """The settings that belong there."""


def explain(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """All problems of `error`, raised by `model`. A field's description is the reason where its rule gives none."""
    return [line for problem in error.errors(include_url=False) for line in _explain_all(problem, model)]


def shown(value: object) -> str:
    """A value on one short line. What an object or a list holds stays out: it may be a misplaced secret."""
    match value:
        case str() | int() | float() | None:
            return _SHORT.repr(value)
        case list():
            return f"a list of {len(cast('list[object]', value))}"
        case _:
            return "an object"


def _explain_all(problem: ErrorDetails, model: type[BaseModel]) -> list[str]:
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, ConflictsError):
        return [f"{PREFIX}{found.path} is {shown(found.value)}: {found.problem}" for found in cause.conflicts]
    return [_explain(problem, _place(problem["loc"], model))]


def _explain(problem: ErrorDetails, place: _Place) -> str:
    path = PREFIX + place.path
    if problem["type"] == "extra_forbidden":
        # The value stays out: a key that is unknown here may be a misplaced secret.
        allowed = _keys(place.around)
        near = difflib.get_close_matches(str(problem["loc"][-1]), allowed.split(", "), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"{path} is no setting: must be one of {allowed}, because a misspelt key would be ignored{hint}"
    description = place.field.description if place.field else None
    reason = f": {description}" if description else ""
    if problem["type"] == "missing":
        return f"{path} is missing: required{reason}"
    rule = _rule(problem, place)
    return f"{path} is {shown(problem['input'])}: {rule}{'' if 'because' in rule else reason}"


def _rule(problem: ErrorDetails, place: _Place) -> str:
    match problem["type"]:
        case "value_error":
            return str(problem.get("ctx", {})["error"])
        case "model_type":
            return f"must be an object, because it holds {_keys(place.inside)}"
        case "string_type" if not isinstance(problem["input"], dict | list):
            return "must be a string, in quotes, because YAML reads it as something else"
        case "int_parsing_size":
            return "must be a valid integer"
        case _:
            pass
    # "Input should be a valid integer, unable to parse string as an integer"
    return "must " + re.split(r" after validation|, (?:got|unable) ", problem["msg"].partition(" should ")[2])[0]


def _place(loc: tuple[str | int, ...], model: type[BaseModel]) -> _Place:
    path, around, field, annotation = "", model, None, model
    for part in loc:
        if part == "[key]":
            break  # pydantic's mark for the key itself, which the path has already
        if inside := _model_in(annotation):
            around = inside
            # A default that breaks a rule is reported under the field's name in Python.
            field = next((field for name, field in around.model_fields.items() if part in (name, field.alias)), None)
            key, annotation = (field.alias or part, field.annotation) if field else (part, None)
        else:  # an item of a list or a mapping
            key = part
            annotation = next((typing.get_args(kind)[-1] for kind in _kinds(annotation) if typing.get_args(kind)), None)
        path += f"[{key}]" if isinstance(key, int) else f".{_key(key)}"
    return _Place(path.removeprefix("."), around, field, _model_in(annotation))


def _key(text: str) -> str:
    """Part of a path: a key as it is, or quoted where it would break the line."""
    return text if re.fullmatch(r"[A-Za-z0-9_-]{1,80}", text) else shown(text)


def _keys(model: type[BaseModel] | None) -> str:
    return ", ".join(field.alias or name for name, field in model.model_fields.items()) if model else ""


def _model_in(annotation: object) -> type[BaseModel] | None:
    kinds = [kind for kind in _kinds(annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return kinds[0] if kinds else None


def _kinds(annotation: object) -> tuple[object, ...]:
    """The kinds in an annotation: X and None of `X | None`."""
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return typing.get_args(annotation)
    return (annotation,)
