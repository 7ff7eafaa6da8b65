"""What is told of unused metrics: a table and a filter for people, or JSON."""

import dataclasses
import json
import sys
from dataclasses import dataclass

import yaml
from rich.console import Console
from rich.table import Table

from planner.bucket import RAW_SAMPLE
from planner.query_log import QueryLog
from planner.unused import Saving, Unused
from planner.usage import Usage
from render import Document
from settings.errors import PREFIX

#: Edges, expressions that are shown; JSON has all.
SHOWN = 3
#: Characters of a line where the output is no terminal, and of an expression.
WIDTH, LENGTH = 160, 100


@dataclass(frozen=True)
class Report:
    """What was found."""

    names: int
    """Names of metrics in the ingesters."""
    series: float
    """Their series, without the copies of Receive."""
    used: int
    unused: int
    """Names that may be dropped, however few series they have."""
    log: QueryLog
    usage: Usage
    blocked: bool
    """Whether nothing is proposed because a query may use any metric."""
    dropped: list[Unused]
    saving: Saving
    unknown_edges: list[str]
    """Edges that the stack file does not have: their interval and their number of agents are taken for the defaults."""
    profile: tuple[str, Document]
    """Name and text of the filter."""
    warnings: list[str]
    """Of Query: what it could not ask."""

    def stack_file(self) -> Document:
        """What belongs into the stack file."""
        name, profile = self.profile
        return {"config": {f"{PREFIX}fleet": {"filters": {name: profile}}}}

    def share(self, series: float) -> float:
        return series / self.series


def show(report: Report, output: str) -> None:
    """Prints it to standard output."""
    if output == "json":
        print(json.dumps(as_json(report), indent=2))
    else:
        _text(report, Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else WIDTH))


def as_json(report: Report) -> Document:
    """All of it."""
    return {
        "names": report.names,
        "series": round(report.series),
        "usedNames": report.used,
        "unusedNames": report.unused,
        "queryLog": {
            "from": report.log.first.isoformat() if report.log.first else None,
            "to": report.log.last.isoformat() if report.log.last else None,
            "expressions": len(report.log.expressions),
        },
        "nameless": [{"origin": each.origin, "expression": each.text} for each in report.usage.nameless],
        "unclear": [
            {"origin": each.expression.origin, "expression": each.expression.text, "reason": each.reason}
            for each in report.usage.unclear
        ],
        "unused": [
            {
                "metric": metric.name,
                "series": metric.series,
                "share": report.share(metric.series),
                "edges": dict(metric.edges),
                "reason": metric.reason,
            }
            for metric in report.dropped
        ],
        "saving": {**dataclasses.asdict(report.saving), "share": report.share(report.saving.series)},
        "unknownEdges": report.unknown_edges,
        "warnings": report.warnings,
        "stackFile": report.stack_file() if report.dropped else None,
    }


def _text(report: Report, console: Console) -> None:
    console.print(
        f"{report.names:,} names of metrics with {report.series:,.0f} series are stored; {report.used:,} are used."
    )
    _sources(report, console)
    if not report.dropped:
        console.print("Nothing is proposed.", style="green")
        return
    table = Table("metric", "series", "share", "edges", "why")
    table.columns[0].overflow = "fold"
    for column in table.columns[1:3]:
        column.justify = "right"
    for metric in report.dropped:
        share = f"{report.share(metric.series):.1%}"
        table.add_row(metric.name, f"{metric.series:,}", share, _edges(metric), metric.reason)
    console.print(table)
    saving, share = report.saving, report.share(report.saving.series)
    console.print(
        f"Saving: {saving.series:,} series ({share:.1%}), {saving.samples_per_second:,.0f} samples/s, "
        f"{saving.gigabytes_per_month:,.1f} GB of raw blocks a month "
        f"({RAW_SAMPLE:g} bytes a sample, 30 days, copies merged)."
    )
    console.print("For the stack file, with `filter` at the edges that shall have it:\n")
    print(yaml.safe_dump(report.stack_file(), sort_keys=False, width=WIDTH))


def _sources(report: Report, console: Console) -> None:
    """What the result rests on, and what it lacks."""
    log, found = report.log, report.usage
    if log.first and log.last and log.expressions:
        hours = (log.last - log.first).total_seconds() / 3600
        console.print(
            f"The query log has {len(log.expressions):,} expressions from {log.first:%Y-%m-%d %H:%M} to "
            f"{log.last:%Y-%m-%d %H:%M} UTC ({hours:.1f} h): what nobody asked for in that time is not in it."
        )
    else:
        console.print("The query log has no query: only rules and dashboards say what is used.", style="yellow")
    for warning in report.warnings:
        console.print(f"Query warns that series are missing: {warning}", style="yellow")
    if found.unclear:
        console.print(f"Not understood ({len(found.unclear)}); what they name is taken for used:", style="yellow")
        lines = [f"{each.expression.origin}: {_cut(each.expression.text)} ({each.reason})" for each in found.unclear]
        _some(lines, console)
    if found.nameless:
        effect = "so nothing is proposed. If nobody needs them: --ignore-nameless" if report.blocked else "ignored"
        console.print(f"May use a metric of any name ({len(found.nameless)}), {effect}", style="yellow")
        _some([f"{each.origin}: {_cut(each.text)}" for each in found.nameless], console)
    if report.unknown_edges:
        console.print(
            f"Edges that the stack file does not have, taken for one agent each at the default interval: "
            f"{', '.join(report.unknown_edges)}",
            style="yellow",
        )


def _some(lines: list[str], console: Console) -> None:
    for line in lines[:SHOWN]:
        console.print(f"  {line}")
    if len(lines) > SHOWN:
        console.print(f"  … and {len(lines) - SHOWN} more (--output json)")


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LENGTH else f"{text[:LENGTH]}…"


def _edges(metric: Unused) -> str:
    largest = sorted(metric.edges, key=lambda edge: (-metric.edges[edge], edge))
    rest = len(largest) - SHOWN
    return ", ".join(largest[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
