"""Thousands of random mutations of settings: each is refused in the words of the stack file, or is right and works."""

import base64
import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import urlsplit

import pulumi
import pytest
from hypothesis import HealthCheck, given, settings
from kubernetes.utils.quantity import parse_quantity

from tests.engine import Recording, run_main
from tests.regions import HIDDEN, VARIANTS, configured, credentials, everything, mutated, refusal, resolved

#: A reason follows the rule, or a description of the setting does.
LINE = re.compile(
    r"observability:\S+( \S+)* is (missing: required:|no setting: must .+ because|.+: must .+ because|.+: must .+:) .+"
)
RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
HOUR, DAY, MEBIBYTE = 3600, 86_400, 2**20


def test_every_mutation_is_refused_with_path_and_reason_or_breaks_no_rule():
    seen = Counter()

    @settings(RELAXED, max_examples=2000)
    @given(mutated())
    def check(values):
        message = refusal(values)
        seen["accepted" if message is None else "refused"] += 1
        if message is None:
            assert list(wrongs(values)) == []
        else:
            check_message(message)

    check()
    assert seen["accepted"] > 200, "hardly anything was accepted, so hardly anything was checked"
    assert seen["refused"] > 200


def check_message(message: str) -> None:
    lines = message.splitlines()
    assert len(set(lines)) == len(lines)
    assert HIDDEN not in message, "the value of a key that is no setting is shown"
    for line in lines:
        assert LINE.fullmatch(line), line
        assert len(line) < 600, line


def test_a_program_with_wrong_settings_registers_nothing_and_one_with_right_settings_tells_programs_no_nonsense():
    seen = Counter()

    @settings(RELAXED, max_examples=20)
    @given(mutated())
    def check(values):
        recording = Recording()
        try:
            run_main("eu", configured(values), secrets=credentials(values), recording=recording)
        except pulumi.RunError as refused:
            message = str(refused)
        else:
            seen["accepted"] += 1
            check_arguments(recording)
            return
        seen["refused"] += 1
        assert recording.resources == []
        first, *lines = message.splitlines()
        assert first == f"the stack's settings have {len(lines)} problem(s):"
        assert HIDDEN not in message

    check()
    assert min(seen["accepted"], seen["refused"]) > 1, seen


def check_arguments(recording: Recording) -> None:
    workloads = [*recording.of("Deployment"), *recording.of("StatefulSet")]
    args = [
        arg
        for workload in workloads
        for container in workload.inputs["spec"]["template"]["spec"]["containers"]
        for arg in container.get("args", [])
    ]
    assert len(args) > len(workloads)
    for arg in args:
        value = arg.partition("=")[2] if arg.startswith("--") and "=" in arg else arg
        assert value not in ("", "[]", "{}"), arg
        assert not re.search(r"\b(None|True|False|nan|inf|Output)\b|\d\.0$|'", value), arg


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_the_mutations_start_from_is_right_and_works(variant):
    assert list(wrongs(VARIANTS[variant])) == []
    secrets = credentials(VARIANTS[variant])
    check_arguments(run_main("eu", configured(VARIANTS[variant]), secrets=secrets))


def wrongs(values: dict) -> Iterator[str]:
    """What is wrong with settings that were accepted, worked out without the code that accepted them."""
    whole = resolved(values)
    for path, value in everything(values):
        if not isinstance(value, dict) and not same(value, kept := at(whole, path)):
            yield f"{'.'.join(path)} was {value!r} and became {kept!r}"
    for path, found in everything(whole):
        if isinstance(found, dict) and found.get("memoryLimit") and size(found["memoryLimit"]) < size(found["memory"]):
            yield f"{'.'.join(path)} may have less memory than it requests"
    yield from wrongs_of_history(whole)
    yield from wrongs_of_the_ring(whole["receive"])
    yield from wrongs_of_caches(whole["caches"])
    yield from wrongs_of_edges(whole)
    yield from wrongs_of_filters(whole["fleet"]["filters"])
    yield from wrongs_of_grafana(whole["grafana"])
    receive, vertical = whole["receive"], whole["compactor"]["verticalCompaction"]
    if receive["replicationFactor"] > 1 and not vertical:
        yield "every copy is kept in the bucket"
    if seconds(receive["outOfOrderWindow"]) and not vertical:
        yield "late samples halt the Compactor"
    if whole["tls"] and receive["replicationProtocol"] == "capnproto":
        yield "capnproto under TLS"
    if receive["limits"]["headSeries"] and not receive["limits"]["metaMonitoringUrl"]:
        yield "nobody counts the active series"


