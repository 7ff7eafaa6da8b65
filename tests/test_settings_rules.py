"""Each rule of a region's settings, broken once: what is said of it."""

import pytest

import labels
import stack_file
from tests.engine import run_main
from tests.regions import GLOBAL, REGION, configured, problem, problems, region

ZONES = ["eu-1a", "eu-1b", "eu-1c"]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("receive.ring", 4, "must be 1 to receive.ingesters (3), because routers would wait for pods"),
        ("receive.ring", 0, "must be 1 to receive.ingesters (3), because"),
        ("receive.routers", True, "must be a valid integer: the number of pods that forward"),
        ("receive.outOfOrderWindow", "-1h", "must be a duration such as 24h or 1d12h"),
        ("receive.outOfOrderWindow", "300y", "must be a duration such as 24h or 1d12h"),
        ("receive.tsdbRetention", "20000w", "must be at most 292 years, because Prometheus counts"),
        ("receive.storage", "9Ei", "must be less than 8Ei, because Kubernetes counts"),
        ("receive.maxExemplars", -1, "greater than or equal to 0: exemplars kept in memory"),
        ("receive.maxExemplars", 10**9, "less than or equal to 10000000: exemplars kept in memory"),
        ("receive.replicationProtocol", "grpc", "must be 'protobuf' or 'capnproto': between routers and ingesters"),
        ("receive.tenancy", "perTenant", "must be 'shared' or 'perEdge': shared: one TSDB"),
        ("receive.zones", ["eu-1a", "eu-1b"], "must be none or at least 3 zones, because with two the loss of one"),
        ("receive.zones", ["eu-1a", "eu-1b", "eu-1a"], "must name each zone once, because each gets a StatefulSet"),
        ("receive.zones", [*ZONES, "eu-1d"], "must divide receive.ingesters (3), because a zone with more"),
        ("receive.limits.maxConcurrency", -1, "must be greater than or equal to 0: requests that run at a time"),
        ("receive.limits.request.samples", 10**30, "must be less than or equal to 1000000000000: samples per request"),
        ("receive.limits.metaMonitoringUrl", "prometheus:9090", "must match pattern '^https?:"),
        ("compactor.retention.raw", "1d", "must be at least 40h, because 5m data is made of raw blocks of 40 h"),
        ("compactor.retention.raw", "39h59m59s", "must be at least 40h, because"),
        ("compactor.retention.fiveMinutes", "9d", "below 10d the Compactor refuses to start"),
        ("compactor.retention.fiveMinutes", "10d", "must be at least 16d, because 1h data is made of 5m blocks of 14"),
        ("compactor.retention.fiveMinutes", "15d", "what is deleted before has no 1h data"),
        ("compactor.retention.oneHour", "20d", "must be at least fiveMinutes (30d), because the coarser one answers"),
        ("compactor.deleteDelay", "59m", "must be at least 1h, because Stores have to learn"),
        ("compactor.concurrency", 0, "must be greater than or equal to 1: compactions at a time"),
        ("compactor.downsampleConcurrency", 17, "must be less than or equal to 16: blocks that are downsampled"),
        ("store.replicas", 0, "must be greater than or equal to 1: pods of each shard"),
        ("store.hashShards", 33, "must be less than or equal to 32: parts of each group"),
        ("store.timeShards", ["90d", "14d"], "must rise, because each age ends one group of Stores"),
        ("store.timeShards", ["14d", "2w"], "must rise, because"),
        ("store.timeShards", [f"{age}d" for age in range(1, 7)], "must have at most 5 items: ages at which"),
        ("store.blockSyncInterval", "4s", "must be at least 5s, because each look costs a LIST request"),
        ("store.limits.series", -1, "must be greater than or equal to 0: series per request"),
        ("caches.backend", "inMemory", "must be 'memcached' or 'redis': made by the stack, or there already"),
        ("caches.backend", "redis", "observability:caches.redis is None: must be set, because caches.backend is redis"),
        ("caches.redis", {"address": "redis:6379"}, "must not be set, because caches.backend is memcached"),
        ("caches.query.memory", "40000000", "must be whole Mi, because memcached counts in them"),
        ("caches.query.maxItemSize", "1500Ki", "must be whole Mi up to 1Gi, because both sides"),
        ("caches.query.maxItemSize", "5MiB", "must be a Kubernetes quantity such as 500m"),
        ("caches.store.maxItemSize", "512Ki", "must be at least 1Mi, because that is memcached's own limit"),
        (
            "caches.store.maxItemSize",
            "1025Mi",
            "must be at most half of memory (2Gi), because memcached does not start",
        ),
        ("caches.store.connections", 63, "must be greater than or equal to 64: connections that each pod takes"),
        ("caches.store.cpu", "lots", "must be a Kubernetes quantity such as 500m"),
        ("queryFrontend.minSplitInterval", "30m", "must be at least 1h, because every part costs a query of its own"),
        ("queryFrontend.maxSplitInterval", "12h", "must be at least minSplitInterval (24h), because it is the longer"),
        ("queryFrontend.cacheFreshness", "30s", "must be at least 1m, because the last samples may still be on"),
        ("queryFrontend.verticalShards", 65, "must be less than or equal to 64: parts of each query"),
        ("queryFrontend.logQueriesLongerThan", "10", "must be a duration such as 24h or 1d12h"),
        ("prometheus.mode", "agent", "must be 'sidecar' or 'remoteWrite': sidecar: uploads blocks"),
        ("prometheus.replicas", 4, "must be less than or equal to 3: servers that scrape the same"),
        ("prometheus.retention", "5h", "must be at least 6h, because a block has to be there until the sidecar"),
        ("prometheus.scrapeInterval", "1s", "must be at least 5s, because every sample costs"),
        ("ruler.mode", "both", "must be 'stateless' or 'stateful': stateless: writes results"),
        ("ruler.evaluationInterval", "0s", "must be at least 5s, because every evaluation is a query"),
        ("tempo.retention", "14d", "must be whole hours, 1h to 99999h, because Tempo knows no larger unit"),
        ("tempo.retention", "0h", "must be whole hours"),
        ("tempo.retention", "90m", "must be whole hours"),
        ("tempo.storage", "1G", "must be at least 1Gi, because the write-ahead log"),
        ("tempo.limits.bytesPerSecond", 40_000_000, "one Tempo carries 25 to 35 MB, or 55,000 to 80,000 spans"),
        ("tempo.limits.burstBytes", 0, "one push that is larger is always refused"),
        ("tempo.limits.traceBytes", 1, "of one trace; its spans beyond that are refused"),
        ("tempo.limits.liveTraces", 1, "traces that still get spans"),
        ("tempo.metricsGenerator.maxActiveSeries", 1, "what more spans would make is dropped"),
        ("tempo.metricsGenerator.dimensions", ["a.b", "a_b"], "must differ in more than dots, because these become _"),
        ("tempo.metricsGenerator.dimensions", [f"a{n}" for n in range(11)], "at most 10 items: attributes of spans"),
        ("alerting.runbookUrl", "runbooks", "must match pattern '^https?:"),
        ("tls.serverName", "*.example", "the name in every certificate"),
        ("tls.secretName", "Thanos", "must be 2 to 63 lower-case letters, digits and hyphens"),
        ("tls.issuer", {"name": "company", "kind": "Vault"}, "must be 'Issuer' or 'ClusterIssuer': an Issuer has to"),
        ("storageClass", 3, "must be a string, in quotes, because YAML reads it"),
        ("objectStore.lifecycle.noncurrentVersionDays", 0, "must be greater than or equal to 1: how long replaced"),
        ("objectStore.lifecycle.expirationDays", 10_000, "because S3 would delete objects by their age"),
        ("objectStore.lifecycle.expirationDays", 0, "because S3 would delete objects by their age"),
    ],
)
def test_a_value_that_breaks_a_rule_is_named_with_path_value_rule_and_reason(path, value, expected):
    found = problem(path, value)
    assert expected in found
    if isinstance(value, str | int | float) and path != "caches.backend":
        assert found.startswith(f"observability:{path} is {value!r}: must ")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("receive.ingesters", 60),
        ("receive.tsdbRetention", "3h"),
        ("receive.maxExemplars", 0),
        ("receive.zones", ZONES),
        ("compactor.retention", {"raw": "40h", "fiveMinutes": "16d", "oneHour": "16d"}),
        ("compactor.retention", {"raw": "0s", "fiveMinutes": "0s", "oneHour": "0s"}),
        ("compactor.retention.oneHour", "0s"),
        ("compactor.deleteDelay", "1h"),
        ("store.timeShards", ["1d", "2w", "90d"]),
        ("caches.query", {"memory": "32Mi", "maxItemSize": "16Mi"}),
        ("caches", {"backend": "redis", "redis": {"address": "redis.example:6379"}}),
        ("receive.limits", {"headSeries": 1, "metaMonitoringUrl": "http://prometheus:9090"}),
        ("tls", {}),
    ],
)
def test_the_edge_of_a_rule_is_right(path, value):
    assert stack_file.parse(region(path, value))


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (
            "receive",
            {"ingesters": 2},
            "observability:receive.replicationFactor is 3: must be at most receive.ingesters (2), because each copy",
        ),
        (
            "receive",
            {"ingesters": 6, "ring": 2},
            "observability:receive.replicationFactor is 3: must be at most receive.ring (2), because each copy",
        ),
        (
            "compactor.retention",
            {"raw": "60d"},
            "observability:compactor.retention.fiveMinutes is '30d': must be at least raw (60d), because the coarser",
        ),
        (
            "compactor.retention",
            {"raw": "0s"},
            "observability:compactor.retention.fiveMinutes is '30d': must be at least raw (for ever), because",
        ),
        (
            "compactor.retention",
            {"fiveMinutes": "1000d"},
            "observability:compactor.retention.oneHour is '180d': must be at least fiveMinutes (1000d), because",
        ),
        (
            "receive.limits",
            {"headSeries": 1000},
            "observability:receive.limits.metaMonitoringUrl is None: must be set with headSeries, because routers",
        ),
    ],
)
def test_a_default_that_does_not_go_with_what_was_written_is_named_as_in_the_stack_file(path, value, expected):
    assert problem(path, value).startswith(expected)


