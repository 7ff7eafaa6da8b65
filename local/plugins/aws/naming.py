"""Physical names for resources whose program gives none: the resource's name (or the given prefix) and 7 hex digits."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Name:
    """Which inputs name an object, and the service's limit in characters."""

    property: str
    prefix: str
    limit: int
    lower: bool = False

    def choose(self, inputs: Mapping[str, Any], old: Mapping[str, Any], logical_name: str, seed: bytes) -> str:
        """The given name; else the one in the `old` inputs while its prefix is the same; else a new one."""
        if inputs.get(self.property) is not None:
            return inputs[self.property]
        prefix = inputs.get(self.prefix)
        start = (logical_name.lower() if self.lower else logical_name) + "-" if prefix is None else prefix
        start = start[: self.limit - 7]
        known = old.get(self.property)
        if isinstance(known, str) and known.startswith(start) and old.get(self.prefix) == prefix:
            return known
        # The engine's seed makes the name in a preview that of the update; it may be empty.
        return start + hashlib.sha256((seed or secrets.token_bytes(16)) + start.encode()).hexdigest()[:7]
