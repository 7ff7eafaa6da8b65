"""What edges send and nobody asks for, and a filter against it. `make unused-metrics STACK=apac`.

It changes nothing. docs/unused-metrics.md says how to read the result, and what it cannot know.
"""

import argparse
import contextlib
import datetime
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import re2

from local import progress
from ops import interruption, stored, unused_report, used
from ops.errors import OperationError
from ops.read_path import Ask, ReadPath
from ops.stack import Stack
from ops.unused_report import Report
from planner import query_log, unused
from planner.query_log import QueryLog
from planner.unused import Unused
from planner.usage import Expression, Usage, usage
from render import units
from settings import RegionSettings
from settings.edges import Edge, Filter

#: Seconds between two lines of progress.
INTERVAL = 5


@dataclass(frozen=True)
class Choice:
    """What is proposed of all that is not used."""

    keep: Sequence[str] = ()
    """Regular expressions (RE2) of whole names that are never proposed."""
    top: int = 100
    min_series: int = 100
    profile: str = "trimmed"
    """Name of the filter."""
    ignore_nameless: bool = False


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    stack = Stack(options.stack, options.config_file)
    choice = Choice(options.keep, options.top, options.min_series, options.filter, options.ignore_nameless)
    try:
        # Standard output is for the result alone.
        with contextlib.redirect_stdout(sys.stderr), interruption.kept():
            settings = stack.settings()
            expressions = [*used.rules(options.rules), *used.dashboards(options.dashboards)]
            region = ReadPath(stack.context(), settings.namespace, stack.region)
            log = query_log.merged(used.logs(options.query_log) if options.query_log else _logs(region, options.since))
            report = find(region.ask, settings, expressions, log, choice)
        unused_report.show(report, options.output)
        return 0
    except KeyboardInterrupt:
        _fail("\ninterrupted; nothing was changed")
        return 128 + signal.SIGINT
    except OperationError as error:
        _fail(str(error))
        return 1


def find(ask: Ask, settings: RegionSettings, expressions: list[Expression], log: QueryLog, choice: Choice) -> Report:
    """Compares what is stored with what is used."""
    with progress.step("names of metrics in the ingesters"):
        names = stored.names(ask, settings.receive.replication_factor)
    found = usage([*expressions, *log.expressions])
    use = found.used(names.series)
    reasons = {} if _blocked(found, choice) else unused.candidates(names.series, use, choice.keep)
    # One that is too small already with all that is in the heads is not counted.
    small = {name for name in reasons if names.series[name] < choice.min_series}
    counted, warnings = _count(ask, {name: names.series[name] for name in reasons.keys() - small})
    known, other = {edge.name: edge for edge in settings.edges}, Edge(name="unknown")
    metrics = [
        Unused(
            name,
            {edge: series * known.get(edge, other).replicas for edge, series in edges.items()},
            reasons[name],
        )
        for name, edges in counted.items()
    ]
    dropped = unused.proposed(metrics, top=choice.top, min_series=choice.min_series)
    edges = {edge for metric in dropped for edge in metric.edges}
    intervals = {edge: units.duration(known.get(edge, other).scrape_interval).total_seconds() for edge in edges}
    existing = settings.fleet.filters.get(choice.profile, Filter())
    return Report(
        names=len(names.series),
        series=names.total,
        used=len(use),
        unused=len(reasons),
        log=log,
        usage=found,
        blocked=_blocked(found, choice),
        dropped=dropped,
        saving=unused.saving(dropped, intervals),
        unknown_edges=sorted(edges - known.keys()),
        profile=(choice.profile, unused.filter_profile(dropped, **existing.model_dump())),
        warnings=sorted({*names.warnings, *warnings}),
    )


def _blocked(found: Usage, choice: Choice) -> bool:
    return bool(found.nameless) and not choice.ignore_nameless


def _count(ask: Ask, series: dict[str, float]) -> tuple[dict[str, dict[str, int]], list[str]]:
    """Series by name and edge, and warnings."""
    if not series:
        return {}, []
    counted: dict[str, dict[str, int]] = {}
    warnings: list[str] = []
    with progress.step(f"series of {len(series):,} names by edge", speaks=True):
        questions = stored.questions(series, stored.edges(ask, datetime.datetime.now(datetime.UTC)))
        said = time.monotonic()
        for number, (found, told) in enumerate(stored.count(ask, questions), 1):
            for name, edges in found.items():
                counted.setdefault(name, {}).update(edges)
            warnings += told
            if time.monotonic() - said > INTERVAL:
                progress.say(f"          … {number} of {len(questions)} questions", "dim")
                said = time.monotonic()
    return counted, warnings


def _logs(region: ReadPath, since: datetime.timedelta) -> list[QueryLog]:
    found: list[QueryLog] = []
    for pod in region.frontends():
        with progress.step(f"query log of {pod}"):
            found.append(query_log.read(region.log(pod, int(since.total_seconds())), f"query log of {pod}"))
    return found


def _fail(text: str) -> None:
    with contextlib.redirect_stdout(sys.stderr):
        progress.say(text, "red")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ops.unused_metrics", description=__doc__)
    parser.add_argument("--stack", required=True, help="the stack of the region")
    parser.add_argument("--config-file", type=Path, help="the stack file, if it is not Pulumi.<stack>.yaml")
    files: dict[str, Any] = {"type": Path, "action": "append", "default": []}
    parser.add_argument("--rules", help="more files or folders of rules, beside alerts/", metavar="PATH", **files)
    boards = "folder with the JSON of more Grafana dashboards, beside dashboards/json"
    parser.add_argument("--dashboards", help=boards, metavar="DIR", **files)
    parser.add_argument("--query-log", help="file of a Query Frontend's log, in place of the pods'", **files)
    parser.add_argument("--since", type=_duration, default="24h", help="how far back the pods' log is read (24h)")
    keep = "metrics that are used elsewhere, e.g. by rules that edges evaluate (RE2, whole names)"
    parser.add_argument("--keep", type=_regex, action="append", default=[], metavar="REGEX", help=keep)
    parser.add_argument("--top", type=int, default=Choice.top, help="at most so many metrics (%(default)s)")
    parser.add_argument(
        "--min-series", type=int, default=Choice.min_series, help="none with fewer series (%(default)s)"
    )
    parser.add_argument("--filter", default=Choice.profile, help="name of the filter (%(default)s)")
    nameless = 'do not count queries such as {job="x"}, which may use any metric, as a use'
    parser.add_argument("--ignore-nameless", action="store_true", help=nameless)
    parser.add_argument("--output", choices=("text", "json"), default="text")
    return parser


def _duration(text: str) -> datetime.timedelta:
    try:
        return units.duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} {error}") from None


def _regex(text: str) -> str:
    try:
        re2.compile(text)
    except re2.error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression of RE2") from None
    return text


if __name__ == "__main__":
    sys.exit(main())
