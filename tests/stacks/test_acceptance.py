"""Whether the pinned Thanos takes what each of its containers is told, for settings that are unlike each other.

Flags are all known, hidden ones included; then each program is started with its own arguments and its own files. A
program that starts has read them: what it does not check at the start (a misspelt key of endpoints.yaml, an algorithm
in hashrings.json that does not exist) is for the tests of `render/`.
"""

import re
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

import stack_file
import versions
from tests import binaries
from tests.binaries import Command, Verdict
from tests.emulator import client, emulator
from tests.engine import run_main
from tests.regions import VARIANTS, configured, credentials, mutated
from tests.stacks import built

pytestmark = pytest.mark.plugins

KEYS = {"observability:objectStoreAccessKey": "none", "observability:objectStoreSecretKey": "none"}
RANDOM_REGIONS = 20
#: No document in any language.
BROKEN = "{"


class Redis(socketserver.StreamRequestHandler):
    """As much of a Redis as a client asks for before it keeps anything."""

    def handle(self):
        while line := self.rfile.readline():
            words = [self._word() for _ in range(int(line[1:]))]
            self.wfile.write(b"%1\r\n+proto\r\n:3\r\n" if words[0].upper() == b"HELLO" else b"+OK\r\n")

    def _word(self) -> bytes:
        return self.rfile.read(int(self.rfile.readline()[1:]) + 2)[:-2]


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    """host:port"""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Redis) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """host:port of an S3 API without buckets."""
    with emulator() as address:
        yield address


@pytest.fixture(scope="module")
def thanos() -> str:
    from local import tools

    assert tools.THANOS.version in versions.THANOS, "the local Thanos is not the one pinned"
    tools.fetch([tools.THANOS])
    return tools.THANOS.program("thanos")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files of a Secret for TLS."""
    from local import certificates

    folder = tmp_path_factory.mktemp("certificate")
    certificates.create(folder, "https://127.0.0.1", ["127.0.0.1"])
    files = {"ca.crt": "ca.crt", "tls.crt": "api-server.crt", "tls.key": "api-server.key"}
    return {name: (folder / file).read_text() for name, file in files.items()}


@pytest.fixture(scope="module")
def told(s3: str, redis: str, certificate: dict[str, str]) -> list[Command]:
    """All that the containers of regions unlike each other run, each once."""
    found: dict[Command, None] = {}
    # Where a bucket may be made twice.
    buckets = client("s3", s3, region="us-east-1")
    for number, values in enumerate([*VARIANTS.values(), *random_regions()]):
        # Who is needed at the start has to be there.
        values = {**values, "objectStore": {**values["objectStore"], "endpoint": s3, "insecure": True}}
        if cache := values.get("caches", {}).get("redis"):
            values["caches"] = {**values["caches"], "redis": {**cache, "address": redis, "tls": False}}
        secrets = {**KEYS, "observability:redisPassword": "p: 'x' #y"} if number % 2 else {}
        secrets = {**(secrets or {}), **credentials(values)}
        region = run_main(values["region"], configured(values), secrets=secrets)
        for bucket in region.of("Bucket"):
            buckets.create_bucket(Bucket=bucket.inputs["bucket"])
        secret = values.get("tls") or {}
        issued = {secret.get("secretName", "thanos-grpc"): certificate}
        found |= dict.fromkeys(binaries.commands(region, issued))
    found |= dict.fromkeys(binaries.commands(built.build("global")))
    return list(found)


def random_regions() -> list[dict]:
    """Mutated settings that are right, the same in every run."""
    found = []

    @settings(
        max_examples=500, derandomize=True, deadline=None, phases=[Phase.generate], suppress_health_check=HealthCheck
    )
    @given(mutated())
    def collect(values):
        try:
            stack_file.parse(values)
        except ValueError:
            return
        found.append(values)

    collect()
    assert len(found) >= RANDOM_REGIONS
    return found[:: len(found) // RANDOM_REGIONS]


def judge_all(commands: list[Command], thanos: str, folder: Path) -> list[Verdict]:
    def judge(number: int) -> Verdict:
        return binaries.judge(commands[number], thanos, folder / str(number))

    # They wait for time-outs more than they work.
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(judge, range(len(commands))))


def test_every_command_has_only_flags_that_thanos_knows(told, thanos):
    def unknown(args: tuple[str, ...]) -> str:
        # With --help it ends before it looks at values, and after it has refused flags that it does not know.
        done = subprocess.run([thanos, *args, "--help"], capture_output=True, text=True)
        return done.stderr if done.returncode else ""

    shapes = {(command.role, *sorted({arg.split("=")[0] for arg in command.args})): command.args for command in told}
    assert {command.role for command in told} == set(binaries.LISTENERS)
    with ThreadPoolExecutor(4) as pool:
        assert [found for found in pool.map(unknown, shapes.values()) if found] == []
    assert "unknown long flag" in unknown(("query", "--no-such-flag=1")), "the check above cannot fail"


def test_every_program_starts_with_its_arguments_and_its_files(told, thanos, tmp_path):
    verdicts = judge_all(told, thanos, tmp_path)
    refused = [
        f"{command.workload}: {verdict.reason}\n{command.args}\n{command.files}"
        for command, verdict in zip(told, verdicts, strict=True)
        if not verdict.accepted
    ]
    assert not refused, "\n\n".join(refused)


def test_a_file_that_is_broken_is_noticed(told, thanos, tmp_path):
    """Otherwise the test above could not fail: every file of every role, broken one at a time."""
    broken = {
        (command.role, path): command.changed(path, BROKEN)
        for command in told
        for path, _ in command.files
        if not path.endswith((".crt", ".key"))
    }
    verdicts = judge_all(list(broken.values()), thanos, tmp_path)
    assert [name for name, verdict in zip(broken, verdicts, strict=True) if not verdict.refused] == []


def test_a_value_that_is_no_value_is_noticed(told, thanos, tmp_path):
    """The same for flags: a duration, a number, a choice and a label that are none."""
    wrong = {
        "--tsdb.retention": "1 day",
        "--receive.replication-factor": "three",
        "--receive.hashrings-algorithm": "rendezvous",
        "--query-range.split-interval": "1 week",
        "--delete-delay": "2 days",
        "--label": "region=eu",
        "--sync-block-duration": "often",
    }
    commands = []
    for flag, value in wrong.items():
        command = next(found for found in told if any(arg.startswith(f"{flag}=") for arg in found.args))
        args = tuple(re.sub(rf"^{re.escape(flag)}=.*", f"{flag}={value}", arg) for arg in command.args)
        commands.append(Command(command.workload, args, command.files, command.folders))
    verdicts = judge_all(commands, thanos, tmp_path)
    assert [flag for flag, verdict in zip(wrong, verdicts, strict=True) if not verdict.refused] == []
