"""What the previews say: medians, milliseconds per edge, and whether they grow in a straight line. Pure.

The line is of CPU time: other work on the machine makes a preview longer, but hardly gives it more to do.
"""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HEADINGS = ("program", "edges", "resources", "median", "CPU", "CPU of empty")
#: Milliseconds per edge in the second half, in times of those in the first. A straight line has 1, time that grows by
#: the square 3. At 1.5, two fifths of all that the edges take would grow by the square. Medians that are off by 3 %
#: can bend a straight line as far, so a lower limit would refuse noise.
MOST_BEND = 1.5


@dataclass(frozen=True)
class Sample:
    """One preview. Samples of one turn were taken one after another."""

    program: str
    edges: int
    turn: int
    seconds: float
    cpu_seconds: float
    """Of the engine, the program and the plugins together."""
    resources: int


@dataclass(frozen=True)
class Row:
    """A program with so many edges: medians over the turns. ratio: of the yardstick's CPU time in the same turn."""

    program: str
    edges: int
    resources: int
    seconds: float
    cpu_seconds: float
    ratio: float


@dataclass(frozen=True)
class Line:
    """How a program's CPU time grows, by least squares: seconds without edges, and milliseconds for each.

    first, second: milliseconds for each edge of the first and the second half of what was measured.
    """

    program: str
    seconds: float
    milliseconds: float
    first: float
    second: float

    @property
    def straight(self) -> bool:
        return self.second <= MOST_BEND * self.first

    def __str__(self) -> str:
        return (
            f"{self.program}: {self.seconds:.1f} s and {self.milliseconds:.1f} ms of CPU per edge; {self.first:.1f} in "
            f"the first half, {self.second:.1f} in the second, of which {MOST_BEND:g} times the first is allowed"
        )


def rows(samples: Iterable[Sample], yardstick: str) -> list[Row]:
    """One row per program and number of edges, in the order of their first samples."""
    groups: dict[tuple[str, int], dict[int, Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.program, sample.edges), {})[sample.turn] = sample
    base = groups[yardstick, 0]
    return [
        Row(
            program,
            edges,
            max(sample.resources for sample in turns.values()),
            statistics.median(sample.seconds for sample in turns.values()),
            statistics.median(sample.cpu_seconds for sample in turns.values()),
            statistics.median(sample.cpu_seconds / base[turn].cpu_seconds for turn, sample in turns.items()),
        )
        for (program, edges), turns in groups.items()
    ]


def line(found: Iterable[Row], program: str) -> Line:
    """The line of one program, whose rows are at three numbers of edges at least."""
    points = sorted((row.edges, row.cpu_seconds) for row in found if row.program == program)
    middle = len(points) // 2
    slope, intercept = statistics.linear_regression(*zip(*points, strict=True))
    halves = points[: middle + 1], points[middle:]
    first, second = (statistics.linear_regression(*zip(*half, strict=True)).slope for half in halves)
    return Line(program, intercept, slope * 1000, first * 1000, second * 1000)


def cells(row: Row) -> list[str]:
    """A row as texts under HEADINGS."""
    return [
        row.program,
        str(row.edges),
        str(row.resources),
        f"{row.seconds:.1f} s",
        f"{row.cpu_seconds:.1f} s",
        f"{row.ratio:.1f}",
    ]


def spread(most: int, count: int) -> Sequence[int]:
    """So many numbers of edges, evenly from none to the most."""
    return [most * number // (count - 1) for number in range(count)]
