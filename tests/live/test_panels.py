"""What the panels of the dashboards ask is asked of the global Query, which has both regions."""

import re
import time

import pytest

from dashboards.expressions import Asked, expressions
from local import node, platform, stacks
from tests.live.cluster import api, query, until

pytestmark = pytest.mark.live

EVERYTHING = {"region": "apac|eu", "cluster": ".*", "service": ".*"}
#: Only a Tempo has them.
OF_TRACES = re.compile(r"\b(traces|tempo|tempodb)_|/traces|job=\"tempo\"")
#: What goes wrong, and what comes of blocks, the first of which takes two hours: a platform that has just come up has
#: nothing to show.
MAY_BE_EMPTY = {
    ("compactor", "Compactions by resolution"),
    ("compactor", "Downsampled by resolution"),
    ("compactor", "Downsampling that failed"),
    ("compactor", "Last upload"),
    ("query", "Failures"),
    ("receive", "Writes refused, of each tenant"),
    ("receive", "Refused by the limit of series"),
    ("receive", "Writes at a time"),
    ("receive", "Refused by limits of a request"),
    ("tempo", "Refused, of each edge"),
    ("tempo", "Refused"),
    ("tempo", "Errors"),
}


@pytest.fixture(scope="module")
def used(machine) -> None:
    """Somebody looks at dashboards of both regions for a minute: Query Frontends have something to count."""
    fronts = [
        platform.reached(platform.outputs(machine, region)["query_frontend_http_url"]) for region in stacks.REGIONS
    ]
    for _ in range(6):
        for url in fronts:
            now = time.time()
            api(url, "query_range", query="sum(up)", start=str(now - 3600), end=str(now), step="60")
        time.sleep(10)


def without_data(machine: node.Node, asked: list[Asked]) -> list[Asked]:
    url = platform.query_url(machine, "global")
    return [(uid, title, promql) for uid, title, promql in asked if not query(url, promql)["data"]["result"]]


def all_answered(machine: node.Node, *, of_traces: bool) -> None:
    asked = [each for each in expressions(EVERYTHING) if bool(OF_TRACES.search(each[2])) is of_traces]
    sound = [each for each in asked if each[:2] not in MAY_BE_EMPTY]
    assert len(sound) > 0.7 * len(asked) > 10
    without_data(machine, [each for each in asked if each not in sound])  # it is PromQL all the same

    def missing() -> list[Asked]:
        nonlocal sound
        sound = without_data(machine, sound)
        return sound

    try:
        until(lambda: not missing(), seconds=240, every=10)
    except AssertionError:
        raise AssertionError("without data: " + "\n".join(map(str, sound))) from None


def test_every_panel_has_data(machine, used):
    all_answered(machine, of_traces=False)


def test_every_panel_about_traces_has_data(machine, used):
    if not platform.outputs(machine, stacks.REGIONS[0])["tempo_http_url"]:
        pytest.skip("Tempo did not run: its image cannot be pulled here, so panels about traces have nothing to show")
    all_answered(machine, of_traces=True)
