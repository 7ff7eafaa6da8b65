"""Sizes that follow from the edges: what is filled in, what is refused, and what is only told."""

import copy
import itertools
import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stack_file
from ops.errors import OperationError
from ops.stack import Stack
from planner import bucket
from planner.fleet import Edge, Fleet
from render import units
from settings import RegionSettings, sizing
from tests.engine import ROOT, Recording, run_main
from tests.ops.region import STACK_FILE
from tests.regions import REGION, configured, problem, problems, refusal

ZONES = ["eu-1a", "eu-1b", "eu-1c"]


def fleet(count: int, series: int = 200_000, **edge: object) -> dict:
    """The smallest settings of a region, with edges whose own volumes hold whatever they send."""
    alike = {"series": series, "storage": "1Ti", **edge}
    return {**REGION, "edges": [{"name": f"edge-{index}", **alike} for index in range(count)]}


def parse(count: int, series: int = 200_000, **parts: object) -> RegionSettings:
    return stack_file.parse({**fleet(count, series), **parts})


def sizes(region: RegionSettings) -> dict[str, float]:
    paths = [path for part in sizing.PARTS.values() for path in part.sizes.values()]
    return {path: float(units.quantity(sizing.at(region, path))) for path in paths}


def enough(region: dict) -> dict:
    """The settings with as many receivers as are proposed."""
    planned = sizing.planned(stack_file.parse({**region, "sizing": "unchecked"}))
    receive = {"ingesters": planned["ingester"].count, "routers": planned["router"].count}
    return {**region, "receive": {**region.get("receive", {}), **receive}}


#: A refusal: path and the least that will do.
ASKED = re.compile(r"observability:(\S+) is \S+: must be at least (\S+) ")


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 50), st.integers(1, 1_000_000), st.sampled_from(["5s", "15s", "30s", "7m"]), st.sampled_from([1, 3])
)
def test_what_refusals_ask_for_is_enough(count, series, interval, copies):
    def tiny() -> dict:
        return {"cpu": "1m", "memory": "32Mi"}

    receive = {"router": tiny(), "ingester": tiny(), "storage": "1Gi", "replicationFactor": copies}
    values = {**fleet(count, series, scrapeInterval=interval), "receive": receive, "prometheus": {"resources": tiny()}}
    values |= {"compactor": {"resources": tiny(), "storage": "1Gi"}, "store": {"storage": "1Gi"}}
    for path, least in ASKED.findall("\n".join(problems(values))):
        values = changed(values, path, least)
    assert refusal(values) is None


def changed(values: dict, path: str, value: str) -> dict:
    found = copy.deepcopy(values)
    *parents, key = path.split(".")
    target = found
    for parent in parents:
        target = target[parent]
    target[key] = value
    return found


def test_without_edges_nothing_is_filled_in_or_refused():
    tiny = {"cpu": "1m", "memory": "32Mi"}
    given = {"receive": {"ingester": tiny, "router": tiny, "storage": "1Gi"}, "store": {"storage": "1000Ti"}}
    found = stack_file.parse({**REGION, **given})
    assert sizes(found) == sizes(stack_file.parse({**REGION, **given, "sizing": "unchecked"}))
    assert found.receive.ingester.memory == "32Mi"
    assert sizing.too_large(found) == []


def test_a_small_fleet_keeps_every_default():
    assert sizes(parse(2, 100_000)) == sizes(stack_file.parse(REGION))


def test_what_is_left_out_is_the_planned_size_and_what_is_given_stays():
    receive = {"ingesters": 30, "routers": 7, "storage": "100Gi"}
    found = parse(50, receive=receive, compactor={"resources": {"cpu": "2", "memory": "10Gi"}})
    assert (found.receive.ingester.cpu, found.receive.ingester.memory) == ("6", "12Gi")
    assert (found.receive.router.cpu, found.receive.router.memory) == ("3", "3Gi")
    assert found.receive.storage == "100Gi"
    assert (found.compactor.resources.memory, found.compactor.storage) == ("10Gi", "3072Gi")
    assert (found.receive.ingesters, found.receive.routers) == (30, 7)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 60), st.integers(1, 1_000_000), st.sampled_from(["5s", "30s", "5m"]), st.booleans())
def test_sizes_are_never_less_than_the_defaults_and_what_is_filled_in_is_accepted(count, series, interval, zones):
    region = fleet(count, series, scrapeInterval=interval)
    region["receive"] = {"zones": ZONES if zones else []}
    unlimited = enough(region)
    if unlimited["receive"]["ingesters"] > 60 or unlimited["receive"]["routers"] > 50:
        return
    found = stack_file.parse(unlimited)
    defaults = sizes(stack_file.parse(REGION))
    assert all(size >= defaults[path] for path, size in sizes(found).items())
    assert list(sizing.too_small(found)) == []
    assert sizing.too_large(found) == []


