"""Runs what a container of a recorded stack would run: the real program, the container's arguments, and its files.

What only a node can give is replaced: addresses to listen at, folders, and names of pods. Whom the files name is not
there; so a program is judged by what it says before it needs anyone.
"""

import contextlib
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import versions
from tests.engine import Recording

#: The flags by which each Thanos command is told where to listen; /-/ready and /-/healthy are at the first.
LISTENERS = {
    "compact": ("--http-address",),
    "query": ("--http-address", "--grpc-address"),
    "query-frontend": ("--http-address",),
    "receive": ("--http-address", "--grpc-address", "--remote-write.address", "--receive.capnproto-address"),
    "rule": ("--http-address", "--grpc-address"),
    "sidecar": ("--http-address", "--grpc-address"),
    "store": ("--http-address", "--grpc-address"),
}
#: These are ready only once another program is. They are healthy once they have read all that they were given.
DEPENDENT = ("query-frontend", "sidecar")
#: A Store ends if the names of its caches lead nowhere. An address is not connected to before there is what to keep.
LOOKED_UP = re.compile(r"dnssrv(noa)?\+[\w.-]+"), "127.0.0.1:9"


@dataclass(frozen=True)
class Command:
    """What a container runs."""

    workload: str
    """Name of the Deployment or StatefulSet."""
    args: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    """Paths in the container and their texts."""
    folders: tuple[str, ...]
    """Paths in the container that it may write to."""

    @property
    def role(self) -> str:
        """The Thanos command: receive, query, …"""
        return self.args[0]

    def changed(self, path: str, text: str) -> "Command":
        """The same with another text in one file."""
        assert path in dict(self.files), f"{path} is none of {', '.join(dict(self.files))}"
        files = tuple((name, text if name == path else old) for name, old in self.files)
        return Command(self.workload, self.args, files, self.folders)


@dataclass(frozen=True)
class Verdict:
    """What a program made of its arguments and files."""

    code: int | None
    """How it ended; None: it was still running."""
    accepted: bool
    log: str

    @property
    def refused(self) -> bool:
        """It ended with an error; a program that is neither accepted nor refused does not come to a decision."""
        return self.code not in (None, 0)

    @property
    def reason(self) -> str:
        """The last that it said, without the lines of code that lead there."""
        *_, last = ["nothing", *(line for line in self.log.splitlines() if line.strip())]
        return re.split(r"\\n(?:> |\\t|main\.|github\.com/)", last)[0]


def commands(
    recording: Recording, secrets: Mapping[str, Mapping[str, str]] | None = None, image: str = versions.THANOS
) -> list[Command]:
    """What the containers of an image run. `secrets`: those that the stack does not make, texts by file by name."""
    known = {found.inputs["metadata"]["name"]: found.inputs.get("data", {}) for found in recording.of("ConfigMap")}
    known |= {found.inputs["metadata"]["name"]: found.inputs.get("stringData", {}) for found in recording.of("Secret")}
    known |= secrets or {}
    found = []
    for workload in [*recording.of("Deployment"), *recording.of("StatefulSet")]:
        spec = workload.inputs["spec"]["template"]["spec"]
        volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
        for container in spec["containers"]:
            if container["image"] == image:
                mounts = {mount["mountPath"]: volumes.get(mount["name"], {}) for mount in container["volumeMounts"]}
                files, folders = _contents(mounts, known)
                found.append(Command(workload.name, tuple(_arguments(container)), files, folders))
    return found


def _contents(mounts: Mapping[str, Mapping], known: Mapping[str, Mapping[str, str]]) -> tuple[tuple, tuple]:
    """Files, and folders to write to (claims and empty directories), of a container's mounts."""
    files, folders = {}, []
    for path, volume in mounts.items():
        if "configMap" in volume or "secret" in volume:
            name = volume["configMap"]["name"] if "configMap" in volume else volume["secret"]["secretName"]
            assert name in known, f"nobody makes {name}"
            files |= {f"{path}/{file}": text for file, text in known[name].items()}
        else:
            assert set(volume) <= {"name", "emptyDir"}, f"a volume of a kind that is not known here: {volume}"
            folders.append(path)
    return tuple(sorted(files.items())), tuple(folders)


def _arguments(container: Mapping) -> Iterator[str]:
    """The arguments with $(NAME) filled in, as the kubelet does it."""
    variables = {variable["name"]: variable.get("value", "pod-0") for variable in container.get("env", [])}
    for arg in container["args"]:
        yield re.sub(r"\$\((\w+)\)", lambda match: variables[match[1]], arg)


def judge(command: Command, program: str, folder: Path, *, seconds: float = 30) -> Verdict:
    """Starts a Thanos command in a new folder and waits until it has read all that it was given, or has ended."""
    for attempt in range(3):
        verdict = _judge(command, program, folder / str(attempt), seconds)
        if "address already in use" not in verdict.log:
            break  # Between the choice of a free port and its use, another program may take it.
    return verdict


def _judge(command: Command, program: str, folder: Path, seconds: float) -> Verdict:
    args, url = _place(command, folder)
    log = folder / "log"
    deadline = time.monotonic() + seconds
    with running([program, *args], log) as process:
        while not (accepted := _answers(url)) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        return Verdict(process.poll(), accepted, log.read_text())


def _place(command: Command, folder: Path) -> tuple[list[str], str]:
    """Writes a command's files below `folder`; returns the arguments that fit, and the URL that tells its state."""
    roots = sorted({str(Path(path).parent) for path, _ in command.files} | set(command.folders), key=len, reverse=True)
    moved = re.compile(rf"(?<![\w./-])({'|'.join(map(re.escape, roots))})(?![\w.-])")

    def here(text: str) -> str:
        text = moved.sub(lambda match: f"{folder}{match[1]}", text)
        return re.sub(*LOOKED_UP, text) if command.role == "store" else text

    for path in ("", *command.folders):
        (folder / path.lstrip("/")).mkdir(parents=True)
    for path, text in command.files:
        target = folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(here(text))
    flags = LISTENERS[command.role]
    addresses = [f"127.0.0.1:{port}" for port in free_ports(len(flags))]
    args = [here(arg) for arg in command.args if arg.split("=")[0] not in flags]
    args += [f"{flag}={address}" for flag, address in zip(flags, addresses, strict=True)]
    state = "healthy" if command.role in DEPENDENT else "ready"
    return args, f"http://{addresses[0]}/-/{state}"


@contextlib.contextmanager
def running(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen]:
    """A process that is killed in the end; all that it says is in `log`. It sees no credentials but these."""
    environment = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_EC2_METADATA_DISABLED": "true"}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=log.parent, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except OSError:  # also every other status
        return False


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens at."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
