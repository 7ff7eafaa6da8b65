"""The recorded stacks as policies see them, and the same with something changed."""

import copy
import dataclasses
import json
from collections.abc import Callable

from policy.resources import Resource, Stack
from tests.engine import stack_config
from tests.stacks import built


def tree(stack: str, folder: str = "") -> Stack:
    config = stack_config(f"{folder}Pulumi.{stack}.yaml")
    return Stack(
        resources=tuple(
            Resource(
                type=found.type,
                urn=found.urn,
                properties=copy.deepcopy(found.inputs),
                secrets=found.secrets,
                ignore_changes=found.ignore_changes,
                deletes_first=found.deletes_first,
                depends=found.depends,
            )
            for found in built.build(stack, folder).resources
            # The engine asks no policy about what is only read.
            if not found.read
        ),
        config={key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()},
    )


def one(stack: Stack, kind: str, name: str = "") -> Resource:
    """The only one of the kind with the name; of buckets and what belongs to them, that of metrics."""
    [found] = [found for found in stack.of(kind) if found.urn.endswith(name) and "-traces-" not in found.urn]
    return found


def changed(stack: Stack, kind: str, name: str, **fields: object) -> Stack:
    """The stack with other fields of one resource."""
    wanted = one(stack, kind, name)
    others = [dataclasses.replace(found, **fields) if found is wanted else found for found in stack.resources]
    return dataclasses.replace(stack, resources=tuple(others))


def edited(stack: Stack, kind: str, name: str, edit: Callable[[dict], object]) -> Stack:
    """The stack with other properties of one resource; `edit` changes them in place."""
    edit(one(stack, kind, name).properties)
    return stack


def without(stack: Stack, kind: str, name: str = "") -> Stack:
    gone = one(stack, kind, name)
    return dataclasses.replace(stack, resources=tuple(found for found in stack.resources if found is not gone))
