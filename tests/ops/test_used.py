"""What counts as used without being given."""

from ops import used
from planner.usage import usage


def test_what_our_own_dashboards_ask_for_is_used():
    found = usage(used.dashboards([]))
    names = {"traces_spanmetrics_latency_bucket", "memcached_items_evicted_total", "nobody_asks_for_it"}
    assert found.used(names).keys() == names - {"nobody_asks_for_it"}
    assert not found.nameless
    assert not found.unclear
