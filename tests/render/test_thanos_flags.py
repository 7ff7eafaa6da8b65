"""Flags, and whether the Thanos that is pinned knows them."""

import shutil
import subprocess

import pytest

import versions
from render import history_flags, thanos_flags

TLS = "thanos.example.internal"
COMMANDS = {
    "router": thanos_flags.receive_router(
        region="eu", hashring_file="/ring.json", limits_file="/limits.yaml", replication_factor=3, tls=TLS
    ),
    "ingester": thanos_flags.receive_ingester(
        region="eu",
        data_dir="/data",
        retention="24h",
        objstore_file="/o.yml",
        out_of_order_window="30m",
        max_exemplars=1000,
        tls=TLS,
    ),
    "sidecar": thanos_flags.sidecar(
        data_dir="/data",
        prometheus_url="http://localhost:9090",
        ready_timeout="30m",
        objstore_file="/o.yml",
        tls=TLS,
    ),
    "compactor": history_flags.compact(
        data_dir="/data",
        objstore_file="/o.yml",
        retention_raw="7d",
        retention_5m="30d",
        retention_1h="180d",
        delete_delay="48h",
        vertical_compaction=True,
    ),
    "store": history_flags.store(
        data_dir="/data",
        objstore_file="/o.yml",
        index_cache_file="/i.yml",
        caching_bucket_file="/c.yml",
        selector_file="/s.yml",
        min_time="-90d",
        max_time="-14d",
        ignore_deletion_marks_delay="24h",
        block_sync_interval="3m",
        series_limit=1000,
        samples_limit=1000,
        tls=TLS,
    ),
    "query": thanos_flags.query(endpoints_file="/e.yaml", response_timeout="30s", tls=TLS),
    "query-frontend": thanos_flags.query_frontend(
        downstream_url="http://query:10902",
        tripper_file="/t.yml",
        range_cache_file="/r.yml",
        labels_cache_file="/l.yml",
        min_split_interval="24h",
        max_split_interval="336h",
        cache_freshness="10m",
        log_queries_longer_than="10s",
        vertical_shards=2,
    ),
    "stateful ruler": thanos_flags.rule(
        region="eu",
        data_dir="/data",
        rule_files=["/a.yaml", "/b.yaml"],
        query_url="http://query:10902",
        evaluation_interval="1m",
        alertmanagers=["http://alertmanager:9093"],
        alert_query_url="http://query",
        objstore_file="/o.yml",
        tls=TLS,
    ),
    "stateless ruler": thanos_flags.rule(
        region="eu",
        data_dir="/data",
        rule_files=["/a.yaml"],
        query_url="http://query:10902",
        evaluation_interval="1m",
        alert_query_url="http://query",
        remote_write_file="/w.yml",
    ),
}


def test_a_query_without_a_timeout_has_no_flag_for_it():
    assert not [flag for flag in thanos_flags.query(endpoints_file="/e.yaml") if "timeout" in flag]


def test_query_does_not_select_by_region():
    assert not [flag for flag in COMMANDS["query"] if flag.startswith("--selector-label")], (
        'with it a query for {region="eu"} alone fails'
    )


def test_query_takes_the_next_copy_at_once_when_an_ingester_dies():
    assert "--deduplication.func=chain" in COMMANDS["query"], "penalty leaves a gap though every sample is stored"


@pytest.mark.parametrize("role", COMMANDS)
def test_no_flag_is_given_twice_unless_it_adds_up(role):
    names = [flag.split("=")[0] for flag in COMMANDS[role]]
    repeated = {name for name in names if names.count(name) > 1}
    assert repeated <= {"--label", "--query.replica-label", "--rule-file", "--restore-ignored-label"}


@pytest.mark.parametrize("role", COMMANDS)
def test_without_tls_no_flag_speaks_of_it(role):
    tls = [flag for flag in COMMANDS[role] if "tls" in flag or TLS in flag]
    assert bool(tls) == (role not in ("compactor", "query-frontend", "stateless ruler"))


@pytest.mark.plugins
@pytest.mark.parametrize("role", COMMANDS)
def test_thanos_knows_every_flag(role):
    from local import tools

    tools.fetch([tools.THANOS])
    thanos = tools.THANOS.program("thanos")
    assert shutil.which(thanos)
    assert tools.THANOS.version in versions.THANOS, "the local Thanos is not the one pinned"
    # With --help it ends before it looks at any value, and after it has refused flags that it does not know, the
    # hidden ones included.
    done = subprocess.run([thanos, *COMMANDS[role], "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    unknown = subprocess.run([thanos, COMMANDS[role][0], "--no-such-flag=1", "--help"], capture_output=True, text=True)
    assert unknown.returncode != 0
    assert "unknown long flag" in unknown.stderr, "the check above cannot fail"
