"""What an edge need not send: which metrics, what that saves, and the filter for it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import re2

from planner.bucket import RAW_SAMPLE

#: Of a classic histogram.
BUCKET, SUM, COUNT = "_bucket", "_sum", "_count"
MONTH_SECONDS = 30 * 24 * 3600
NOBODY = "nothing asks for it"


@dataclass(frozen=True)
class Unused:
    """A metric that is stored and not used."""

    name: str
    edges: Mapping[str, int]
    """Edge -> its series, those of each agent of a pair, without the copies of Receive."""
    reason: str

    @property
    def series(self) -> int:
        return sum(self.edges.values())


@dataclass(frozen=True)
class Saving:
    """What is not stored any more."""

    series: int
    samples_per_second: float
    gigabytes_per_month: float
    """10^9 bytes of raw blocks that are not made, once the Compactor has merged the copies of Receive."""


def candidates(stored: Iterable[str], used: Iterable[str], keep: Sequence[str]) -> dict[str, str]:
    """The names that may be dropped, and why. `keep`: regular expressions (RE2) of whole names.

    A histogram is one family: while one of its names is used, only its buckets may go. They are nearly all of its
    series, and a sum or a count without the other would be a riddle.
    """
    stored = set(stored)
    kept = [re2.compile(expression) for expression in keep]
    used = (stored & set(used)) | {name for name in stored if any(each.fullmatch(name) for each in kept)}
    found = dict.fromkeys(stored - used, NOBODY)
    for bucket in (name for name in stored if name.endswith(BUCKET)):
        base = bucket.removesuffix(BUCKET)
        family = {base, bucket, base + SUM, base + COUNT} & stored
        if wanted := sorted(family & used):
            for name in family:
                found.pop(name, None)
            if bucket not in used:
                found[bucket] = f"used of this histogram: {', '.join(wanted)}"
    return found


def proposed(found: Iterable[Unused], *, top: int, min_series: int) -> list[Unused]:
    """Those worth a rule, the largest first."""
    worth = [metric for metric in found if metric.series >= max(1, min_series)]
    return sorted(worth, key=lambda metric: (-metric.series, metric.name))[:top]


def saving(dropped: Iterable[Unused], intervals: Mapping[str, float]) -> Saving:
    """`intervals`: edge -> seconds between two samples of a series."""
    series, rate = 0, 0.0
    for metric in dropped:
        series += metric.series
        rate += sum(count / intervals[edge] for edge, count in metric.edges.items())
    return Saving(series, rate, rate * RAW_SAMPLE * MONTH_SECONDS / 1e9)


def rule(name: str) -> str:
    """A regular expression that matches exactly this name, in Go's RE2 and in this one."""
    return re2.escape(name)


def filter_profile(
    dropped: Iterable[Unused],
    *,
    extends: str | None = "default",
    keep: Sequence[str] = (),
    drop: Sequence[str] = (),
) -> dict[str, object]:
    """A filter as stack files have it, on top of what it already says."""
    rules = [*drop, *(rule(metric.name) for metric in dropped)]
    return {"extends": extends, **({"keep": list(keep)} if keep else {}), "drop": list(dict.fromkeys(rules))}