def wrongs_of_history(whole: dict) -> Iterator[str]:
    kept = whole["compactor"]["retention"]
    raw, five, hour = (seconds(kept[name]) or math.inf for name in ("raw", "fiveMinutes", "oneHour"))
    if raw < 40 * HOUR or five < 16 * DAY:
        yield "data is deleted before it is downsampled"
    if not raw <= five <= hour:
        yield "a coarser resolution is kept for less time"
    lifecycle = whole["objectStore"]["lifecycle"]
    if lifecycle["expirationDays"] is not None:
        yield "S3 deletes parts of blocks"
    if any(move["days"] < 45 or move["storageClass"] != "INTELLIGENT_TIERING" for move in lifecycle["transitions"]):
        yield "blocks that are in use are moved"
    if seconds(whole["store"]["blockSyncInterval"]) * 2 > seconds(whole["compactor"]["deleteDelay"]):
        yield "Stores read blocks that are gone"
    ages = [seconds(age) for age in whole["store"]["timeShards"]]
    if ages != sorted(set(ages)):
        yield "time shards overlap"


def wrongs_of_the_ring(receive: dict) -> Iterator[str]:
    factor, ingesters, zones = receive["replicationFactor"], receive["ingesters"], receive["zones"]
    ring = receive["ring"] or ingesters
    quorum = 1 if factor == 2 else factor // 2 + 1
    if not 1 <= factor <= ring <= ingesters:
        yield "a sample has more copies than there are ingesters"
    if factor in range(4, 61, 2):
        yield "one copy less would survive as much"
    for pods in (ring, ingesters) if zones else ():
        if len(set(Counter(zone for _, zone in zip(range(pods), itertools.cycle(zones))).values())) != 1:
            yield "zones of different sizes"
        if pods < len(zones):
            yield "a zone is empty"
    # As Thanos does it: copies go round the zones.
    copies = Counter(zone for _, zone in zip(range(factor), itertools.cycle(zones)))
    if factor > 1 and zones and factor - max(copies.values()) < quorum:
        yield "the loss of a zone stops writes"


def wrongs_of_caches(caches: dict) -> Iterator[str]:
    for cache in (caches["query"], caches["store"]):
        if not MEBIBYTE <= size(cache["maxItemSize"]) <= min(1024 * MEBIBYTE, size(cache["memory"]) / 2):
            yield "memcached does not start"
        if any(size(cache[name]) % MEBIBYTE for name in ("maxItemSize", "memory")):
            yield "memcached counts in mebibytes"
    if (caches["backend"] == "redis") != (caches["redis"] is not None):
        yield "a backend without its settings, or settings without their backend"


