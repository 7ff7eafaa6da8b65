"""What this machine lets us do. Running pods needs a few capabilities; without them the platform goes on without
pods.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

#: program -> the Debian package that has it
PROGRAMS = {
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "mount": "mount",
    "ip": "iproute2",
    "iptables": "iptables",
}

_NAMESPACES = ["unshare", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--mount-proc"]
#: what it is -> a shell script that succeeds inside fresh namespaces if the machine allows it; $1 is a scratch folder
_CHECKS = {
    "network, mount, process, IPC and host name namespaces (CAP_SYS_ADMIN)": "true",
    "a network bridge and a veth pair (CAP_NET_ADMIN)": (
        "ip link add b0 type bridge && ip link add v0 type veth peer name v1"
    ),
    "overlay mounts on the file system of this checkout": (
        'cd "$1" && mkdir l u w m && mount -t overlay overlay -o lowerdir=l,upperdir=u,workdir=w m'
    ),
    "address translation by iptables": "iptables -t nat -A POSTROUTING -j MASQUERADE",
}


def missing(scratch: Path) -> list[str]:
    """Names of the capabilities that running pods needs and this machine lacks; empty if pods can run.

    scratch: an existing folder on the file system that images will be unpacked on.
    """
    if os.geteuid() != 0:
        return ["root (run `sudo make up`)"]
    if problem := _install_programs():
        return [problem]
    lacking = []
    for name, script in _CHECKS.items():
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            done = subprocess.run([*_NAMESPACES, "sh", "-ec", script, "sh", folder], capture_output=True, text=True)
        if done.returncode:
            lacking.append(f"{name}: {' '.join(done.stderr.split()) or 'refused'}")
            if script == "true":
                break  # nothing else can work
    return lacking + _cgroups()


def _install_programs() -> str | None:
    absent = sorted({package for program, package in PROGRAMS.items() if not shutil.which(program)})
    if not absent:
        return None
    if not shutil.which("apt-get"):
        return f"the packages {', '.join(absent)}, which this machine's package manager has"
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *absent],
    ):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    return f"the packages {', '.join(absent)}: {done.stderr.strip()[-300:]}" if done.returncode else None


def _cgroups() -> list[str]:
    root = Path("/sys/fs/cgroup")
    unified = root / "cgroup.controllers"
    controllers = unified.read_text().split() if unified.exists() else [path.name for path in root.glob("*")]
    lacking = [f"the cgroup controller {name}" for name in ("cpu", "memory", "pids") if name not in controllers]
    if not lacking and not os.access(root if unified.exists() else root / "memory", os.W_OK):
        return ["a writable cgroup file system (a container needs --privileged or cgroup delegation)"]
    return lacking
