"""What is wrong with the JSON of a dashboard, beside its PromQL."""

import re
from collections.abc import Iterable, Iterator, Mapping

from dashboards import expressions

#: Where a value has to be judged at a glance.
_JUDGED = ("stat", "gauge", "table")
#: Grafana's own, https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#global-variables
_OWN = re.compile(r"__\w+")


def problems(dashboard: Mapping, uids: Iterable[str]) -> list[str]:
    """`uids`: of all dashboards that there are."""
    panels = dashboard["panels"]
    found = [f"{each['title']}: {what}" for each in panels if each["type"] != "row" for what in _of_panel(each)]
    titles = [each["title"] for each in panels if each["type"] != "row"]
    found += [f"{title}: is the title of two panels" for title in sorted(set(titles)) if titles.count(title) > 1]
    return [*found, *_of_grid(panels), *_of_variables(dashboard), *_of_links(dashboard, set(uids))]


def _of_panel(panel: Mapping) -> Iterator[str]:
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    if not panel.get("title") or not panel.get("description"):
        yield "has no title or no description"
    if not defaults.get("unit"):
        yield "has no unit"
    if panel["type"] in _JUDGED and not defaults.get("thresholds", {}).get("steps"):
        yield "has no thresholds"
    if not panel.get("targets"):
        yield "asks nothing"
    ids = [target.get("refId") for target in panel.get("targets", [])]
    if len(ids) != len(set(ids)):
        yield "has two queries of one name"
    for source in [panel.get("datasource"), *(target.get("datasource") for target in panel.get("targets", []))]:
        if source not in (
            {"type": "prometheus", "uid": "${datasource}"},
            {"type": "tempo", "uid": "${tempo}"},
        ):
            yield f"asks {source}, which is not the reader's choice"
    for target in panel.get("targets", []):
        if target["datasource"]["type"] == "tempo":
            yield from _of_tempo(target)


def _of_tempo(target: Mapping) -> Iterator[str]:
    """There is no parser of TraceQL for Python: only its braces and quotes are looked at."""
    if target["queryType"] == "traceql" and not balanced(target["query"]):
        yield f"{target['query']} is no TraceQL"
    if target["queryType"] == "serviceMap" and not target.get("serviceMapQuery"):
        yield "is a map of all services, whatever is chosen"


def balanced(text: str) -> bool:
    """Each bracket and each quote has its other half."""
    text = re.sub(r'"[^"]*"|\$\{\w+(:\w+)?\}', "", text)
    if '"' in text:
        return False
    while (shorter := re.sub(r"\(\w*[^(){}]*\)|\{[^(){}]*\}", "", text)) != text:
        text = shorter
    return not re.search(r"[(){}]", text)


def _of_grid(panels: Iterable[Mapping]) -> Iterator[str]:
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        grid = panel["gridPos"]
        if grid["x"] + grid["w"] > 24:
            yield f"{panel['title']}: is wider than the page"
        for x in range(grid["x"], grid["x"] + grid["w"]):
            for y in range(grid["y"], grid["y"] + grid["h"]):
                if (x, y) in taken:
                    yield f"{panel['title']}: lies on {taken[x, y]}"
                    return
                taken[x, y] = panel["title"]


def _of_variables(dashboard: Mapping) -> Iterator[str]:
    variables = dashboard["templating"]["list"]
    names = [each["name"] for each in variables]
    texts = [text for key in ("panels", "templating", "links") for text in _texts(dashboard[key])]
    used = {name for text in texts for name in expressions.names(text) if not _OWN.fullmatch(name)}
    if unknown := used - set(names):
        yield f"uses variables that it does not have: {', '.join(sorted(unknown))}"
    if unused := set(names) - used:
        yield f"has variables that nothing uses: {', '.join(sorted(unused))}"
    for index, each in enumerate(variables):
        before = set(names[:index])
        if late := {name for text in _texts(each) for name in expressions.names(text)} - before - {"__all"}:
            yield f"{each['name']} needs {', '.join(sorted(late))}, which comes later"


def _of_links(dashboard: Mapping, uids: set[str]) -> Iterator[str]:
    found = [match[1] for text in _texts(dashboard) if (match := re.match(r"/d/([\w-]+)", text))]
    for uid in set(found) - uids:
        yield f"leads to {uid}, which does not exist"
    if set(found) | {dashboard["uid"]} < uids:
        yield "does not lead to each of the others"


def _texts(node: object) -> Iterator[str]:
    match node:
        case str():
            yield node
        case Mapping():
            for each in node.values():
                yield from _texts(each)
        case list():
            for each in node:
                yield from _texts(each)
