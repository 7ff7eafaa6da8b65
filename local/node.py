"""The node: a set of Linux namespaces in which the whole platform runs.

Network, mount, process, IPC and host name namespaces are held by one init process. Ending it ends every process
inside, and with the last of them go the mounts, the interfaces and the iptables rules: stopping the platform leaves
nothing on the machine. A veth pair links the node to the host, which reaches service and pod addresses through it.

A machine that cannot make the namespaces runs the control plane as plain processes on loopback instead
(`Node.isolated` is false).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from local import network
from local.paths import ROOT, STATE
from local.tools import search_path

LINK = "observability0"
CGROUP = "observability-local"
_RECORD = STATE / "node.json"
_PROCESSES = STATE / "processes"
LOGS = STATE / "logs"

#: Folders that node programs have compiled in. The init process mounts its own over them, so the host's stay as they
#: are.
PRIVATE_FOLDERS = ("/run/containerd", "/run/netns", "/var/lib/cni", "/var/lib/kubelet", "/var/log")
#: Kernel settings that the kubelet changes for the whole machine; they are put back on stop.
KUBELET_SYSCTLS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
NAMESPACES = ("--net", "--mount", "--pid", "--ipc", "--uts")


class NodeError(Exception):
    """The node cannot do what was asked; the message says what to do."""


@dataclass(frozen=True)
class Node:
    """A running node. init: the host's process id of the namespaces' init process, 0 if the node is not isolated."""

    init: int
    address: str

    @property
    def isolated(self) -> bool:
        return self.init != 0

    @property
    def api_server(self) -> str:
        return f"https://{self.address}:{network.API_PORT}"

    @property
    def s3_endpoint(self) -> str:
        return f"{self.address}:{network.S3_PORT}"

    def inside(self, *argv: str) -> list[str]:
        """The command line that runs argv inside the node."""
        if not self.isolated:
            return list(argv)
        return ["nsenter", f"--target={self.init}", *NAMESPACES, "--", *argv]

    def outside(self, path: str) -> str:
        """Where the host finds what the node has at path; its private folders are mounted in the node alone."""
        return f"/proc/{self.init}/root{path}"

    def spawn(self, name: str, argv: list[str], **variables: str) -> None:
        """Starts a daemon in the node unless it runs already. Its output goes to `.state/logs/<name>.log`."""
        record = _PROCESSES / name
        if _alive(_recorded(record)):
            return
        LOGS.mkdir(parents=True, exist_ok=True)
        with (LOGS / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                self.inside(*argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=STATE,
                env={**os.environ, "PATH": search_path(), "PYTHONPATH": str(ROOT), **variables},
            )
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps([process.pid, _started(process.pid)]))

    def running(self, name: str) -> bool:
        return _alive(_recorded(_PROCESSES / name))


def current() -> Node | None:
    """The node that an earlier command started, if it is still there."""
    if not _RECORD.exists():
        return None
    record = json.loads(_RECORD.read_text())
    if record["init"] and not _alive(record["process"]):
        return None
    return Node(init=record["init"], address=record["address"])


def start(*, isolated: bool) -> Node:
    """Makes the namespaces and the link, or returns the node that is already there."""
    node = current()
    if node and node.isolated == isolated:
        return node
    stop()
    STATE.mkdir(exist_ok=True)
    if not isolated:
        _RECORD.write_text(json.dumps({"init": 0, "address": "127.0.0.1"}))
        return Node(init=0, address="127.0.0.1")
    made = [folder for folder in PRIVATE_FOLDERS if not Path(folder).exists()]
    for folder in made:
        Path(folder).mkdir(parents=True)
    for hierarchy in _cgroup_hierarchies():
        _make_cgroup(hierarchy / CGROUP)
    sysctls = {name: Path("/proc/sys", name).read_text().strip() for name in KUBELET_SYSCTLS}
    # Written before anything is made, so that `stop` can undo a start that was interrupted.
    record = {"init": 0, "process": [0, 0], "address": network.NODE, "made": made, "sysctls": sysctls}
    _RECORD.write_text(json.dumps(record))
    with (STATE / "init.log").open("ab") as log:
        outer = subprocess.Popen(
            ["unshare", *NAMESPACES, "--fork", "--mount-proc", sys.executable, "-m", "local.node_init"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=ROOT,
        )
    init = _first_child(outer)
    record |= {"init": init, "process": [init, _started(init)]}
    _RECORD.write_text(json.dumps(record))
    _link(init)
    node = Node(init=init, address=network.NODE)
    _await_ready(outer)
    return node


def stop() -> None:
    """Ends every process of the node and undoes what namespaces do not undo by themselves. Safe to repeat."""
    record = json.loads(_RECORD.read_text()) if _RECORD.exists() else {}
    processes = [_recorded(path) for path in _PROCESSES.glob("*")] if _PROCESSES.exists() else []
    if record.get("init") and _alive(record["process"]):
        os.kill(record["init"], signal.SIGKILL)
    _end(processes)
    if record.get("init") == 0 and "made" not in record:
        return
    subprocess.run(["ip", "link", "delete", LINK], capture_output=True)
    for name, value in record.get("sysctls", {}).items():
        path = Path("/proc/sys", name)
        if path.read_text().strip() != value:
            path.write_text(value)
    for hierarchy in _cgroup_hierarchies():
        _remove_cgroup(hierarchy / CGROUP)
    for folder in record.get("made", []):
        shutil.rmtree(folder, ignore_errors=True)


def forget() -> None:
    """Removes the platform's state. Call after `stop`."""
    shutil.rmtree(STATE, ignore_errors=True)


