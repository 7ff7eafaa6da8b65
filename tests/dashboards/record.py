"""Writes tests/data/exposed anew: `python -m tests.dashboards.record`. Runs the programs of a region for two minutes.

One file a process, and in it a line a metric: its name, its type, and the labels that it has there. Not what every Go
program has. tempo.txt was made in the same way of a Tempo 3.0.3, which does not run here, with a folder for a bucket.
"""

import re
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from render import alerts
from tests.alerts import running
from tests.engine import ROOT

FOLDER = ROOT / "tests" / "data" / "exposed"
SECONDS = 120
_TYPE = re.compile(r"# TYPE (\S+) (\S+)")
_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+")
_LABEL = re.compile(r'(\w+)="(?:[^"\\]|\\.)*"')

Exposed = dict[str, tuple[str, set[str]]]


def exposed(text: str) -> Exposed:
    """Name of each series -> type of its family, names of its labels."""
    types = dict(_TYPE.findall(text))
    found: Exposed = {}
    for name, labels in _samples(text):
        family = name if name in types else re.sub(r"_(bucket|sum|count)$", "", name)
        found.setdefault(name, (types.get(family, "untyped"), set()))[1].update(labels)
    return found


def _samples(text: str) -> Iterator[tuple[str, list[str]]]:
    for line in text.splitlines():
        if match := _SAMPLE.match(line):
            yield match[1], _LABEL.findall(match[2] or "")


def lines(metrics: Exposed) -> str:
    kept = sorted(name for name in metrics if not name.startswith(("go_", "process_")))
    return "".join(" ".join([name, metrics[name][0], *sorted(metrics[name][1])]) + "\n" for name in kept)


def _scraped(url: str) -> Exposed:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return exposed(answer.read().decode())
    except OSError:  # not up yet
        return {}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "rules"
        for name in ("prometheus", "ruler"):
            (rules / name).mkdir(parents=True)
            for file, text in alerts.load(ROOT / "alerts" / name, "https://runbooks.example.com").items():
                (rules / name / file).write_text(text)
        found: dict[str, Exposed] = {}
        with running.region(Path(folder), rules) as region:
            deadline = time.monotonic() + SECONDS
            while time.monotonic() < deadline:
                region.use()
                time.sleep(1)
            for process in region.http:
                found[process] = _scraped(region.url(process, "/metrics"))
    for process, metrics in found.items():
        (FOLDER / f"{process}.txt").write_text(lines(metrics))
        print(f"{process}: {len(metrics)} metrics")
    return 0


if __name__ == "__main__":
    sys.exit(main())