def test_two_zones_of_different_size_are_refused_for_the_ring_as_for_the_pods():
    found = problem("receive", {"zones": ZONES, "ingesters": 6, "ring": 4})
    assert "observability:receive.zones is a list of 3: must divide receive.ring (4), because a zone" in found
    assert stack_file.parse(region("receive", {"zones": ZONES, "ingesters": 6, "ring": 3}))


def test_without_vertical_compaction_nothing_may_overlap():
    assert problems({**REGION, "compactor": {"verticalCompaction": False}, "receive": {"outOfOrderWindow": "30m"}}) == [
        "observability:receive.replicationFactor is 3: must be 1 while compactor.verticalCompaction is off, because "
        "the bucket would keep every copy",
        "observability:receive.outOfOrderWindow is '30m': must be 0s while compactor.verticalCompaction is off, "
        "because late samples make blocks that overlap, and the Compactor halts on them",
    ]
    single = {"replicationFactor": 1, "outOfOrderWindow": "0s"}
    assert stack_file.parse({**REGION, "compactor": {"verticalCompaction": False}, "receive": single})


def test_capnproto_and_tls_exclude_each_other():
    values = region("receive.replicationProtocol", "capnproto")
    assert stack_file.parse(values)
    assert problems({**values, "tls": {}}) == [
        "observability:receive.replicationProtocol is 'capnproto': must be protobuf while tls is set, because Thanos "
        "speaks capnproto in plain text only"
    ]


