"""Panels in one style. Unit, thresholds and description have no default: whoever reads a panel needs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import TypeAlias

from grafana_foundation_sdk.builders import common, nodegraph, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import DashboardLink, ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
)

from dashboards import targets
from dashboards.targets import Ask

Panel: TypeAlias = timeseries.Panel | stat.Panel | table.Panel | nodegraph.Panel

HEIGHT, STAT_HEIGHT = 8, 4

Thresholds = Sequence[tuple[float | None, str]]
"""(from which value on, colour); the first from nothing on."""
#: There is no good or bad of it.
NEUTRAL: Thresholds = ((None, "blue"),)


def above(bad: float, worry: float | None = None) -> Thresholds:
    """Red from `bad` on, orange from `worry` on."""
    return ((None, "green"), *([] if worry is None else [(worry, "orange")]), (bad, "red"))


def below(bad: float, worry: float | None = None) -> Thresholds:
    """Red below `bad`, orange below `worry`."""
    if worry is None:
        return ((None, "red"), (bad, "green"))
    return ((None, "red"), (bad, "orange"), (worry, "green"))


def graph(
    title: str, description: str, *asks: Ask, unit: str, thresholds: Thresholds, span: int = 8, stacked: bool = False
) -> timeseries.Panel:
    """Lines over time. `stacked`: areas that add up."""
    limits = [value for value, _ in thresholds if value is not None]
    style = GraphThresholdsStyleMode.LINE if limits else GraphThresholdsStyleMode.OFF
    legend = common.VizLegendOptions().show_legend(True).display_mode(LegendDisplayMode.LIST)
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(targets.PROMETHEUS)
        .unit(unit)
        .min(0)
        .thresholds(_thresholds(thresholds))
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(style))
        .legend(legend.placement(LegendPlacement.BOTTOM))
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .fill_opacity(20 if stacked else 0)
        .span(span)
        .height(HEIGHT)
    )
    if stacked:
        panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    return panel.targets([targets.over_time(ask, ref) for ref, ask in zip(ascii_uppercase, asks, strict=False)])


def number(
    title: str, description: str, ask: Ask, *, unit: str, thresholds: Thresholds, span: int = 4, opens: str = ""
) -> stat.Panel:
    """One value as of now. `opens`: the uid of the dashboard behind it."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(targets.PROMETHEUS)
        .unit(unit)
        .thresholds(_thresholds(thresholds))
        .color_mode(BigValueColorMode.VALUE)
        .graph_mode(BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .span(span)
        .height(STAT_HEIGHT)
        .targets([targets.now(ask, "A")])
    )
    return panel.data_links([link(opens)]) if opens else panel


@dataclass(frozen=True)
class Column:
    """A column of a table: one value for each set of labels."""

    name: str
    ask: Ask
    unit: str
    thresholds: Thresholds


def rows(title: str, description: str, *columns: Column, unit: str, thresholds: Thresholds) -> table.Panel:
    """A table of the whole width: a row for each set of labels. `unit`, `thresholds`: of what a column does not say."""
    panel = (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(targets.PROMETHEUS)
        .unit(unit)
        .thresholds(_thresholds(thresholds))
        .span(24)
        .height(2 * HEIGHT)
        .transformations(
            [
                DataTransformerConfig(id_val="merge", options={}),
                DataTransformerConfig(id_val="organize", options={"excludeByName": {"Time": True}}),
            ]
        )
        .targets([targets.as_table(each.ask, ref) for ref, each in zip(ascii_uppercase, columns, strict=False)])
    )
    for ref, each in zip(ascii_uppercase, columns, strict=False):
        properties = {
            "displayName": each.name,
            "unit": each.unit,
            "thresholds": _thresholds(each.thresholds).build(),
            "custom.cellOptions": {"type": "color-text"},
        }
        panel.override_by_name(
            f"Value #{ref}", [DynamicConfigValue(id_val=name, value=value) for name, value in properties.items()]
        )
    return panel


def found_traces(title: str, description: str, traceql: str, *, unit: str, thresholds: Thresholds) -> table.Panel:
    """The newest traces that a TraceQL query finds."""
    panel = table.Panel().title(title).description(description).datasource(targets.TEMPO)
    panel.unit(unit).thresholds(_thresholds(thresholds)).span(12).height(HEIGHT + 2)
    return panel.targets([targets.traces(traceql, limit=20)])


def service_map(title: str, description: str, *selectors: str, unit: str, thresholds: Thresholds) -> nodegraph.Panel:
    panel = nodegraph.Panel().title(title).description(description).datasource(targets.TEMPO)
    panel.unit(unit).thresholds(_thresholds(thresholds)).span(12).height(HEIGHT + 2)
    return panel.targets([targets.service_map(*selectors)])


def link(uid: str) -> DashboardLink:
    """To another dashboard, with the time and the variables of this one."""
    return DashboardLink(f"Open {uid}").url(f"/d/{uid}?${{__url_time_range}}&${{__all_variables}}")


def _thresholds(thresholds: Thresholds) -> ThresholdsConfig:
    steps = [Threshold(value=value, color=color) for value, color in thresholds]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
