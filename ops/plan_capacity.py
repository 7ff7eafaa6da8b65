"""What a region needs with more edges: `make plan STACK=apac EDGES=50`. Reads the stack file and nothing else.

docs/capacity.md says how to read what it prints.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ops.errors import OperationError
from ops.stack import ROOT, Stack
from planner import bucket, chart
from planner.capacity import Pods
from planner.fleet import Edge, Fleet, mean
from render import units
from settings import RegionSettings, edges, sizing

#: The chart goes so far.
CHARTED = 100
GIGA, GIBI = 10**9, 2**30


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.plan_capacity", description=__doc__)
    parser.add_argument("--stack", required=True, help="the stack of the region")
    parser.add_argument("--edges", required=True, type=int, help="the number of edges to plan for, 1 to 10,000")
    parser.add_argument("--chart", type=Path, help="where the chart goes; .cache/capacity-<stack>.svg unless given")
    parser.add_argument("--config-file", type=Path, help="the stack file, if it is not Pulumi.<stack>.yaml")
    options = parser.parse_args(arguments)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    try:
        if not 1 <= options.edges <= 10_000:
            raise OperationError(
                f"EDGES is {options.edges}: must be 1 to 10000, because that many clusters are planned for"
            )
        stack = Stack(options.stack, options.config_file)
        region = stack.settings(sizing="unchecked").model_copy(update={"sizing": "auto"})
        report(console, region, options.edges)
        path = options.chart or ROOT / ".cache" / f"capacity-{stack.region}.svg"
        write(path, drawn(region, options.edges))
        console.print(f"chart over 1 to {CHARTED} edges: {path}", soft_wrap=True)
    except OperationError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        return 1
    return 0


def report(console: Console, region: RegionSettings, count: int) -> None:
    """Prints the stack file's own sizes, those proposed for `count` edges, and what would be refused with so many."""
    now = sizing.described(region)
    then = now.grown(count, typical(now))
    counts, filled, proposed = sizing.counts(region), sizing.sized(region), sizing.planned(region, then)
    console.print(f"{region.region}: {load(now)} in the stack file; planned for {load(then)}.")
    each = typical(now)
    console.print(
        f"Counted for each further edge: {each.sent:,.0f} series, {each.rate:,.0f} samples a second, "
        f"{'the mean of those there are' if now.edges else 'the defaults of an edge, since the stack file has none'}."
    )
    table = Table("component", f"stack file ({len(now.edges)} edges)", f"proposed ({count} edges)", "difference")
    for name, pods in proposed.items():
        part = sizing.PARTS[name]
        written = {kind: sizing.at(filled, path) for kind, path in part.sizes.items()}
        today = Pods(counts[name], written.get("cpu", pods.cpu), written["memory"], written.get("storage"))
        table.add_row(name, shown(today), shown(pods), difference(today, pods))
    table.add_section()
    before, after = bucket.stored(now), bucket.stored(then)
    for label, kind in (("raw", "raw"), ("5m", "five_minutes"), ("1h", "one_hour"), ("in all", "total")):
        old, new = getattr(before, kind) / GIGA, getattr(after, kind) / GIGA
        table.add_row(f"S3, GB a month: {label}", f"{old:,.0f}", f"{new:,.0f}", f"{new - old:+,.0f}")
    console.print(table)
    console.print(
        "S3: what is stored on average once retention has begun to delete, i.e. GB-months on each month's bill."
    )
    if refused := list(sizing.too_small(region, then)):
        console.print(f"With {count} edges the stack file would be refused:", style="yellow")
        for found in refused:
            console.print(f"  {found.path} is {found.value!r}: {found.problem}", markup=False, soft_wrap=True)


def typical(fleet: Fleet) -> Edge:
    """The mean of the edges, or one of which nothing is said if there are none."""
    return mean(fleet.edges) if fleet.edges else sizing.edge(edges.Edge(name="any"))


def load(fleet: Fleet) -> str:
    """How much is sent."""
    return f"{len(fleet.edges)} edges ({fleet.series:,.0f} series, {fleet.rate:,.0f} samples a second)"


def shown(pods: Pods) -> str:
    """All pods of a component."""
    volume = f", {pods.storage} volume" if pods.storage else ""
    return f"{pods.count} x {pods.cpu} CPU, {pods.memory}{volume}"


def difference(before: Pods, after: Pods) -> str:
    """Of all pods together."""
    parts = [f"{after.count - before.count:+d} pods"] if after.count != before.count else []
    for kind, unit, name in (("cpu", 1, " CPU"), ("memory", GIBI, "Gi"), ("storage", GIBI, "Gi volume")):
        if change := (total(after, kind) - total(before, kind)) / unit:
            parts.append(f"{change:+,.4g}{name}")
    return ", ".join(parts) or "-"


def total(pods: Pods, kind: str) -> float:
    """Cores or bytes of all pods."""
    return pods.count * float(units.quantity(getattr(pods, kind) or "0"))


def drawn(region: RegionSettings, count: int) -> str:
    """The chart: receivers, memory and bytes in the bucket."""
    now = sizing.described(region)
    fleets = [now.grown(number, typical(now)) for number in range(1, CHARTED + 1)]
    plans = [sizing.planned(region, fleet) for fleet in fleets]
    blocks = [bucket.stored(fleet) for fleet in fleets]
    receivers = {f"{name}s": [plan[name].count for plan in plans] for name in ("ingester", "router")}
    memory = {
        "ingesters": [total(plan["ingester"], "memory") / GIBI for plan in plans],
        "all others": [
            sum(total(pods, "memory") for name, pods in plan.items() if name != "ingester") / GIBI for plan in plans
        ],
    }
    kept = {"raw": "raw", "5m": "five_minutes", "1h": "one_hour"}
    stored = {label: [getattr(each, kind) / GIGA / 1000 for each in blocks] for label, kind in kept.items()}
    each = typical(now)
    return chart.svg(
        f"{region.region}: what 1 to {CHARTED} edges need",
        f"each further edge: {each.sent:,.0f} series, {each.rate:,.0f} samples a second; "
        f"{now.replication_factor} copies; sizes with headroom",
        [
            chart.Panel("Receivers, pods", receivers),
            chart.Panel("Memory of all pods, GiB", memory),
            chart.Panel("In S3, TB", stored),
        ],
        {"now": len(now.edges), "planned": count} if len(now.edges) != count else {"now": count},
    )


def write(path: Path, text: str) -> None:
    """OperationError if it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        raise OperationError(
            f"the chart cannot be written to {path}: {error.strerror}. Give another path: CHART=..."
        ) from None


if __name__ == "__main__":
    sys.exit(main())