def test_stores_look_for_new_blocks_before_the_old_ones_are_gone():
    values = {**REGION, "store": {"blockSyncInterval": "31m"}, "compactor": {"deleteDelay": "1h"}}
    assert problems(values) == [
        "observability:store.blockSyncInterval is '31m': must be at most half of compactor.deleteDelay (1h), because "
        "Stores have to learn of a block's replacement before the block is gone"
    ]


def test_every_rule_that_is_broken_is_named_at_once():
    values = {
        **REGION,
        "receive": {"replicationFactor": 4, "tsdbRetention": "1h"},
        "compactor": {"retention": {"raw": "1d", "fiveMinutes": "7d", "oneHour": "30d"}},
        "caches": {"query": {"memory": "64Mi", "maxItemSize": "64Mi"}},
    }
    assert [line.split(" is ")[0].removeprefix("observability:") for line in problems(values)] == [
        "receive.replicationFactor",
        "receive.tsdbRetention",
        "compactor.retention.raw",
        "compactor.retention.fiveMinutes",
        "caches.query.maxItemSize",
    ]


def test_a_tenants_limits_are_checked_under_the_tenants_name():
    found = problem("receive.limits.tenants", {"team-a": {"serie": 5}})
    assert found.startswith("observability:receive.limits.tenants.team-a.serie is no setting: must be one of sizeBytes")
    assert found.endswith("did you mean series?")
    # A tenant may be called like a setting.
    assert "limits.tenants.request.serie is no setting: must be one of sizeBytes, series, samples, because" in problem(
        "receive.limits.tenants", {"request": {"serie": 5}}
    )
    assert "observability:receive.limits.tenants.'a b' is 'a b': must match pattern" in problem(
        "receive.limits.tenants", {"a b": {}}
    )


