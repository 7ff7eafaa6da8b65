"""What all dashboards have: their variables, and the links from each to the others."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
    TextBoxVariable,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from dashboards import targets
from dashboards.panels import Panel

#: uid -> title.
TITLES = {
    "overview": "Services: rate, errors, duration, traces",
    "fleet": "Edges",
    "receive": "Write path: gateway and Receive",
    "compactor": "Compactor, retention and bucket",
    "query": "Read path: Query, caches and Stores",
    "tempo": "Tempo",
    "cost": "What it costs",
}
#: Where the regions and edges are known from: what Prometheus says of itself, and what the Ruler records of each edge.
_REGIONS = 'label_values(thanos_build_info{cluster="central"}, region)'
_EDGES = 'label_values(cluster:up:count{region=~"$region"}, cluster)'


def page(uid: str, description: str, *, since: str = "now-6h") -> Dashboard:
    """A dashboard with the variables `datasource` and `region`. `since`: from when on it shows, in Grafana's words."""
    found = (
        Dashboard(TITLES[uid])
        .uid(uid)
        .description(description)
        .tags(["observability"])
        .time(since, "now")
        .refresh("1m")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .links([_link(other) for other in TITLES if other != uid])
    )
    # The one that the stack provisions, wherever there are several.
    source = DatasourceVariable("datasource").label("Metrics").type("prometheus")
    found.with_variable(source.current(VariableOption(text="thanos", value="thanos")))
    return found.with_variable(choice("region", "Region", _REGIONS, all_value=".+"))


def with_edges(found: Dashboard) -> Dashboard:
    """Adds the variable `cluster`: edges that have been heard of."""
    return found.with_variable(choice("cluster", "Edge", _EDGES, all_value=".+"))


def with_tempo(found: Dashboard) -> Dashboard:
    """Adds the variable `tempo`: whose traces are shown, one region's."""
    return found.with_variable(DatasourceVariable("tempo").label("Traces").type("tempo"))


def choice(name: str, label: str, query: str, *, all_value: str) -> QueryVariable:
    """Any number of a label's values. `all_value`: the regular expression that stands for all of them."""
    variable = QueryVariable(name).label(label).datasource(targets.PROMETHEUS)
    variable.query({"query": query, "refId": name}).definition(query)
    variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)
    variable.multi(True).include_all(True).all_value(all_value)
    return variable.current(VariableOption(text=["All"], value=["$__all"]))


def figure(name: str, label: str, default: float | str, description: str) -> TextBoxVariable:
    """A number that the reader may replace."""
    value = str(default)
    variable = TextBoxVariable(name).label(label).description(description).default_value(value)
    option = VariableOption(text=value, value=value)
    return variable.current(option).options([option])


def row(found: Dashboard, title: str, panels: Sequence[Panel]) -> None:
    """A heading, and panels below it from left to right. Their spans have to fill lines of 24."""
    found.with_row(Row(title))
    for panel in panels:
        found.with_panel(panel)


def _link(uid: str) -> DashboardLink:
    link = DashboardLink(TITLES[uid]).type(DashboardLinkType.LINK).icon("dashboard").url(f"/d/{uid}")
    return link.include_vars(True).keep_time(True)