def _link(init: int) -> None:
    """The veth pair, and the routes by which the host reaches pods and services. All vanish with the namespace."""
    commands = [
        f"ip link add {LINK} type veth peer name eth0 netns {init}",
        f"ip address add {network.HOST}/{network.LINK_PREFIX} dev {LINK}",
        f"ip link set {LINK} up",
        f"nsenter --target={init} --net ip link set lo up",
        f"nsenter --target={init} --net ip address add {network.NODE}/{network.LINK_PREFIX} dev eth0",
        f"nsenter --target={init} --net ip link set eth0 up",
        # kube-proxy and the kubelet want a default route; there is nothing behind it.
        f"nsenter --target={init} --net ip route add default via {network.HOST}",
        f"nsenter --target={init} --net ip link add cni0 type bridge",
        f"nsenter --target={init} --net ip address add {network.BRIDGE}/24 dev cni0",
        f"nsenter --target={init} --net ip link set cni0 up",
        f"ip route add {network.PODS} via {network.NODE}",
        f"ip route add {network.SERVICES} via {network.NODE}",
    ]
    for command in commands:
        done = subprocess.run(command.split(), capture_output=True, text=True)
        if done.returncode:
            raise NodeError(f"the node's network could not be made: `{command}`: {done.stderr.strip()}")


def _await_ready(outer: subprocess.Popen) -> None:
    ready = STATE / "init.ready"
    for _ in range(100):
        if ready.exists():
            return
        if outer.poll() is not None:
            break
        time.sleep(0.1)
    raise NodeError(f"the node's init process did not become ready: {(STATE / 'init.log').read_text().strip()}")


def _first_child(process: subprocess.Popen) -> int:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    for _ in range(100):
        if process.poll() is not None:
            raise NodeError(f"namespaces could not be made: {(STATE / 'init.log').read_text().strip()}")
        if found := children.read_text().split():
            return int(found[0])
        time.sleep(0.05)
    raise NodeError("the namespaces' init process did not start within 5 s")


def _recorded(path: Path) -> list[int]:
    return json.loads(path.read_text()) if path.exists() else [0, 0]


def _started(pid: int) -> int:
    """The process's start time in clock ticks: with it, a recycled process id is not taken for ours."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _alive(process: list[int]) -> bool:
    pid, started = process
    if not pid or _started(pid) != started:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def _end(processes: list[list[int]]) -> None:
    for sig, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        alive = [process for process in processes if _alive(process)]
        for pid, _ in alive:
            os.kill(pid, sig)
        deadline = time.monotonic() + seconds
        while any(_alive(process) for process in alive) and time.monotonic() < deadline:
            time.sleep(0.1)


def _cgroup_hierarchies() -> list[Path]:
    """The mounted hierarchies: one of cgroup v2, or several of v1."""
    root = Path("/sys/fs/cgroup")
    if (root / "cgroup.controllers").exists():
        return [root]
    return [path for path in root.iterdir() if (path / "cgroup.procs").exists()]


def _make_cgroup(path: Path) -> None:
    path.mkdir(exist_ok=True)
    for name in ("cpuset.cpus", "cpuset.mems"):  # v1: empty until inherited, and then no process may enter
        if (path / name).exists() and not (path / name).read_text().strip():
            (path / name).write_text((path.parent / name).read_text())


def _remove_cgroup(path: Path) -> None:
    if not path.exists():
        return
    for folder, _, _ in os.walk(path, topdown=False):
        for _ in range(50):
            try:
                os.rmdir(folder)
                break
            except OSError:  # busy while its last process is being reaped
                time.sleep(0.1)
