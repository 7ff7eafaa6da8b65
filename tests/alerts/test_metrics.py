"""Every metric and label that a rule asks for is there when the real programs run."""

import time
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml

from tests.alerts import running
from tests.engine import ROOT

SECONDS = 120
#: No Tempo runs here; what the real one shows was written down.
TEMPO_FILE, TEMPO_METRICS = ROOT / "alerts/prometheus/tempo.yaml", ROOT / "tests/data/metrics/tempo.prom"
FILES = sorted(set(ROOT.glob("alerts/prometheus/*.yaml")) - {TEMPO_FILE})
#: About the edges, of which there is none here: their agents are the same program as the stack's Prometheus.
RULER_FILES = sorted(ROOT.glob("alerts/ruler/*.yaml"))
#: Selectors that find nothing here, and why. That the names exist was read in the source.
NOT_SEEN = {
    'thanos_receive_head_series_limited_requests_total{job="receive-router"}': "appears with the first refusal",
    'thanos_bucket_store_queries_dropped_total{job="store"}': "appears with the first refusal",
    'memcached_up{job="memcached"}': "no exporter runs here",
    'memcached_current_connections{job="memcached"}': "no exporter runs here",
    'memcached_max_connections{job="memcached"}': "no exporter runs here",
}


def rules(files: list[Path]) -> Iterator[dict]:
    for path in files:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def selectors() -> list[str]:
    found = set()

    def visit(node: object) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            matchers = ",".join(_matcher(matcher) for matcher in node.matchers.matchers)
            found.add(f"{node.name}{{{matchers}}}" if matchers else node.name)

    for rule in rules(FILES):
        promql_parser.walk(promql_parser.parse(rule["expr"]), visit)
    return sorted(found)


def names(files: list[Path]) -> set[str]:
    found = set()

    def visit(node: object) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.add(node.name)

    for rule in rules(files):
        promql_parser.walk(promql_parser.parse(rule["expr"]), visit)
    return found - {rule.get("record") for rule in rules(files)}


def _matcher(matcher: promql_parser.Matcher) -> str:
    sign = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}[str(matcher.op).rpartition(".")[2]]
    return f'{matcher.name}{sign}"{matcher.value}"'


@pytest.fixture(scope="module")
def region(tmp_path_factory, rendered):
    """Everything runs and is used until every metric has appeared, or a time in which it would have."""
    with running.region(tmp_path_factory.mktemp("region"), rendered) as started:
        deadline = time.monotonic() + SECONDS
        while _unseen(started) - set(NOT_SEEN) and time.monotonic() < deadline:
            started.use()
            time.sleep(1)
        yield started


def _unseen(region: running.Region) -> set[str]:
    try:
        return {each for each in selectors() if not region.ask("prometheus", "/api/v1/series", **{"match[]": each})}
    except OSError:  # the Prometheus is not up yet
        return set(selectors())


def test_every_metric_that_a_rule_asks_of_tempo_is_one_that_tempo_has_shown():
    kinds = dict(line.split()[2:] for line in TEMPO_METRICS.read_text().splitlines() if line.startswith("# TYPE "))
    shown = {*kinds, *(f"{name}_count" for name, kind in kinds.items() if kind == "histogram")}
    assert names([TEMPO_FILE]) - shown == {"up"}


@pytest.mark.plugins
def test_every_metric_that_a_rule_asks_for_is_scraped_with_its_labels(region):
    assert _unseen(region) == set(NOT_SEEN)


@pytest.mark.plugins
def test_every_metric_that_the_ruler_asks_for_is_one_of_prometheus(region):
    wanted = names(RULER_FILES)
    found = {
        name
        for name in wanted
        if region.ask("prometheus", "/api/v1/series", **{"match[]": f'{name}{{job="prometheus"}}'})
    }
    assert found == wanted


@pytest.mark.plugins
@pytest.mark.parametrize("process", ["prometheus", "ruler"])
def test_every_rule_can_be_evaluated_on_what_the_programs_say(process, region):
    """Only data shows that two sides of an operator match ambiguously. One endpoint of Query is down all the time."""
    deadline, health = time.monotonic() + SECONDS, {}
    while set(health.values()) != {("ok", None)} and time.monotonic() < deadline:
        time.sleep(1)
        groups = region.ask(process, "/api/v1/rules")["groups"]
        health = {
            rule["name"]: (rule["health"], rule.get("lastError") or None) for group in groups for rule in group["rules"]
        }
    assert set(health.values()) == {("ok", None)}, health
