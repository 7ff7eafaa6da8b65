"""Process 1 of the node's namespaces: mounts private folders, then holds the namespaces and reaps orphans."""

import signal
import subprocess
from pathlib import Path

from local import network
from local.node import PRIVATE_FOLDERS
from local.paths import STATE


def main() -> None:
    resolver = STATE / "resolv.conf"
    resolver.write_text(f"search cluster.local\nnameserver {network.BRIDGE}\n")
    kubelet = STATE / "kubelet"
    kubelet.mkdir(exist_ok=True)
    _mount("--bind", str(resolver), "/etc/resolv.conf")
    for folder in PRIVATE_FOLDERS:
        if folder == "/var/lib/kubelet":  # volumes are big: they stay on the disk
            _mount("--bind", str(kubelet), folder)
        else:
            _mount("-t", "tmpfs", "tmpfs", folder)
    _mount("--make-rshared", "/")  # the kubelet propagates volume mounts into containers
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # from here on the kernel reaps what is orphaned to this process
    (STATE / "init.ready").touch()
    while True:
        signal.pause()


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


if __name__ == "__main__":
    main()
