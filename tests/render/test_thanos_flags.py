"""Flags, and whether the Thanos that is pinned knows them."""

import re
import shutil
import subprocess

import pytest

import versions
from render import thanos_flags

COMMANDS = {
    "router": thanos_flags.receive_router(region="eu", hashring_file="/ring.json", replication_factor=3),
    "ingester": thanos_flags.receive_ingester(region="eu", data_dir="/data", retention="24h", objstore_file="/o.yml"),
    "query": thanos_flags.query(endpoints_file="/e.yaml", response_timeout="30s"),
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
    assert repeated <= {"--label", "--query.replica-label"}


@pytest.mark.plugins
@pytest.mark.parametrize("role", COMMANDS)
def test_thanos_knows_every_flag(role):
    from local import tools

    tools.fetch([tools.THANOS])
    thanos = tools.THANOS.program("thanos")
    assert shutil.which(thanos)
    command, *flags = COMMANDS[role]
    assert tools.THANOS.version in versions.THANOS, "the local Thanos is not the one pinned"
    known = subprocess.run([thanos, command, "--help"], capture_output=True, text=True)
    for flag in flags:
        name = flag.split("=")[0].removeprefix("--")
        assert re.search(rf"--(\[no-\])?{re.escape(name)}[\s=\[]", known.stdout + known.stderr), f"no flag {flag}"
