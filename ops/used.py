"""Where PromQL is kept in files and logs: rules, dashboards, what was asked."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from ops.errors import OperationError
from planner import grafana, query_log, rule_files
from planner.query_log import QueryLog
from planner.usage import Expression

ROOT = Path(__file__).resolve().parent.parent
#: Evaluated by the stack's own Prometheus servers and Rulers.
OUR_RULES = (ROOT / "alerts" / "prometheus", ROOT / "alerts" / "ruler")
#: Written by `make dashboards`.
OUR_DASHBOARDS = ROOT / "dashboards" / "json"
#: Whoever evaluates rules writes these, and reads them when it starts.
OF_RULES = tuple(Expression(name, "rules make it") for name in ("ALERTS", "ALERTS_FOR_STATE"))


def rules(paths: Iterable[Path]) -> Iterator[Expression]:
    """Of rule files, also all in folders, beside our own. OperationError says which cannot be read."""
    yield from OF_RULES
    for file in _files([*OUR_RULES, *paths], (".yaml", ".yml")):
        try:
            for document in filter(None, yaml.safe_load_all(file.read_text())):
                yield from rule_files.expressions(document, _short(file))
        except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, AttributeError, TypeError) as error:
            raise OperationError(f"{file} is no file of rules: {error}") from None


def dashboards(paths: Iterable[Path]) -> Iterator[Expression]:
    """Of the JSON of Grafana dashboards in folders, beside our own. OperationError says which cannot be read."""
    for file in _files([OUR_DASHBOARDS, *paths], (".json",)):
        try:
            yield from grafana.expressions(json.loads(file.read_text()), _short(file))
        except (OSError, ValueError) as error:
            raise OperationError(f"{file} is no JSON of a dashboard: {error}") from None


def logs(paths: Iterable[Path]) -> Iterator[QueryLog]:
    """Of files with what Query Frontends have logged."""
    for file in paths:
        try:
            with file.open(errors="replace") as lines:
                yield query_log.read(lines, _short(file))
        except OSError as error:
            raise OperationError(f"{file} cannot be read: {error.strerror}") from None


def _files(paths: Iterable[Path], kinds: tuple[str, ...]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
        elif found := sorted(file for file in path.rglob("*") if file.suffix in kinds):
            yield from found
        else:
            raise OperationError(f"{path} has no file that ends with {' or '.join(kinds)}")


def _short(file: Path) -> str:
    return str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else str(file)
