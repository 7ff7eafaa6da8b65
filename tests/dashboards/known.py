"""The metrics that there are: what real programs have shown, and what our rules record."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import promql_parser
import yaml

from tests.dashboards import promql
from tests.engine import ROOT

#: What a series gets from whoever scrapes or stores it: render/prometheus.py, render/agent.py, Receive. `cluster` is
#: also a label of the span metrics, by the dimension that Tempo is given for it.
FROM_OUTSIDE = {"region", "cluster", "namespace", "pod", "container", "job", "instance", "tenant_id"}
#: Endings of names that only counters have.
_COUNTERS = ("_total", "_bucket", "_count", "_sum")


@dataclass(frozen=True)
class Metric:
    counter: bool
    labels: frozenset[str] | None
    """None: it may have any."""


def _exposition(text: str) -> dict[str, Metric]:
    """Of the types of families (`# TYPE x counter`), and of series with names of their labels (`x{a,b}`)."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            endings = {"histogram": _COUNTERS[1:], "summary": _COUNTERS[2:]}.get(kind, ())
            found |= {name + ending: Metric(True, None) for ending in endings}
            if kind != "histogram":
                found[name] = Metric(kind == "counter", None)
        elif not line.startswith("#"):
            name, _, own = line.rstrip("}").partition("{")
            found[name] = Metric(name.endswith(_COUNTERS), frozenset(own.split(",")) | FROM_OUTSIDE)
    return found


@functools.cache
def metrics() -> Mapping[str, Metric]:
    found: dict[str, Metric] = {}
    for path in sorted(ROOT.glob("tests/data/metrics/*.txt")):
        for name, _ in map(str.split, path.read_text().splitlines()[1:]):
            found[name] = Metric(name.endswith(_COUNTERS), None)
    for path in sorted(ROOT.glob("tests/data/metrics/*.prom")):
        found.update(_exposition(path.read_text()))
    labels: dict[str, set[str]] = {}
    for path in sorted(ROOT.glob("tests/data/exposed/*.txt")):
        for line in path.read_text().splitlines():
            if not line.startswith("#"):
                name, kind, *own = line.split()
                counter = kind == "counter" or (kind in ("histogram", "summary") and name.endswith(_COUNTERS[1:]))
                labels.setdefault(name, set()).update(own)
                found[name] = Metric(counter, frozenset(labels[name] | FROM_OUTSIDE))
    for path in sorted(ROOT.glob("alerts/*/*.yaml")):
        for group in yaml.safe_load(path.read_text()).get("groups", []):
            for rule in group["rules"]:
                if "record" in rule:
                    kept = promql.labels(promql_parser.parse(rule["expr"]), found)
                    found[rule["record"]] = Metric(False, frozenset(kept | {"region", "cluster"}) if kept else None)
    return found
