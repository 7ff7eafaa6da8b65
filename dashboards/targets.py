"""What panels ask: PromQL of the data source `$datasource`, TraceQL of `$tempo`.

In PromQL a selector always has its braces, `up{}`, because `stack` and `edges` write the variables' matchers into each.
"""

from dataclasses import dataclass

from grafana_foundation_sdk.builders import prometheus, tempo
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.tempo import SearchTableType

from render.prometheus import CLUSTER

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="${datasource}")
TEMPO = DataSourceRef(type_val="tempo", uid="${tempo}")

#: The stack's own series; what edges write may have the same names and jobs.
_STACK = f'region=~"$region",cluster="{CLUSTER}"'
_EDGES = f'region=~"$region",cluster=~"$cluster",cluster!="{CLUSTER}"'
_ALL = 'region=~"$region",cluster=~"$cluster"'


@dataclass(frozen=True)
class Ask:
    """PromQL, and how its series are called in the legend (Grafana's `{{label}}`)."""

    expr: str
    legend: str
    exemplars: bool = False
    """Shows the traces that are linked with the samples."""


def stack(expr: str, legend: str) -> Ask:
    """About the stack's own processes in the chosen regions."""
    return Ask(_scoped(expr, _STACK), legend)


def edges(expr: str, legend: str) -> Ask:
    """About the chosen edges in the chosen regions."""
    return Ask(_scoped(expr, _EDGES), legend)


def services(expr: str, legend: str, *, exemplars: bool = False) -> Ask:
    """About the chosen services, wherever they run: also in the central cluster, or in none that is named."""
    return Ask(_scoped(expr, f'{_ALL},service=~"$service"'), legend, exemplars)


def over_time(ask: Ask, ref: str) -> prometheus.Dataquery:
    query = _query(ask, ref).range().exemplar(ask.exemplars)
    return query.legend_format(ask.legend)


def now(ask: Ask, ref: str) -> prometheus.Dataquery:
    return _query(ask, ref).instant().legend_format(ask.legend)


def as_table(ask: Ask, ref: str) -> prometheus.Dataquery:
    return _query(ask, ref).instant().format(PromQueryFormat.TABLE)


def traces(traceql: str, *, limit: int) -> tempo.Dataquery:
    query = tempo.Dataquery().ref_id("A").datasource(TEMPO).query_type("traceql")
    return query.query(traceql).limit(limit).table_type(SearchTableType.TRACES)


def service_map(*selectors: str) -> tempo.Dataquery:
    """The graph of the services. `selectors`: PromQL of the series to draw it from, one or the other."""
    query = tempo.Dataquery().ref_id("A").datasource(TEMPO).query_type("serviceMap")
    return query.service_map_query(list(selectors))


def _scoped(expr: str, matchers: str) -> str:
    return expr.replace("{", f"{{{matchers},").replace(",}", "}")


def _query(ask: Ask, ref: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().ref_id(ref).datasource(PROMETHEUS).expr(ask.expr)
