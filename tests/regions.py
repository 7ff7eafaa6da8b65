"""Settings of regions: some that are right, unlike each other, and mutations of them that may be wrong."""

import base64
import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import strategies as st

import stack_file

ARN = "arn:aws:iam::111111111111:oidc-provider/oidc.example/id/1"
#: The smallest settings there are.
CLUSTER_ID = "01234567-89ab-cdef-0123-456789abcdef"
REGION = {
    "kind": "region",
    "clusterId": CLUSTER_ID,
    "region": "eu",
    "objectStore": {"bucketPrefix": "acme", "oidcProviderArn": ARN},
}
GLOBAL = {"kind": "global", "clusterId": CLUSTER_ID, "regions": ["apac", "eu"]}
CA = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
CA_DATA = base64.b64encode(CA.encode()).decode()
#: All that a stack needs beside our own settings.
PLATFORM = {
    "pulumi:disable-default-providers": ["kubernetes"],
    "kubernetes:context": "c",
    "aws:region": "eu-central-1",
    "aws:allowedAccountIds": ["111111111111"],
}

VARIANTS = {
    "defaults": REGION,
    "zones, limits and late samples": {
        **REGION,
        "receive": {
            "zones": ["eu-1a", "eu-1b", "eu-1c"],
            "ingesters": 9,
            "ring": 6,
            "tenancy": "perEdge",
            "outOfOrderWindow": "1h30m",
            "maxExemplars": 0,
            "limits": {
                "maxConcurrency": 50,
                "headSeries": 1_000_000,
                "metaMonitoringUrl": "http://prometheus.example:9090/base",
                "tenants": {"null": {"series": 0}, "1e3": {"sizeBytes": 10**12}, "team-a.b_c": {}},
            },
        },
        "compactor": {"retention": {"raw": "0s", "fiveMinutes": "0s", "oneHour": "0s"}},
        "store": {"timeShards": ["2w", "90d"], "hashShards": 2, "limits": {"series": 0, "samples": 10**12}},
        "prometheus": {"mode": "remoteWrite"},
        "ruler": {"mode": "stateful"},
        "queryFrontend": {
            "verticalShards": 4,
            "logQueriesLongerThan": "0s",
            "minSplitInterval": "1d",
            "maxSplitInterval": "2w",
        },
        "alerting": {"alertmanagers": ["http://one.example:9093", "https://two.example/prefix"]},
    },
    "one copy by capnproto": {
        **REGION,
        "receive": {
            "replicationFactor": 1,
            "ingesters": 1,
            "routers": 1,
            "replicationProtocol": "capnproto",
            "outOfOrderWindow": "0s",
        },
        "compactor": {"verticalCompaction": False, "retention": {"raw": "40h", "fiveMinutes": "16d"}},
        "objectStore": {**REGION["objectStore"], "versioning": True, "kmsKeyArn": "arn:aws:kms:eu:111111111111:key/1"},
    },
    "TLS and load balancers": {
        **REGION,
        "objectStore": {**REGION["objectStore"], "endpoint": "s3.example:9000", "lifecycle": {"expirationDays": None}},
        "tls": {"issuer": {"name": "company"}, "serverName": "thanos.example"},
        "gateway": {
            "tls": {"issuer": {"name": "company", "kind": "Issuer"}},
            "loadBalancer": {"hostname": "receive.example", "annotations": {"a": "b"}},
        },
        "query": {"loadBalancer": {"hostname": "query.example"}},
        "queryFrontend": {"loadBalancer": {"hostname": "frontend.example"}},
        "storageClass": "gp3",
    },
    "edges": {
        **REGION,
        "edges": [
            {"name": "eu-1"},
            {
                "name": "eu-2",
                "apiServer": {"server": "https://eu-2.example:6443/k8s", "caData": CA_DATA},
                "labels": {"environment": "production"},
                "series": 50_000,
                "scrapeInterval": "15s",
                "replicas": 2,
                "filter": "quiet",
                "tokenRevision": 3,
                "limits": {"requestsPerSecond": 20, "request": {"series": 10_000}},
                "storage": "20Gi",
                "values": {"nodeExporter": {"enabled": False}},
            },
        ],
        "fleet": {
            "argoCd": {"generator": "applications"},
            "filters": {"quiet": {"extends": None, "keep": ["up", "node_.+"], "drop": ["node_scrape_.*"]}},
        },
        "gateway": {
            "tls": {"ca": CA},
            "loadBalancer": {"hostname": "receive.example"},
        },
        "receive": {"tenancy": "perEdge"},
    },
    "Grafana for all who log in": {
        **REGION,
        "grafana": {
            "storage": "5Gi",
            "rootUrl": "https://grafana.example",
            "loadBalancer": {"hostname": "grafana.example"},
            "oidc": {
                "name": "Company's own #1",
                "authUrl": "https://login.example/authorize",
                "tokenUrl": "https://login.example:9443/token",
                "apiUrl": "https://login.example/userinfo?schema=openid",
                "clientId": "grafana",
                "roleAttributePath": "contains(groups[*], 'sre') && 'Admin' || \"default-role\"",
            },
        },
        "alerting": {"alertmanagers": ["http://am.example:9093"]},
    },
    "traces": {
        **REGION,
        "tempo": {
            "retention": "72h",
            "limits": {"bytesPerSecond": 35_000_000, "liveTraces": 100},
            "metricsGenerator": {"maxActiveSeries": 1000, "dimensions": ["http.request.method", "k8s.namespace.name"]},
            "loadBalancer": {"hostname": "tempo.example"},
        },
    },
    "no traces": {**REGION, "tempo": {"enabled": False}},
    "Redis": {**REGION, "caches": {"backend": "redis", "redis": {"address": "127.0.0.1:6379", "username": "thanos"}}},
}


