"""An edge that was away for two hours: what it has kept is taken, though other edges have written on meanwhile."""

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

import settings.write_path
from local import tools
from render import thanos_flags
from tests import remote_write
from tests.binaries import free_ports

pytestmark = pytest.mark.plugins

AWAY_SECONDS = 2 * 3600


@contextmanager
def ingester(folder: Path, window: str) -> Iterator[str]:
    """A real ingester with a window for late samples; yields where to write to."""
    grpc, http, capnproto, write = free_ports(4)
    folder.mkdir()
    bucket = {"type": "FILESYSTEM", "config": {"directory": f"{folder}/bucket"}}
    (folder / "objstore.yml").write_text(yaml.safe_dump(bucket))
    flags = thanos_flags.receive_ingester(
        region="eu",
        data_dir=f"{folder}/data",
        retention="24h",
        objstore_file=f"{folder}/objstore.yml",
        out_of_order_window=window,
    )
    command = [tools.THANOS.program("thanos"), *(flag.replace("$(POD_NAME)", "one") for flag in flags)]
    command += [f"--grpc-address=127.0.0.1:{grpc}", f"--http-address=127.0.0.1:{http}"]
    command += [f"--receive.capnproto-address=127.0.0.1:{capnproto}", f"--remote-write.address=127.0.0.1:{write}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{write}/api/v1/receive"
    finally:
        process.terminate()
        process.wait(timeout=60)


def write(url: str, edge: str, age: float, *, seconds: float = 0) -> int:
    """The status of writing one sample of an edge's. Tried again for a while as long as nobody answers."""
    sample = remote_write.body({"__name__": "up", "cluster": edge}, 1, int((time.time() - age) * 1000))
    request = urllib.request.Request(url, sample, remote_write.HEADERS)
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            if error.code < 500 or time.monotonic() > deadline:
                return error.code
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.3)


def test_an_edge_that_was_away_for_two_hours_loses_nothing_with_the_default(tmp_path):
    tools.fetch([tools.THANOS])
    window = settings.write_path.Receive().out_of_order_window
    with ingester(tmp_path / "default", window) as url:
        assert write(url, "eu-1", 0, seconds=60) == 200
        assert write(url, "eu-2", AWAY_SECONDS) == 200


def test_without_a_window_it_would(tmp_path):
    tools.fetch([tools.THANOS])
    with ingester(tmp_path / "none", "0s") as url:
        assert write(url, "eu-1", 0, seconds=60) == 200
        assert write(url, "eu-2", 600) == 200
        assert write(url, "eu-2", AWAY_SECONDS) == 409
