"""Is a dashboard faster through the Query Frontend? `python -m bench.query_path --help`.

One run asks everybody in turn, so the ratios hold whatever else the machine does. Ends with 1 when a bar is missed or
an answer differs.
"""

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.query_path import data, load, report, s3, targets
from bench.query_path.measure import BARS, Measurement
from bench.query_path.processes import ProcessError, Processes
from local import progress, tools
from render import units


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.query_path", description=__doc__)
    parser.add_argument("--store", choices=("filesystem", "s3"), default="filesystem", help="where the blocks are")
    parser.add_argument("--rounds", type=int, default=8, help="how often the dashboard is cold (default: 8)")
    parser.add_argument(
        "--split", action="append", default=[], metavar="24h", type=_duration,
        help="also a Query Frontend with parts of this length, whatever the range; may be repeated",
    )  # fmt: skip
    options = parser.parse_args()
    # `kill` ends it as Ctrl-C does: with all that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    tools.fetch([tools.THANOS, tools.MEMCACHED])
    parameters = data.Data()
    bucket = data.bucket(parameters)
    progress.say("\n".join(data.describe(bucket)), "dim")
    with (
        tempfile.TemporaryDirectory(dir=data.FOLDER, prefix=".run-") as folder,
        Processes(data.FOLDER / "logs") as processes,
    ):
        objstore = s3.serve(processes, bucket) if options.store == "s3" else data.filesystem(bucket)
        with progress.step("processes"):
            asked = start(processes, Path(folder), objstore, options.split)
        measured = Measurement(asked, parameters.end)
        with progress.step("warming up"):
            measured.warm_up()
        measured.rounds(options.rounds)
        measured.sliding()
        measured.worn()
    return tell(measured, options.store)


def start(processes: Processes, folder: Path, objstore: str, splits: Sequence[str]) -> list[targets.Target]:
    """Query alone, the Query Frontend by default, and one for each other length of parts."""
    flags = {targets.DIRECT: None, targets.DEFAULT: []}
    flags |= {f"{targets.DEFAULT}, split {split}": targets.static_split(split) for split in splits}
    return [targets.start(name, processes, folder, objstore, replaced) for name, replaced in flags.items()]


def tell(measured: Measurement, store: str) -> int:
    """Shows and writes the results. Returns the exit code."""
    rows = report.rows(measured.samples, targets.DIRECT)
    table = Table()
    for number, heading in enumerate(report.HEADINGS):
        table.add_column(heading, justify="left" if number < 2 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*report.cells(row), end_section=row is rows[-1] or row.load != rows[rows.index(row) + 1].load)
    Console(width=140).print(table)
    stem = data.FOLDER / f"query-path-{store}"
    stem.with_suffix(".md").write_text(report.markdown(rows))
    stem.with_suffix(".json").write_text(
        json.dumps(
            {
                "rows": [asdict(row) for row in rows],
                "samples": [asdict(sample) for sample in measured.samples],
                "points compared": measured.compared,
                "points that differ": measured.differing,
            },
            indent=1,
        )
    )
    progress.say(f"{measured.differing} of {measured.compared} points differ from Query's own; see {stem}.json and .md")
    problems = report.missed(rows, BARS, targets.DEFAULT)
    if measured.differing:
        problems.append("answers through the Query Frontend differ")
    for bar in BARS:
        if not any(problem.startswith(str(bar)) for problem in problems):
            progress.say(f"✓ {bar}", "green")
    for problem in problems:
        progress.say(f"✗ {problem}", "red")
    return 1 if problems else 0


def _duration(text: str) -> str:
    try:
        units.duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        progress.say("interrupted: every process has ended", "yellow")
        sys.exit(128 + signal.SIGINT)
    except (tools.ToolError, data.DataError, ProcessError, load.LoadError) as error:
        progress.say(str(error), "red")
        sys.exit(1)