def region(path: str = "", value: object = None, base: dict = REGION) -> dict:
    """The smallest settings of a region, with one value changed: "receive.storage"."""
    values = copy.deepcopy(base)
    if path:
        *parents, key = path.split(".")
        target = values
        for parent in parents:
            target = target.setdefault(parent, {})
        target[key] = value
    return values


def problems(values: dict) -> list[str]:
    with pytest.raises(ValueError, match="observability:") as raised:
        stack_file.parse(values)
    return str(raised.value).splitlines()


def refusal(values: dict) -> str | None:
    """All problems in one text; None: the settings are accepted."""
    try:
        stack_file.parse(values)
    except ValueError as error:
        return str(error)
    return None


def problem(path: str, value: object, base: dict = REGION) -> str:
    (found,) = problems(region(path, value, base))
    return found


def configured(values: Mapping[str, object]) -> dict:
    """Settings as a stack's whole configuration, a global one without AWS. None at the top is not written."""
    platform = {key: value for key, value in PLATFORM.items() if values.get("kind") != "global" or "aws:" not in key}
    return {**platform, **{f"observability:{key}": value for key, value in values.items() if value is not None}}


def credentials(values: Mapping[str, object]) -> dict[str, str]:
    """The secrets without which such a stack is refused."""
    edges = values.get("edges")
    known = [edge for edge in edges if isinstance(edge, dict)] if isinstance(edges, list) else []
    tokens = {edge["name"]: f"SECRET-{edge['name']}" for edge in known if edge.get("apiServer") and "name" in edge}
    found = {"observability:edgeCredentials": json.dumps(tokens)} if tokens else {}
    if isinstance(grafana := values.get("grafana"), dict) and grafana.get("oidc"):
        found["observability:grafanaOidcClientSecret"] = "SECRET-OIDC"
    return found


def resolved(values: Mapping[str, object]) -> dict:
    """Accepted settings with every default filled in, in the words of the stack file."""
    return stack_file.parse(values).model_dump(by_alias=True)


