"""What the measurements say: medians, ratios within a round, and whether they keep to the bars. Pure."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

HEADINGS = ("load", "asked", "median", "of direct", "CPU", "Series calls", "bucket reads", "from bucket", "from cache")


@dataclass(frozen=True)
class Sample:
    """One dashboard asked once. Samples of one load and turn, of all targets, were taken one after another."""

    load: str
    target: str
    turn: int
    seconds: float
    counters: Mapping[str, float]


@dataclass(frozen=True)
class Row:
    """A load at a target: medians over the turns.

    ratio: the median over the turns of this target's time by that of the baseline in the same turn. Whatever else the
    machine does at that moment slows both, so this is steadier than the ratio of two medians.
    """

    load: str
    target: str
    turns: int
    seconds: float
    ratio: float
    counters: Mapping[str, float]


@dataclass(frozen=True)
class Bar:
    """The most that a load may take, in times of the baseline."""

    load: str
    ratio: float

    def __str__(self) -> str:
        if self.ratio < 1:
            return f"{self.load}: at least {1 / self.ratio:g} times faster"
        return f"{self.load}: at most {self.ratio:g} times slower"


def rows(samples: Iterable[Sample], baseline: str) -> list[Row]:
    """One row per load and target, in the order of their first samples."""
    groups: dict[tuple[str, str], dict[int, Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.load, sample.target), {})[sample.turn] = sample
    found = []
    for (load, target), turns in groups.items():
        base = groups[load, baseline]
        ratios = [sample.seconds / base[turn].seconds for turn, sample in turns.items() if turn in base]
        names = next(iter(turns.values())).counters
        found.append(
            Row(
                load,
                target,
                len(turns),
                statistics.median(sample.seconds for sample in turns.values()),
                statistics.median(ratios),
                {name: statistics.median(sample.counters[name] for sample in turns.values()) for name in names},
            )
        )
    return found


def missed(found: Iterable[Row], bars: Iterable[Bar], target: str) -> list[str]:
    """One sentence for every bar that the target does not keep to, or was not measured for."""
    ratios = {row.load: row.ratio for row in found if row.target == target}
    sentences = []
    for bar in bars:
        if bar.load not in ratios:
            sentences.append(f"{bar}: not measured")
        elif ratios[bar.load] > bar.ratio:
            sentences.append(f"{bar}: it takes {ratios[bar.load]:.2f} times as long as directly")
    return sentences


def cells(row: Row) -> list[str]:
    """A row as texts under HEADINGS."""
    counters = row.counters
    return [
        row.load,
        row.target,
        f"{row.seconds:.3f} s" if row.seconds < 1 else f"{row.seconds:.2f} s",
        f"{row.ratio:.2f}" if row.ratio > 0.1 else f"{row.ratio:.3f}",
        f"{counters['CPU seconds']:.2f} s",
        f"{counters['Series calls']:.0f}",
        f"{counters['bucket reads']:.0f}",
        f"{counters['bucket bytes'] / 1e6:.0f} MB",
        f"{counters['cached bytes'] / 1e6:.0f} MB",
    ]


def markdown(found: Sequence[Row]) -> str:
    """The table as in the documents."""
    lines = [HEADINGS, ["---"] * 2 + ["---:"] * (len(HEADINGS) - 2), *map(cells, found)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
