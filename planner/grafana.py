"""The PromQL in a Grafana dashboard. Pure: from the JSON model, whose panels may be nested in any way.

Variables are replaced as Grafana would, as far as their place says what they are; where one may be the name of a metric
it becomes `usage.VARIABLE`.
"""

import json
import re
from collections.abc import Container, Iterator, Mapping

from planner.usage import VARIABLE, Expression
from render import Json

#: `$name`, `[[name]]`, `${name}`, `${name.field:format}` (packages/grafana-ui of Grafana: variableRegex).
_VARIABLES = re.compile(r"\$(\w+)|\[\[(\w+?)(?::\w+)?\]\]|\$\{(\w+)(?:\.[^:^}]+)?(?::[^}]+)?\}")
#: Grafana's own, by their place in its documentation of global variables.
_DURATIONS = ("__interval", "__rate_interval", "__range")
_NUMBERS = ("__interval_ms", "__rate_interval_ms", "__range_s", "__range_ms", "__from", "__to")

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_RANGE = re.compile(r"\[[^\[\]\"'`]*\]")
_OFFSET = re.compile(rf"\boffset\s+-?\s*{VARIABLE}(?:ms|[smhdwy])?\b")
_DURATION = re.compile(rf"{VARIABLE}(ms|[smhdwy])?")
#: An aggregation is chosen by a variable.
_AGGREGATION = re.compile(rf"(?<![\w:]){VARIABLE}(?=\s*\(|\s+(?:by|without)\b)")
_RANK = re.compile(
    r"\b((?:topk|bottomk|limitk|quantile|histogram_quantile|quantile_over_time)\s*(?:(?:by|without)\s*\([^()]*\)\s*)?\(\s*)"
    rf"{VARIABLE}(?=\s*,)"
)

#: Functions in the query of a variable (Grafana's Prometheus data source).
_LABEL_VALUES = re.compile(r"\s*label_values\(\s*(?:(.*),)?\s*([^,]+?)\s*\)\s*", re.DOTALL)
_LABEL_NAMES = re.compile(r"\s*label_names\(\s*(.*?)\s*\)\s*", re.DOTALL)
_METRICS = re.compile(r"\s*metrics\(\s*(.*?)\s*\)\s*", re.DOTALL)
_QUERY_RESULT = re.compile(r"\s*query_result\((.*)\)\s*", re.DOTALL)


def expressions(dashboard: Json, origin: str) -> list[Expression]:
    """All of a dashboard: panels, annotations, queries of variables. Those of other data sources are left out."""
    numbers = set(_number_variables(dashboard))
    context = promql("\n".join(_texts(dashboard)), numbers)
    texts = [promql(text, numbers) for text in _expressions(dashboard, None)]
    return [Expression(text, origin, context) for text in texts if text.strip()]


def promql(text: str, numbers: Container[str] = ()) -> str:
    """The text with its variables replaced. `numbers`: those of the dashboard's own that stand for numbers."""
    text = _VARIABLES.sub(lambda match: _replaced(match, numbers), text)
    text = _RANGE.sub(lambda match: _DURATION.sub(lambda found: f"5{found[1] or 'm'}", match[0]), text)
    text = _OFFSET.sub("offset 5m", text)
    text = _RANK.sub(r"\g<1>1", text)
    return _AGGREGATION.sub("sum", text)


def _replaced(match: re.Match[str], numbers: Container[str]) -> str:
    name = match[1] or match[2] or match[3]
    if name in _DURATIONS:
        return "5m"
    if name in _NUMBERS or name in numbers:
        return "300"
    return VARIABLE


def _expressions(node: Json, datasource: str | None) -> Iterator[str]:
    """`datasource`: the type of the data source that applies, as far as it is known."""
    if isinstance(node, list):
        for each in node:
            yield from _expressions(each, datasource)
    if not isinstance(node, dict):
        return
    datasource = _datasource(node) or datasource
    if _is_promql(datasource):
        if isinstance(text := node.get("expr"), str):
            yield text
        if node.get("type") == "query" or node.get("kind") == "QueryVariable":
            yield _variable(node.get("query", node.get("spec")))
    for each in node.values():
        yield from _expressions(each, datasource)


def _number_variables(node: Json) -> Iterator[str]:
    """Text boxes and constants that hold a number, e.g. a price: no metric is called so."""
    if isinstance(node, list):
        for each in node:
            yield from _number_variables(each)
    if not isinstance(node, dict):
        return
    if node.get("type") in ("textbox", "constant") or node.get("kind") in ("TextVariable", "ConstantVariable"):
        variable = node.get("spec", node)
        if isinstance(variable, dict) and _NUMBER.fullmatch(str(variable.get("query", ""))):
            yield str(variable.get("name"))
    for each in node.values():
        yield from _number_variables(each)


def _datasource(node: Mapping[str, Json]) -> str | None:
    """The type that a panel, query or variable names: {type: prometheus}, or in the second schema `group`."""
    given = node.get("datasource")
    found = given.get("type") if isinstance(given, dict) else None
    found = found or (node.get("group") if node.get("kind") == "DataQuery" else None)
    return found if isinstance(found, str) else None


def _is_promql(datasource: str | None) -> bool:
    """Mixed panels are of the type `datasource`; an old name alone says nothing of the type."""
    return datasource is None or datasource == "datasource" or "prometheus" in datasource


def _variable(query: Json) -> str:
    """The PromQL in the query of a variable; none for what names no metric, as label_values(job)."""
    while isinstance(query, dict):
        query = query.get("query", query.get("spec"))
    if not isinstance(query, str):
        return ""
    if match := _LABEL_VALUES.fullmatch(query) or _LABEL_NAMES.fullmatch(query):
        return match[1] or ""
    if match := _METRICS.fullmatch(query):
        name = json.dumps(f".*(?:{match[1]}).*")
        return f"{{__name__=~{name}}}"
    if match := _QUERY_RESULT.fullmatch(query):
        return match[1]
    return query


def _texts(node: Json) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for each in node.values():
            yield from _texts(each)
    elif isinstance(node, list):
        for each in node:
            yield from _texts(each)