def everything(values: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every object and every value in settings, with its path."""
    yield path, values
    if isinstance(values, dict):
        for key, value in values.items():
            yield from everything(value, (*path, key))


def _known() -> dict[tuple[str, ...], object]:
    """Every setting with what it may be: its default if there is one, else that of the first variant that has it."""
    known = {}
    for values in VARIANTS.values():
        for path, value in everything(resolved(values)):
            if known.get(path) is None:
                known[path] = value
    return known


#: It stands where no setting is, so nobody may ever read it.
HIDDEN = "hunter2"
_DURATIONS = ["0s", "5s", "30s", "1m", "30m", "1h", "3h", "24h", "39h", "40h", "2d", "7d", "10d", "16d", "30d", "60d"]
_DURATIONS += ["180d", "52w", "1w2d", "400y", "1h1d", "1.5h", "-1h", "٣h", "9" * 20 + "w", "9" * 300 + "w"]
_QUANTITIES = ["1m", "0.5", "1", "1Mi", "5Mi", "16Mi", "32Mi", "64Mi", "0.5Gi", "1Gi", "2Gi", "1500M", "100Gi", "7Ei"]
_QUANTITIES += ["9Ei", "1e3", "-1Gi", "50GB", 1, 2**30, 0.5, "9" * 300 + "Gi"]
_NUMBERS = [
    True,
    -1,
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    12,
    45,
    60,
    64,
    1024,
    10**7,
    10**12,
    10**30,
    1.5,
    3.0,
    "3",
    "9" * 5000,
]
_LISTS = [[], ["a1"], ["a1", "b1"], ["a1", "b1", "c1"], ["a1", "b1", "c1", "d1"], ["a1", "a1", "b1"], ["14d", "90d"]]
_LISTS += [["90d", "14d"], ["http://am.example:9093"], ["http://am.example", 1], [None], [[]], [{}]]
_LISTS += [[{"days": days, "storageClass": kind}] for days in (30, 60) for kind in ("INTELLIGENT_TIERING", "GLACIER")]
_TEXTS = ["", "a", "eu", "ab", "x" * 63, "x" * 64, "y" * 5000, "A b", "a\nb", "é", "${x}", "http://h.example:1", "h:1"]
_TEXTS += [
    "s3.example",
    "h.example:99",
    "https://h.example/x?y=z",
    "sidecar",
    "remoteWrite",
    "stateless",
    "stateful",
    "shared",
    "perEdge",
    "protobuf",
    "capnproto",
]
_TEXTS += ["memcached", "redis", "Issuer", "region", "global"]
_FLAGS = [True, False, "true", "no", "perhaps"]
_JUNK = [None, float("nan"), float("inf"), {}, {"no such": {"key": HIDDEN}}, [{"zzz": HIDDEN}]]
_EVERYTHING = [*_DURATIONS, *_QUANTITIES, *_NUMBERS, *_LISTS, *_TEXTS, *_FLAGS, *_JUNK]
_CHANGES = [*["like"] * 5, *["related"] * 5, "remove", "anything", "unknown"]
_UNKNOWN_KEYS = ["zzz", "replicatonFactor", "replication_factor", "secretKey", "a\nb", "k" * 5000, ""]


def _like(key: str, value: object) -> list:
    """What might stand where this stands."""
    match value:
        case bool():
            return _FLAGS
        case int():
            return _NUMBERS
        case list():
            return _LISTS
        case str() if key in ("cpu", "memory", "memoryLimit", "storage", "maxItemSize"):
            return _QUANTITIES
        case str() if re.fullmatch(r"(\d+[wdhms])+", value):
            return _DURATIONS
        case str():
            return _TEXTS
        case _:
            return _EVERYTHING


_OIDC = VARIANTS["Grafana for all who log in"]["grafana"]["oidc"]
_OIDC_CHANGES = [
    {},
    {"tokenUrl": "http://login.example/token"},
    {"scopes": ["profile"]},
    {"scopes": ["openid", "groups"]},
    {"clientId": "a\nb"},
    {"clientId": "$__env{HOME}"},
    {"roleAttributePath": '"""'},
    {"clientSecret": HIDDEN},
]
#: Settings with a rule between them: values on both sides of it, each of which is right with some of the others.
_RELATED = [
    {
        "receive.ingesters": [2, 3, 4, 6, 9],
        "receive.ring": [None, 1, 2, 3, 4, 6],
        "receive.replicationFactor": [0, 1, 2, 3, 4, 5],
        "receive.zones": [[], ["a1", "b1"], ["a1", "b1", "c1"], ["a1", "b1", "a1"], ["a1", "b1", "c1", "d1"]],
    },
    {
        "compactor.retention.raw": ["0s", "39h", "40h", "7d", "30d"],
        "compactor.retention.fiveMinutes": ["0s", "9d", "10d", "15d", "16d", "30d"],
        "compactor.retention.oneHour": ["0s", "10d", "16d", "30d", "180d"],
    },
    *(
        {
            f"caches.{use}.memory": ["32Mi", "64Mi", "40000000"],
            f"caches.{use}.maxItemSize": ["1Mi", "1500Ki", "16Mi", "17Mi", "32Mi", "33Mi"],
        }
        for use in ("query", "store")
    ),
    {"caches.backend": ["memcached", "redis"], "caches.redis": [None, {"address": "redis.example:6379"}]},
    {"store.blockSyncInterval": ["5s", "29m", "30m", "31m", "1h"], "compactor.deleteDelay": ["1h", "2h", "48h"]},
    {"store.timeShards": [[], ["1d", "2d"], ["14d", "2w"], ["2w", "1d"], ["23h"]]},
    {
        "compactor.verticalCompaction": [True, False],
        "receive.outOfOrderWindow": ["0s", "0h", "1s"],
        "receive.replicationFactor": [1, 2, 3],
    },
    {"receive.replicationProtocol": ["protobuf", "capnproto"], "tls": [None, {}]},
    {"receive.limits.headSeries": [0, 1], "receive.limits.metaMonitoringUrl": [None, "http://prometheus.example"]},
    {
        "objectStore.lifecycle.transitions": [
            [{"days": days, "storageClass": kind}] for days in (44, 45) for kind in ("INTELLIGENT_TIERING", "GLACIER")
        ],
        "objectStore.lifecycle.expirationDays": [None, 0, 365],
    },
    {"edges": [[{"name": name}, {"name": "eu-2"}] for name in ("eu-1", "eu-2", "central", "null", "Eu", "x" * 41)]},
    {
        "edges": [[{"name": "eu-1", "filter": profile}] for profile in ("lean", "own", "absent")],
        "fleet.filters": [{"own": {"extends": kind}} for kind in (None, "lean", "own")] + [{"lean": {}}, {}],
    },
    {
        "edges": [[{"name": "eu-1", "limits": {"request": limits}}] for limits in (None, {"series": 5})],
        "receive.tenancy": ["shared", "perEdge"],
    },
    {
        "edges": [
            [{"name": "eu-1", "storage": storage, "series": series}]
            for storage, series in (("3Gi", 100_000), ("2Gi", 100_000), ("10Gi", 500_000), ("11Gi", 437_000))
        ]
    },
    {
        "edges": [
            [{"name": "eu-1", **{key: value}}]
            for key, some in {
                "labels": [{"a": "1e3"}, {"a": 1}, {"cluster": "x"}, {"__a": ""}, {"a-b": ""}, {"prometheus": "x"}],
                "replicas": [0, 1, 2, 3, True, "2"],
                "tokenRevision": [0, 1, 10**6, 10**7],
                "scrapeInterval": ["4s", "5s", "1h"],
                "series": [0, 1, 10**5, 10**8, 10**9],
                "limits": [{"requestsPerSecond": rate} for rate in (0, 1, 10**5, 10**6)],
                "values": [{}, {"a": [None, {}]}, [], "a"],
                "apiServer": [
                    {"server": server, "caData": data}
                    for server in ("https://h", "https://[::1]:6443/x", "http://h", "https://:1")
                    for data in (CA_DATA, CA)
                ],
                "nam": [HIDDEN],
            }.items()
            for value in some
        ],
    },
    {
        "fleet.argoCd": [None, {}, {"generator": "applications"}, {"generator": "both"}, {"project": HIDDEN, "zzz": 1}],
        "gateway.loadBalancer": [None, {"hostname": "h.example"}, {"hostname": ""}],
        "edges": [[{"name": "eu-1"}, {"name": "eu-2"}]],
    },
    {
        "fleet.filters": [
            {"own": {action: [expression]}}
            for action in ("keep", "drop")
            for expression in ("up", "\\pL", "(?i)a", "(?=a)", "(", "a)|(b", "", "\\C", "\\Qa", "a{1001}", 1)
        ],
    },
    {"gateway.maxRequestBytes": [0, 1023, 1024, 2**32 - 1, 2**32], "gateway.tls.ca": [None, CA, "x", CA.strip()]},
    {
        "grafana.enabled": [True, False],
        "grafana.rootUrl": [None, "http://g.example", "https://g.example/", "https://g.example/grafana"],
        "grafana.oidc": [None, *({**_OIDC, **change} for change in _OIDC_CHANGES)],
    },
    {
        "tempo.retention": ["1h", "336h", "14d", "0h", "100000h", "1h30m"],
        "tempo.enabled": [True, False],
        "tempo.metricsGenerator.dimensions": [[], ["a.b"], ["a.b", "a_b"], ["cluster"], ["a b"]],
    },
    {"query.resources": [{"cpu": "1", "memory": "1Gi", "memoryLimit": limit} for limit in ("1G", "1Gi", None)]},
]
KNOWN = _known()
_VALUES = sorted(path for path, value in KNOWN.items() if not isinstance(value, dict))
#: In the others every key is one that the user chooses.
_OBJECTS = sorted({path[:-1] for path in _VALUES if not {"tenants", "annotations", "filters"} & set(path)})