def wrongs_of_edges(whole: dict) -> Iterator[str]:
    edges, gateway = whole["edges"], whole["gateway"]
    names = [edge["name"] for edge in edges]
    if len(names) != len({*names, "central"} - {"central"}):
        yield "series of one cluster pass for another's"
    for edge in edges:
        if not re.fullmatch("[a-z][a-z0-9-]{0,38}[a-z0-9]", edge["name"]):
            yield "no name for objects"
        if any(name.startswith("__") or not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) for name in edge["labels"]):
            yield "no label of Prometheus"
        if {"cluster", "region", "tenant_id", "prometheus"} & set(edge["labels"]) or "_replica" in str(edge["labels"]):
            yield "a label of ours"
        if edge["filter"] not in ("default", "lean", "everything", *whole["fleet"]["filters"]):
            yield "no such filter"
        if not (edge["replicas"] in (1, 2) and edge["tokenRevision"] >= 1 and edge["limits"]["requestsPerSecond"] >= 1):
            yield "a number that makes no sense"
        # The log is 9 h old at most and copied twice while it holds 4 h; a sample takes 12 bytes.
        samples = edge["series"] * (9 + 4 + 4) * HOUR / seconds(edge["scrapeInterval"])
        if seconds(edge["scrapeInterval"]) < 5 or samples * 12 > size(edge["storage"]):
            yield "the agent's volume is full before the region is back"
        if edge["limits"]["request"] and whole["receive"]["tenancy"] == "shared":
            yield "a limit that nobody applies"
        if server := edge["apiServer"]:
            if not urlsplit(server["server"]).hostname or not server["server"].startswith("https://"):
                yield "a token in plain text, or to nobody"
            if not base64.b64decode(server["caData"]).startswith(b"-----BEGIN CERTIFICATE-----\n"):
                yield "nobody trusts that API server"
    if whole["fleet"]["argoCd"] and not gateway["loadBalancer"]:
        yield "agents do not find the gateway"
    if not 1024 <= gateway["maxRequestBytes"] < 2**32:
        yield "Envoy does not start, or refuses all"
    if gateway["tls"]["ca"] and not gateway["tls"]["ca"].strip().endswith("-----END CERTIFICATE-----"):
        yield "nobody trusts the gateway"


def wrongs_of_filters(own: dict) -> Iterator[str]:
    fixed = ("default", "lean", "everything")
    if set(own) & set(fixed) or any(profile["extends"] not in (None, *fixed) for profile in own.values()):
        yield "a profile that is not what it is called, or builds on none"
    for profile in own.values():
        for expression in (*profile["keep"], *profile["drop"]):
            if not expression or re.search(r"\(\?<?[=!]|\\[CQ]|\{\d{4}", expression):
                yield "no expression of RE2"
            if expression.count("(") != expression.count(")") or expression.startswith("a)"):
                yield "an expression that is open at an end"


def wrongs_of_grafana(grafana: dict) -> Iterator[str]:
    root = urlsplit(grafana["rootUrl"] or "http://none")
    if root.path.strip("/") or root.query:
        yield "Grafana does not serve below a path"
    if not (oidc := grafana["oidc"]):
        return
    if root.scheme != "https":
        yield "a code for logging in travels in plain text"
    for key, value in oidc.items():
        if key.endswith("Url") and urlsplit(value).scheme != "https":
            yield "a token in plain text"
        for text in value if isinstance(value, list) else [value or ""]:
            if re.search(r'[\n$%]|"""', text):
                yield "grafana.ini would read more than the value"
    if "openid" not in oidc["scopes"]:
        yield "nobody says who logs in"


def at(whole: object, path: tuple[str, ...]) -> object:
    for key in path:
        whole = whole.get(key, "nothing") if isinstance(whole, dict) else "nothing"
    return whole


def same(written: object, kept: object) -> bool:
    """Whether a value means what was written."""
    match kept:
        case bool():
            return str(written).lower() in (("true", "1") if kept else ("false", "no", "0"))
        case int():
            return not isinstance(written, bool) and Decimal(str(written)) == kept
        case str():
            return str(written) == kept
        case list():
            return isinstance(written, list) and len(written) == len(kept) and all(map(same, written, kept))
        case dict():  # of a list; what was left out is filled in
            return isinstance(written, dict) and all(same(value, kept.get(key)) for key, value in written.items())
        case _:
            return written == kept


def seconds(duration: str) -> int:
    units = {"w": 7 * DAY, "d": DAY, "h": HOUR, "m": 60, "s": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"([0-9]+)([a-z])", duration))


def size(quantity: str) -> Decimal:
    return parse_quantity(quantity)
