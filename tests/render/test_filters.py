"""What each filter profile drops of what real programs expose."""

import functools
import re
from collections.abc import Iterable

import promql_parser
import pytest
import re2
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from render import filters
from settings.edges import Filter
from tests.engine import ROOT

#: source -> (name, series); how they were counted is in the first line of each file.
MEASURED = {
    path.stem: [(name, int(count)) for name, count in map(str.split, path.read_text().splitlines()[1:])]
    for path in sorted((ROOT / "tests/data/metrics").glob("*.txt"))
}
MEASURED["all"] = [each for pairs in MEASURED.values() for each in pairs]
NAMES = {name for name, _ in MEASURED["all"]}
#: What none of the measured programs exposed, with an example each.
NOT_SEEN = {
    "prober_probe_duration_seconds_bucket": "appears with the first probe that succeeds",
    "rest_client_rate_limiter_duration_seconds_bucket": "of client-go, which that build leaves out",
    "rest_client_request_duration_seconds_bucket": "of client-go, which that build leaves out",
    "container_blkio_device_usage_total": "only where a container uses a device of its own",
    "container_network_udp6_usage_total": "off in the kubelet; other cAdvisors expose it",
    "kube_validatingwebhookconfiguration_info": "there was no webhook",
}
#: What kube-prometheus's rules and dashboards ask about workloads, volumes and nodes, and what nothing works without.
NEEDED = (ROOT / "tests/data/needed_metrics.txt").read_text().splitlines()[1:]
#: Of applications: whatever begins like a part of Kubernetes and is none.
APPLICATIONS = [
    "http_request_duration_seconds_bucket",
    "grpc_server_handled_total",
    "jvm_memory_used_bytes",
    "orders_total",
    "nginx_ingress_controller_request_duration_seconds_bucket",
    "controller_runtime_reconcile_time_seconds_bucket",
    "etcd_server_has_leader",
    "etcd_disk_wal_fsync_duration_seconds_bucket",
    "scheduler_jobs_total",
    "scheduler_runs_bucket",
    "storage_uploads_total",
    "volume_of_trades",
    "prober_version",
    "node_version_info",
    "container_ships",
    "go_to_market_total",
    "kube_custom_resource_status",
    "apiserver_proxy_hits_total",
]


compiled = functools.cache(re2.compile)


def kept(rules: list[dict], name: str) -> bool:
    """Prometheus's semantics: rules one after the other, expressions of RE2 that match the whole name."""
    for rule in rules:
        assert rule["source_labels"] == ["__name__"]
        if (compiled(rule["regex"]).fullmatch(name) is not None) != (rule["action"] == "keep"):
            return False
    return True


def sent(profile: str, names: Iterable[str] = NAMES) -> set[str]:
    rules = filters.relabeling(profile, {})
    return {name for name in names if kept(rules, name)}


def share_dropped(profile: str, source: str) -> float:
    left = sent(profile)
    gone = sum(count for name, count in MEASURED[source] if name not in left)
    return gone / sum(count for _, count in MEASURED[source])


def test_the_documented_shares_are_the_measured_ones():
    text = (ROOT / "docs/filtering.md").read_text()
    documented = re.findall(r"^\| ([\w-]+) \| ([\d,]+) \| (\d+ %) \| (\d+ %) \|$", text, re.MULTILINE)
    assert documented == [
        (
            source,
            f"{sum(count for _, count in pairs):,}",
            f"{share_dropped('default', source):.0%}".replace("%", " %"),
            f"{share_dropped('lean', source):.0%}".replace("%", " %"),
        )
        for source, pairs in MEASURED.items()
    ]


def test_everything_is_sent_by_the_profile_everything():
    assert filters.relabeling("everything", {}) == []


def test_default_saves_half_and_lean_sends_no_name_that_default_does_not():
    assert share_dropped("default", "all") > 0.5
    assert sent("lean") < sent("default")


@pytest.mark.parametrize("profile", filters.PROFILES)
def test_what_rules_and_dashboards_of_workloads_and_nodes_need_is_always_sent(profile):
    assert sent(profile, NEEDED) == set(NEEDED)


@pytest.mark.parametrize("profile", filters.PROFILES)
def test_the_metrics_of_applications_are_not_ours_to_drop(profile):
    assert sent(profile, APPLICATIONS) == set(APPLICATIONS)


@pytest.mark.parametrize("profile", filters.PROFILES)
def test_what_the_regions_own_rules_ask_for_is_always_sent(profile):
    names = set()

    def visit(node: object) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            names.add(node.name)

    for path in ROOT.glob("alerts/ruler/*.yaml"):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                promql_parser.walk(promql_parser.parse(rule["expr"]), visit)
    assert "up" in names
    assert sent(profile, names) == names


@pytest.mark.parametrize("profile", ["default", "lean"])
def test_every_expression_drops_something_that_a_program_exposes(profile):
    idle = [
        regex
        for regex in filters.PROFILES[profile].drop
        if not any(compiled(regex).fullmatch(name) for name in [*NAMES, *NOT_SEEN])
    ]
    assert not idle, "misspelt, or of another release"


def test_the_examples_of_what_was_not_seen_are_dropped_and_were_not_seen():
    assert not sent("lean", NOT_SEEN)
    assert not set(NOT_SEEN) & NAMES


def test_a_summary_goes_with_its_quantiles():
    family = {name for name in NAMES if name.startswith("go_gc_duration_seconds")}
    assert len(family) == 3
    mistaken = {"own": filters.Profile(drop=["go_gc_duration_seconds_.*"])}
    assert [name for name in family if kept(filters.relabeling("own", mistaken), name)] == ["go_gc_duration_seconds"]
    assert not sent("default", family)


def test_sum_and_count_of_a_histogram_stay_with_default():
    family = {f"apiserver_request_duration_seconds{suffix}" for suffix in ("_bucket", "_sum", "_count")}
    assert family <= NAMES
    assert sent("default", family) == family - {"apiserver_request_duration_seconds_bucket"}


def test_an_own_profile_builds_on_another():
    own = {"mine": filters.Profile(extends="default", keep=["shop_.*", "up"], drop=["shop_debug_.*"])}
    rules = filters.relabeling("mine", own)
    assert [rule["action"] for rule in rules] == ["drop", "keep", "drop"]
    assert rules[0] == filters.relabeling("default", {})[0]
    names = ["shop_orders", "shop_debug_x", "up", "go_goroutines", "kubernetes_feature_enabled"]
    assert [name for name in names if kept(rules, name)] == ["shop_orders", "up"]


def test_a_filter_of_the_settings_is_a_profile():
    made = filters.Profile(**Filter(drop=["a"]).model_dump())
    assert filters.relabeling("mine", {"mine": made})[1:] == [
        {"source_labels": ["__name__"], "regex": "a", "action": "drop"}
    ]


EXPRESSIONS = st.lists(st.sampled_from(["a", "b.*", "c|d", "(a|b)c", "(?i)a", "(?i:B)", "[cd]+", "a{2}", "", "^b$"]))


@settings(deadline=None)
@given(keep=EXPRESSIONS, drop=EXPRESSIONS, name=st.text("abcdABCD", min_size=1, max_size=3))
def test_expressions_of_one_list_do_not_change_each_other(keep, drop, name):
    def any_matches(expressions: list[str]) -> bool:
        return any(compiled(each).fullmatch(name) for each in expressions)

    own = {"mine": filters.Profile(keep=keep, drop=drop)}
    expected = (not keep or any_matches(keep)) and not any_matches(drop)
    assert kept(filters.relabeling("mine", own), name) == expected