def test_all_that_sizes_follow_from_is_taken_from_the_stack_file():
    hour = timedelta(hours=1)
    values = {
        **fleet(1, 500, scrapeInterval="15s", replicas=2),
        "receive": {
            "replicationFactor": 5,
            "ingesters": 10,
            "zones": [f"zone-{letter}" for letter in "abcde"],
            "tenancy": "perEdge",
            "tsdbRetention": "5h",
            "outOfOrderWindow": "2h",
        },
        "compactor": {
            "retention": {"raw": "48h", "fiveMinutes": "400h", "oneHour": "0s"},
            "deleteDelay": "9h",
            "concurrency": 3,
        },
        "store": {"replicas": 3, "hashShards": 4, "timeShards": ["14d"]},
        "prometheus": {"mode": "remoteWrite", "replicas": 3, "scrapeInterval": "1h", "retention": "7h"},
    }
    assert sizing.described(stack_file.parse(values)) == Fleet(
        edges=(Edge(500, hour / 240, 2),),
        replication_factor=5,
        zones=5,
        shared=False,
        tsdb_retention=5 * hour,
        out_of_order_window=2 * hour,
        raw=48 * hour,
        five_minutes=400 * hour,
        one_hour=0 * hour,
        delete_delay=9 * hour,
        compactions=3,
        store_shards=4,
        # Gateway, Compactor, Stores, Prometheus, Query, its frontend, two caches, Ruler.
        pods=2 + 1 + 3 * 4 * 2 + 3 + 2 + 2 + 3 + 3 + 2,
        prometheus_servers=3,
        prometheus_interval=hour,
        prometheus_retention=7 * hour,
        prometheus_writes=True,
    )


def test_another_number_of_ingesters_changes_no_size():
    few, many = (parse(10, receive={"ingesters": count}) for count in (6, 12))
    assert sizes(few) == sizes(many)


def test_of_a_hundred_edges_that_come_one_by_one_few_roll_the_ingesters():
    def resources(count: int) -> object:
        return stack_file.parse(enough(fleet(count))).receive.ingester

    changed = sum(old != new for old, new in itertools.pairwise(resources(count) for count in range(1, 101)))
    assert changed <= 5


def test_too_few_ingesters_are_refused_with_the_command_that_adds_them():
    values = {**fleet(50), "receive": {"routers": 7}}
    assert problems(values) == [
        "observability:receive.ingesters is 3: must be at least 20 (30 are proposed), because 50 edges have 10,000,000 "
        "series, 333,333 samples a second, each with 3 copies (docs/capacity.md); before these edges are in the stack "
        "file, run `make scale-receive STACK=eu TO=30`"
    ]


def test_the_number_that_is_asked_for_is_enough_and_one_less_is_not():
    receive = {"routers": 5, "ingesters": 20}
    assert parse(50, receive=receive)
    assert "receive.ingesters is 19: must be at least 20" in problem(
        "receive.ingesters", 19, {**fleet(50), "receive": receive}
    )
    assert "receive.routers is 4: must be at least 5 (7 are" in problem(
        "receive.routers", 4, {**fleet(50), "receive": receive}
    )


def test_the_number_that_is_asked_for_goes_evenly_over_zones():
    values = {**fleet(50), "receive": {"routers": 7, "zones": ZONES}}
    assert "must be at least 21 (30 are proposed)" in problem("receive.ingesters", 18, values)


def test_the_command_takes_a_stack_file_without_the_new_edges_and_refuses_fewer_ingesters_than_edges_need(tmp_path):
    def stack(name: str, edges: int) -> Stack:
        text = STACK_FILE.replace("{receive}", "{routers: 7}")
        listed = "".join(f"\n    - {{name: edge-{index}, series: 200000}}" for index in range(edges))
        (tmp_path / name).write_text(f"{text}\n  observability:edges:{listed or ' []'}\n")
        return Stack("apac", tmp_path / name)

    assert stack("few.yaml", 5).settings(30).receive.ingesters == 30
    with pytest.raises(OperationError, match=r"must be at least 20 \(30 are proposed\)"):
        stack("many.yaml", 50).settings(6)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (
            "receive.ingester",
            {"cpu": "1", "memory": "12Gi"},
            "receive.ingester.cpu is '1': must be at least 3400m (6 is",
        ),
        (
            "receive.ingester",
            {"cpu": "6", "memory": "2Gi"},
            "receive.ingester.memory is '2Gi': must be at least 8Gi (12Gi",
        ),
        (
            "receive.storage",
            "1Gi",
            "receive.storage is '1Gi': must be at least 11Gi (50Gi is proposed), because 50 edges",
        ),
        ("receive.router", {"cpu": "100m", "memory": "3Gi"}, "receive.router.cpu is '100m': must be at least 2 (3 is"),
        ("compactor.storage", "100Gi", "compactor.storage is '100Gi': must be at least 1503Gi (3072Gi is proposed)"),
        (
            "store.storage",
            "10Gi",
            "store.storage is '10Gi': must be at least 41Gi (64Gi is proposed), because 50 edges",
        ),
        ("prometheus.resources", {"cpu": "1", "memory": "64Mi"}, "prometheus.resources.memory is '64Mi': must be at"),
    ],
)
def test_a_size_that_is_too_small_is_refused_with_what_is_needed_and_why(path, value, expected):
    base = {**fleet(50), "receive": {"ingesters": 30, "routers": 7}}
    assert problem(path, value, base).startswith(f"observability:{expected}")