@st.composite
def mutated(draw: st.DrawFn) -> dict:
    """A region of `VARIANTS` after one to four changes: a value set, a key removed, a key added that nobody knows."""
    values = copy.deepcopy(VARIANTS[draw(st.sampled_from(sorted(VARIANTS)))])

    def parent(path: Sequence[str]) -> dict:
        target = values
        for depth, key in enumerate(path[:-1], start=1):
            if not isinstance(target.get(key), dict):
                target[key] = copy.deepcopy(KNOWN[tuple(path[:depth])]) if draw(st.booleans()) else {}
            target = target[key]
        return target

    def set_one_of(path: Sequence[str], pool: list) -> None:
        parent(path)[path[-1]] = copy.deepcopy(draw(st.sampled_from(pool)))

    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 2, 3, 4]))):
        path = draw(st.sampled_from(_VALUES))
        match draw(st.sampled_from(_CHANGES)):
            case "related":
                for name, pool in draw(st.sampled_from(_RELATED)).items():
                    set_one_of(name.split("."), pool)
            case "like":
                set_one_of(path, _like(path[-1], KNOWN[path]))
            case "anything":
                set_one_of(path, _EVERYTHING)
            case "remove":
                parent(path).pop(path[-1], None)
            case "unknown":
                set_one_of((*draw(st.sampled_from(_OBJECTS)), draw(st.sampled_from(_UNKNOWN_KEYS))), [HIDDEN])
    return values
