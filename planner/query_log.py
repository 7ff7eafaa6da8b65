"""The queries that a Query Frontend has logged. Pure: from its lines in logfmt.

As read in Thanos v0.42 (internal/cortex/frontend/transport/handler.go) and seen on its binary: with
`--query-frontend.force-query-stats`, which our stacks set, every request makes a line "query stats", however long it
took; the slow ones make another, "slow query detected". Both have each parameter of the request as `param_<name>`, and
join several values by commas.
"""

import datetime
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from planner.usage import Expression

_FIELD = re.compile(r'(\S+?)=("(?:[^"\\]|\\.)*"|\S*)')
#: One of several selectors with commas between them.
_SELECTOR = re.compile(
    r"""(?: "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | `[^`]*`
          | \{ (?: "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | `[^`]*` | [^}"'`] )* \} | [^,{"'`] )+""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class QueryLog:
    """What a log says."""

    first: datetime.datetime | None
    """Of its first line; None: there is none."""
    last: datetime.datetime | None
    expressions: tuple[Expression, ...]
    """Each once."""


def read(lines: Iterable[str], origin: str) -> QueryLog:
    """Reads the log of one process."""
    first = last = None
    found: dict[str, Expression] = {}
    for line in lines:
        fields = {name: _value(text) for name, text in _FIELD.findall(line)}
        if time := _time(fields.get("ts", "")):
            first, last = first or time, time
        if fields.get("msg") in ("query stats", "slow query detected"):
            for text in _expressions(fields):
                found.setdefault(text, Expression(text, origin))
    return QueryLog(first, last, tuple(found.values()))


def merged(logs: Iterable[QueryLog]) -> QueryLog:
    """Of processes that share the queries. It begins only where all of them do, and ends where the last does."""
    logs = list(logs)
    texts = {each.text: each for log in logs for each in log.expressions}
    return QueryLog(
        max((log.first for log in logs if log.first), default=None),
        max((log.last for log in logs if log.last), default=None),
        tuple(texts.values()),
    )


def _expressions(fields: dict[str, str]) -> Iterator[str]:
    if text := fields.get("param_query"):
        yield text
    for text in _SELECTOR.findall(fields.get("param_match[]", "")):
        yield text.strip()


def _value(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _time(text: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