def test_the_old_plans_receivers_are_refused():
    old = {"replicationFactor": 3, "ingesters": 5, "ingester": {"cpu": "1", "memory": "2Gi"}, "routers": 7}
    found = problems({**fleet(50), "receive": old})
    assert found[1] == (
        "observability:receive.ingester.memory is '2Gi': must be at least 47Gi (12Gi is proposed with 30 pods, not 5), "
        "because 50 edges have 10,000,000 series, 333,333 samples a second, each with 3 copies (docs/capacity.md)"
    )
    assert [line.split(" is ")[0] for line in found] == [
        "observability:receive.ingester.cpu",
        "observability:receive.ingester.memory",
    ]


def test_fewer_and_larger_ingesters_are_as_right():
    large = {"ingesters": 6, "ingester": {"cpu": "30", "memory": "64Gi"}, "storage": "100Gi", "routers": 7}
    found = parse(50, receive=large)
    assert found.receive.ingester.memory == "64Gi"
    assert sizing.too_large(found) == []


def test_what_nobody_declared_is_never_refused():
    tiny = {"resources": {"cpu": "1m", "memory": "32Mi"}}
    assert parse(20, 100_000, receive={"ingesters": 6}, query=tiny, queryFrontend=tiny, gateway=tiny, store=tiny)


def test_unchecked_sizes_are_as_written_or_default():
    found = parse(50, sizing="unchecked", receive={"ingester": {"cpu": "1", "memory": "2Gi"}})
    written = stack_file.parse({**REGION, "receive": {"ingester": {"cpu": "1", "memory": "2Gi"}}})
    assert sizes(found) == sizes(written)


def test_what_is_far_too_large_is_told_once_and_not_refused(monkeypatch):
    warned = []
    monkeypatch.setattr("pulumi.warn", warned.append)
    values = {**fleet(1), "receive": {"ingesters": 15, "storage": "500Gi"}, "alerting": {"alertmanagers": []}}
    assert run_main("eu", configured(values), recording=Recording()).resources
    assert warned == [
        "observability:receive.storage is '500Gi': more than 4 times what is proposed (50Gi), although 1 edge has "
        "200,000 series, 6,667 samples a second, each with 3 copies (docs/capacity.md)",
        "observability:receive.ingesters is 15: more than 4 times what is proposed (3), although 1 edge has 200,000 "
        "series, 6,667 samples a second, each with 3 copies (docs/capacity.md)",
    ]


@pytest.mark.parametrize(("column", "count"), [(1, 10), (2, 30), (3, 50)])
def test_the_documentation_says_what_the_model_says(column, count):
    lines = (ROOT / "docs" / "capacity.md").read_text().splitlines()
    table = {
        cells[0]: cells for line in lines if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 4
    }

    def said(row: str) -> str:
        return table[row][column]

    region = stack_file.parse({**fleet(count), "sizing": "unchecked"})
    planned, stored = sizing.planned(region), bucket.stored(sizing.described(region))
    each = planned["ingester"]
    short = problem("receive.ingesters", 3, {**fleet(count), "receive": {"routers": 7}})
    assert f"at least {said('ingesters (at the least)').split('(')[1].strip(')')} (" in short
    assert said("ingesters (at the least)").split()[0] == str(each.count)
    assert said("each ingester: CPU, memory, volume") == f"{each.cpu}, {each.memory}, {each.storage}"
    router, compactor, store = planned["router"], planned["compactor"], planned["store"]
    assert said("routers: CPU, memory") == f"{router.count}: {router.cpu}, {router.memory}"
    assert said("Compactor: memory, volume") == f"{compactor.memory}, {compactor.storage}"
    assert said("each Store: memory, volume") == f"{store.memory}, {store.storage}"
    kept = [stored.raw, stored.five_minutes, stored.one_hour, stored.total]
    assert said("S3: raw, 5m, 1h, in all (TB)") == ", ".join(f"{size / 1e12:.2f}" for size in kept)


def test_the_sizes_reach_the_pods_and_the_claims():
    values = {**fleet(50), "receive": {"ingesters": 30, "routers": 7}}
    made = run_main("eu", configured(values)).of("StatefulSet")
    (ingesters,) = (found.inputs for found in made if "ingester" in found.inputs["metadata"]["name"])
    container = ingesters["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"]["requests"] == {"cpu": "6", "memory": "12Gi"}
    (compactor,) = (found.inputs for found in made if "compactor" in found.inputs["metadata"]["name"])
    assert compactor["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] == "3072Gi"
