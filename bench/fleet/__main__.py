"""Does a preview of a region grow in a straight line with its edges? `python -m bench.fleet --help`.

One run previews all in turn, so the ratios hold whatever else the machine does. Ends with 1 when a line is bent.
"""

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.fleet import previews, report
from local import progress, tools

EMPTY = "empty"
SIZES = 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.fleet", description=__doc__)
    parser.add_argument("--edges", type=_edges, default=500, help="the most; also none, and 3 numbers between (500)")
    parser.add_argument("--turns", type=_turns, default=3, help="how often each is previewed (3)")
    options = parser.parse_args()
    # `kill` ends it as Ctrl-C does: with all that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    tools.fetch([tools.PULUMI])
    with tempfile.TemporaryDirectory() as folder:
        return tell(measure(Path(folder), report.spread(options.edges, SIZES), options.turns))


def measure(folder: Path, sizes: list[int], turns: int) -> list[report.Sample]:
    """Previews all in every turn, once each."""
    projects = {(EMPTY, 0): previews.empty(folder / EMPTY)}
    for edges in sizes:
        for generator in previews.GENERATORS:
            projects[generator, edges] = previews.region(folder / f"{generator}-{edges}", generator, edges)
    projects[EMPTY, 0].preview()  # The first reads all from the disk.
    samples = []
    for turn in range(turns):
        with progress.step(f"turn {turn + 1} of {turns}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"):
            for (program, edges), project in projects.items():
                seconds, cpu_seconds, resources = project.preview()
                samples.append(report.Sample(program, edges, turn, seconds, cpu_seconds, resources))
                progress.say(f"        {program}, {edges} edges: {seconds:.1f} s, CPU {cpu_seconds:.1f} s", "dim")
    return samples


def tell(samples: list[report.Sample]) -> int:
    """Shows the results. Returns the exit code."""
    rows = report.rows(samples, EMPTY)
    table = Table()
    for number, heading in enumerate(report.HEADINGS):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for row in sorted(rows, key=lambda row: (row.program != EMPTY, row.program, row.edges)):
        table.add_row(*report.cells(row))
    Console(width=100).print(table)
    lines = [report.line(rows, generator) for generator in previews.GENERATORS]
    for line in lines:
        progress.say(f"{'✓' if line.straight else '✗'} {line}", "green" if line.straight else "red")
    return 0 if all(line.straight for line in lines) else 1


def _edges(text: str) -> int:
    if not text.isdecimal() or int(text) < SIZES - 1:
        raise argparse.ArgumentTypeError(f"{text}: must be at least {SIZES - 1}, because so many numbers are measured")
    return int(text)


def _turns(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be at least 1")
    return int(text)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        progress.say("interrupted: every process has ended", "yellow")
        sys.exit(128 + signal.SIGINT)
    except (tools.ToolError, previews.PreviewError) as error:
        progress.say(str(error), "red")
        sys.exit(1)
