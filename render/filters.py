"""Filter profiles: which series edges send, by names of metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """Regular expressions (RE2) that match whole names of metrics."""

    extends: str | None = None
    """The profile of `PROFILES` that applies first."""
    keep: Sequence[str] = ()
    """When given, nothing else is sent."""
    drop: Sequence[str] = ()
    """What is not sent."""


PROFILES: Mapping[str, Profile] = {"default": Profile(), "lean": Profile(extends="default"), "everything": Profile()}


def relabeling(name: str, own: Mapping[str, Profile]) -> list[dict[str, object]]:
    """The write relabel rules of a profile, in Prometheus's own words. `own`: profiles beside `PROFILES`."""
    profile = {**PROFILES, **own}[name]
    rules = relabeling(profile.extends, {}) if profile.extends else []
    for action in ("keep", "drop"):
        if expressions := getattr(profile, action):
            rules.append({"source_labels": ["__name__"], "regex": "|".join(expressions), "action": action})
    return rules
