"""What the dashboards that are checked in ask, with values in place of their variables."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from dashboards import FOLDER
from render import Document

#: `$name`, `${name}` and `${name:format}`; not `$1`, which is label_replace's.
_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)|\$\{(\w+)(?::\w+)?\}")
#: Grafana's own, where they are not given.
_INTERVALS = {"__rate_interval": "5m", "__interval": "1m", "__range": "6h"}

Asked = tuple[str, str, str]
"""uid of a dashboard, title of a panel in it, what the panel asks."""


def expressions(values: Mapping[str, str], folder: Path = FOLDER) -> Iterator[Asked]:
    """All PromQL of all panels. `values`: of each variable, as it is put into the text, so a regular expression for
    those that are matched by `=~`. Text boxes that are not given have their defaults. KeyError names a variable that
    has no value.
    """
    yield from _asked("prometheus", "expr", values, folder)


def traceql(values: Mapping[str, str], folder: Path = FOLDER) -> Iterator[Asked]:
    """All TraceQL of all panels, in the same way."""
    yield from _asked("tempo", "query", values, folder)


def resolved(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables replaced. KeyError names one that has no value."""
    known = {**_INTERVALS, **values}
    return _VARIABLE.sub(lambda match: known[match[1] or match[2]], text)


def names(text: str) -> set[str]:
    """The variables in a text."""
    return {match[1] or match[2] for match in _VARIABLE.finditer(text)}


def defaults(dashboard: Document) -> dict[str, str]:
    """What its text boxes say until somebody writes into them."""
    return {each["name"]: each["query"] for each in dashboard["templating"]["list"] if each["type"] == "textbox"}


def _asked(kind: str, key: str, values: Mapping[str, str], folder: Path) -> Iterator[Asked]:
    for path in sorted(folder.glob("*.json")):
        dashboard = json.loads(path.read_text())
        known = {**defaults(dashboard), **values}
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                if target["datasource"]["type"] == kind and key in target:
                    yield dashboard["uid"], panel["title"], resolved(target[key], known)
