"""Documents and flags as plain values. Nothing here imports pulumi: it is tested in microseconds."""

from typing import Any, TypeAlias

#: What becomes a YAML or JSON object. Its shape is that of a foreign program's configuration, which checks it itself.
Document: TypeAlias = dict[str, Any]
#: What was YAML or JSON and may have any shape.
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