def test_an_item_of_a_list_has_its_index_and_the_lists_reason():
    found = problem("alerting.alertmanagers", ["http://am.example:9093", "am"])
    assert found.startswith("observability:alerting.alertmanagers[1] is 'am': must match pattern '^https?:")
    assert found.endswith("URLs of Alertmanagers, e.g. http://alertmanager.example:9093")


def test_a_message_stays_on_one_short_line_whatever_was_written():
    assert len(problem("namespace", "x" * 100_000)) < 400
    assert len(problem("receive.routers", "9" * 100_000)) < 400
    assert len(problem("k" * 100_000, 1)) < 600
    assert "\n" not in problem("query.loadBalancer", {"hostname": "a\nb"})
    assert "'a\\nb' is no setting" in problem("query", {"a\nb": 1})
    assert len(problem("kind", "x" * 100_000)) < 400


def test_the_longest_names_that_are_accepted_are_accepted_by_kubernetes():
    region_name, prefix = "r" * 18, "p" * 24
    values = {
        **region("receive.zones", [letter * 16 for letter in "abc"]),
        "region": region_name,
        "objectStore": {**REGION["objectStore"], "bucketPrefix": prefix},
    }
    names = [found.inputs["metadata"]["name"] for found in run_main(region_name, configured(values)).of("StatefulSet")]
    assert max(map(len, names)) == labels.STATEFUL_SET_NAME


def test_a_global_stack_has_rules_too():
    assert "observability:query.replicas is 0: must be greater than or equal to 1" in problem(
        "query", {"replicas": 0}, GLOBAL
    )
    assert "observability:tls is 'on': must be an object, because it holds secretName, issuer, serverName" in problem(
        "tls", "on", GLOBAL
    )
    assert problem("regions", [], GLOBAL).startswith("observability:regions is a list of 0: must have at least 1 item")


@pytest.mark.parametrize("attribute", ["cluster", "region", "span.name", "service", "status_code", "le"])
def test_an_attribute_does_not_become_a_label_that_is_there_already(attribute):
    assert problem("tempo.metricsGenerator.dimensions", [attribute]).endswith(
        "must be another attribute, because span metrics have a label of this name already"
    )


@pytest.mark.parametrize("attribute", ["", "1st", "http method", "é", "a" * 64])
def test_an_attribute_is_a_name_that_becomes_a_label(attribute):
    assert "must match pattern" in problem("tempo.metricsGenerator.dimensions", [attribute])
