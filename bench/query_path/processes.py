"""Processes on loopback that end with the run."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

HOST = "127.0.0.1"
READY_SECONDS = 60


class ProcessError(Exception):
    """A process did not start; the message ends with what it logged."""


class Processes:
    """A context: what was started in it has ended when it is left, whatever the reason."""

    def __init__(self, logs: Path):
        self.logs = logs
        self._started: list[subprocess.Popen] = []

    def __enter__(self):
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_):
        # Askers end before those whom they ask. A second Ctrl-C must not leave any behind.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        for process in reversed(self._started):
            process.terminate()
        deadline = time.monotonic() + 10
        for process in self._started:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        signal.signal(signal.SIGINT, before)

    def spawn(self, name: str, command: Sequence[str], ready: str) -> int:
        """Starts it and waits until `ready` answers: a URL, or host:port that takes connections. Returns its pid."""
        log = self.logs / f"{name}.log"
        with log.open("wb") as output:
            # Of its own session: Ctrl-C reaches this program alone, which then ends them in order.
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        self._started.append(process)
        deadline = time.monotonic() + READY_SECONDS
        while not _answers(ready):
            if process.poll() is not None or time.monotonic() > deadline:
                last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
                raise ProcessError(f"{name} did not start ({log}):\n{last}")
            time.sleep(0.1)
        return process.pid


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def cpu_seconds(pids: Sequence[int]) -> float:
    """What the processes have used of all cores so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _answers(ready: str) -> bool:
    with contextlib.suppress(OSError):
        if ready.startswith("http"):
            with urllib.request.urlopen(ready, timeout=2) as response:
                return response.status == 200
        host, _, port = ready.rpartition(":")
        socket.create_connection((host, int(port)), timeout=2).close()
        return True
    return False
