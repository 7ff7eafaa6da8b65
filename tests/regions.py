"""Settings of regions: some that are right, unlike each other, and mutations of them that may be wrong."""

import copy
import re
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import strategies as st

import stack_file

ARN = "arn:aws:iam::111111111111:oidc-provider/oidc.example/id/1"
#: The smallest settings there are.
REGION = {"kind": "region", "region": "eu", "objectStore": {"bucketPrefix": "acme", "oidcProviderArn": ARN}}
GLOBAL = {"kind": "global", "regions": ["apac", "eu"]}
#: All that a stack needs beside our own settings.
PLATFORM = {"kubernetes:context": "c", "aws:region": "eu-central-1"}

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
        "queryFrontend": {"verticalShards": 4, "logQueriesLongerThan": "0s", "splitInterval": "1w"},
        "alerting": {"alertmanagers": ["http://one.example:9093", "https://two.example/prefix"]},
    },
    "one copy by capnproto": {
        **REGION,
        "receive": {"replicationFactor": 1, "ingesters": 1, "routers": 1, "replicationProtocol": "capnproto"},
        "compactor": {"verticalCompaction": False, "retention": {"raw": "40h", "fiveMinutes": "16d"}},
        "objectStore": {**REGION["objectStore"], "versioning": True, "kmsKeyArn": "arn:aws:kms:eu:111111111111:key/1"},
    },
    "TLS and load balancers": {
        **REGION,
        "objectStore": {**REGION["objectStore"], "endpoint": "s3.example:9000", "lifecycle": {"expirationDays": None}},
        "tls": {"issuer": {"name": "company"}, "serverName": "thanos.example"},
        "receive": {"loadBalancer": {"hostname": "receive.example", "annotations": {"a": "b"}}},
        "query": {"loadBalancer": {"hostname": "query.example"}},
        "queryFrontend": {"loadBalancer": {"hostname": "frontend.example"}},
        "storageClass": "gp3",
    },
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


def problem(path: str, value: object, base: dict = REGION) -> str:
    (found,) = problems(region(path, value, base))
    return found


def configured(values: Mapping[str, object]) -> dict:
    """Settings as a stack's whole configuration."""
    return {**PLATFORM, **{f"observability:{key}": value for key, value in values.items()}}


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
_NUMBERS = [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 45, 60, 64, 1024, 10**7, 10**12, 10**30, 1.5, 3.0, "3", "9" * 5000]
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
_CHANGES = [*["like"] * 8, "remove", "remove", "anything", "unknown"]
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


KNOWN = _known()
_VALUES = sorted(path for path, value in KNOWN.items() if not isinstance(value, dict))
#: In the others every key is one that the user chooses.
_OBJECTS = sorted({path[:-1] for path in _VALUES if not {"tenants", "annotations"} & set(path)})


@st.composite
def mutated(draw: st.DrawFn) -> dict:
    """A region of `VARIANTS` after one to four changes: a value set, a key removed, a key added that nobody knows."""
    values = copy.deepcopy(VARIANTS[draw(st.sampled_from(sorted(VARIANTS)))])
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 2, 3, 4]))):
        change = draw(st.sampled_from(_CHANGES))
        *parents, key = draw(st.sampled_from(_VALUES))
        if change == "unknown":
            parents, key = draw(st.sampled_from(_OBJECTS)), draw(st.sampled_from(_UNKNOWN_KEYS))
        target = values
        for depth, parent in enumerate(parents, start=1):
            if not isinstance(target.get(parent), dict):
                target[parent] = copy.deepcopy(KNOWN[tuple(parents[:depth])]) if draw(st.booleans()) else {}
            target = target[parent]
        if change == "remove":
            target.pop(key, None)
        elif change == "unknown":
            target[key] = HIDDEN
        else:
            pool = _like(key, KNOWN[(*parents, key)]) if change == "like" else _EVERYTHING
            target[key] = copy.deepcopy(draw(st.sampled_from(pool)))
    return values
