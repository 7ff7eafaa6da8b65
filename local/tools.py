"""The programs that the platform consists of: each from PATH, else the official download, else built or unpacked here.

A tool lands in `.cache/tools/<name>-<version>/`, keyed by the version asked for, and is complete or not there at all.
"""

import importlib.resources
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local import downloads, progress
from local.paths import CACHE, ROOT

TOOLS = CACHE / "tools"
BUILD = ROOT / "local" / "build"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


class ToolError(Exception):
    """A program cannot be had; the message says what was tried."""


@dataclass(frozen=True)
class Tool:
    """One package of programs.

    version: the one that is downloaded or built. accepts: a pattern for what `<first program> <version flag>` prints,
    where a program that is already on PATH will do. release: URL of the official archive, with {version} and {arch}.
    module: folder under local/build. debian: package name. python: package that has the programs in its folder _bin.
    """

    name: str
    version: str
    programs: tuple[str, ...]
    accepts: str
    version_flag: str = "--version"
    release: str | None = None
    checksums: str | None = None
    debian: str | None = None
    python: str | None = None
    go_flags: tuple[str, ...] = ()
    go_variables: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return TOOLS / f"{self.name}-{self.version}"

    def program(self, name: str) -> str:
        """Path of one of the tool's programs, once `fetch` has been called."""
        if self.python:
            return str(importlib.resources.files(self.python) / "_bin" / name)
        own = self.folder / name
        return str(own) if own.exists() else shutil.which(name) or name


PULUMI = Tool(
    "pulumi",
    "3.246.0",
    ("pulumi", "pulumi-language-python", "pulumi-language-python-exec"),
    accepts=r"v3\.(2[2-9]\d|[3-9]\d\d)\.",
    version_flag="version",
    release="https://get.pulumi.com/releases/sdk/pulumi-v{version}-linux-{pulumi_arch}.tar.gz",
    go_variables=("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version}",),
)
KUBERNETES = Tool(
    "kubernetes",
    "1.34.3",
    ("kubelet", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubectl"),
    accepts=r"v1\.34\.",
    release="https://dl.k8s.io/v{version}/bin/linux/{arch}/{program}",
    checksums="https://dl.k8s.io/v{version}/bin/linux/{arch}/{program}.sha256",
    go_variables=(
        "k8s.io/component-base/version.gitVersion=v{version}",
        "k8s.io/component-base/version.gitMajor=1",
        "k8s.io/component-base/version.gitMinor=34",
    ),
)
COREDNS = Tool(
    "coredns",
    "1.12.4",
    ("coredns",),
    accepts=r"CoreDNS-1\.1[1-9]\.",
    version_flag="-version",
    release="https://github.com/coredns/coredns/releases/download/v{version}/coredns_{version}_linux_{arch}.tgz",
    checksums="https://github.com/coredns/coredns/releases/download/v{version}/coredns_{version}_linux_{arch}.tgz.sha256",
)
THANOS = Tool(
    "thanos",
    "0.42.5",
    ("thanos",),
    accepts=r"version 0\.42\.5",
    release="https://github.com/thanos-io/thanos/releases/download/v{version}/thanos-{version}.linux-{arch}.tar.gz",
    checksums="https://github.com/thanos-io/thanos/releases/download/v{version}/sha256sums.txt",
    # Without slicelabels it builds and starts, and corrupts memory at the first remote write. Inlined as in a release:
    # its speed is what is measured.
    go_flags=("-tags=netgo,slicelabels", "-gcflags=all=-dwarf=false"),
    go_variables=("github.com/prometheus/common/version.Version={version}",),
)
PAUSE = Tool("pause", "1", ("pause",), accepts=r"(?!)")
ETCD = Tool(
    "etcd",
    "3.5.21",
    ("etcd",),
    accepts=r"etcd Version: 3\.[4-6]\.",
    release="https://github.com/etcd-io/etcd/releases/download/v{version}/etcd-v{version}-linux-{arch}.tar.gz",
    checksums="https://github.com/etcd-io/etcd/releases/download/v{version}/SHA256SUMS",
    debian="etcd-server",
)
CONTAINERD = Tool(
    "containerd",
    "1.7.27",
    ("containerd", "containerd-shim-runc-v2", "ctr"),
    accepts=r" v?1\.[67]\.",
    release="https://github.com/containerd/containerd/releases/download/v{version}/containerd-{version}-linux-{arch}.tar.gz",
    checksums="https://github.com/containerd/containerd/releases/download/v{version}/containerd-{version}-linux-{arch}.tar.gz.sha256sum",
    debian="containerd",
)
RUNC = Tool(
    "runc",
    "1.2.6",
    ("runc",),
    accepts=r"runc version 1\.",
    release="https://github.com/opencontainers/runc/releases/download/v{version}/runc.{arch}",
    checksums="https://github.com/opencontainers/runc/releases/download/v{version}/runc.sha256sum",
    debian="runc",
)
CNI_PLUGINS = Tool(
    "cni-plugins",
    "1.6.2",
    ("bridge", "host-local", "portmap", "loopback"),
    # The kernel's bridge-utils has programs of the same names: only a folder of their own will do.
    accepts=r"(?!)",
    release="https://github.com/containernetworking/plugins/releases/download/v{version}/cni-plugins-linux-{arch}-v{version}.tgz",
    checksums="https://github.com/containernetworking/plugins/releases/download/v{version}/cni-plugins-linux-{arch}-v{version}.tgz.sha256",
    debian="containernetworking-plugins",
)
PROMETHEUS = Tool(
    "prometheus",
    "3.13.5",
    ("prometheus", "promtool"),
    accepts=r"version 3\.13\.",
    release="https://github.com/prometheus/prometheus/releases/download/v{version}/prometheus-{version}.linux-{arch}.tar.gz",
    checksums="https://github.com/prometheus/prometheus/releases/download/v{version}/sha256sums.txt",
    # Debian's Prometheus cannot discover pods. Of all discoveries only that of pods is used here, and the others bring
    # the libraries of a dozen clouds.
    go_flags=("-tags=netgo,slicelabels,remove_all_sd,enable_kubernetes_sd",),
    go_variables=("github.com/prometheus/common/version.Version={version}",),
)
MEMCACHED = Tool("memcached", "1.6.18", ("memcached",), accepts=r"memcached 1\.6\.", debian="memcached")
# The exporter of the Prometheus project is not among the Go modules that can be had everywhere.
MEMCACHED_EXPORTER = Tool("memcached-exporter", "1", ("memcached-exporter",), accepts=r"(?!)")
# Reads workflows as GitHub would; only a test runs it.
ACTIONLINT = Tool(
    "actionlint",
    "1.7.12",
    ("actionlint",),
    accepts=r"^v?1\.7\.",
    release="https://github.com/rhysd/actionlint/releases/download/v{version}/actionlint_{version}_linux_{arch}.tar.gz",
    checksums="https://github.com/rhysd/actionlint/releases/download/v{version}/actionlint_{version}_checksums.txt",
)
ENVOY = Tool("envoy", "1.39.3", ("envoy",), accepts=r"/1\.39\.", python="envoy")

CONTROL_PLANE = (PULUMI, ETCD, KUBERNETES)
CONTAINERS = (CONTAINERD, RUNC, CNI_PLUGINS, COREDNS, THANOS, PAUSE, PROMETHEUS)
#: Run only in images, and only in those that are made here because no registry has answered.
IMAGES_ONLY = (MEMCACHED, MEMCACHED_EXPORTER)


def search_path() -> str:
    """PATH with the virtual environment and every fetched tool in front."""
    folders = [str(tool.folder) for tool in (*CONTROL_PLANE, *CONTAINERS) if tool.folder.exists()]
    return os.pathsep.join([str(Path(sys.executable).parent), *folders, os.environ["PATH"]])


def fetch(tools: Iterable[Tool]) -> None:
    """Makes every tool available. Two at a time: one compiles while another downloads or links.

    Raises ToolError with all that failed, after the others have finished: what was built stays built.
    """
    missing = [tool for tool in tools if not (tool.python or tool.folder.exists() or _on_path(tool))]
    if not missing:
        return
    online = downloads.reachable()
    with ThreadPoolExecutor(max_workers=2) as pool:
        jobs = [pool.submit(_fetch, tool, online) for tool in missing]
    problems = [str(error) for job in jobs if (error := job.exception())]
    if problems:
        raise ToolError("\n".join(problems))


def _on_path(tool: Tool) -> bool:
    if any(shutil.which(program) is None for program in tool.programs):
        return False
    command = [tool.programs[0], tool.version_flag]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return re.search(tool.accepts, done.stdout + done.stderr) is not None


def _fetch(tool: Tool, online: bool) -> None:
    TOOLS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS, prefix=f".{tool.name}-") as temporary:
        target = Path(temporary) / "bin"
        target.mkdir()
        tried = []
        for source, available, get in (
            ("official download of {version}", online and tool.release, _download),
            ("Debian's package", tool.debian, _unpack_debian),
            ("building {version} from its Go modules", (BUILD / tool.name).exists(), _build),
        ):
            if not available:
                continue
            try:
                with progress.step(f"{tool.name}: {source.format(version=tool.version)}"):
                    get(tool, target)
            except (ToolError, downloads.DownloadError) as error:
                tried.append(f"  {source.format(version=tool.version)}: {error}")
                continue
            lacking = [program for program in tool.programs if not (target / program).exists()]
            if lacking:
                tried.append(f"  {source.format(version=tool.version)}: it lacks {', '.join(lacking)}")
                continue
            try:
                os.rename(target, tool.folder)
            except OSError:
                if not tool.folder.exists():  # another command has built the same meanwhile
                    raise
            return
    raise ToolError(f"{tool.name} cannot be had:\n" + "\n".join(tried or ["  no source for this machine"]))


def _download(tool: Tool, target: Path) -> None:
    words = {"version": tool.version, "arch": ARCHITECTURE, "pulumi_arch": ARCHITECTURE.replace("amd64", "x64")}
    single = "{program}" in (tool.release or "")
    for program in tool.programs if single else (tool.programs[0],):
        url = tool.release.format(**words, program=program)
        sums = tool.checksums.format(**words, program=program) if tool.checksums else None
        downloads.programs(url, sums, tool.programs if not single else (program,), target)


def _unpack_debian(tool: Tool, target: Path) -> None:
    """Unpacks the package instead of installing it: no service is started, nothing on the machine is replaced."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise ToolError("this is not a Debian system")
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            os.chmod(folder, 0o755)
            if not any(Path("/var/lib/apt/lists").glob("*_Packages*")):
                _run(["apt-get", "update", "-qq"])
        _run(["apt-get", "download", "-qq", tool.debian], cwd=folder)
        package = next(Path(folder).glob("*.deb"))
        _run(["dpkg-deb", "-x", str(package), f"{folder}/root"])
        for program in tool.programs:
            for path in Path(folder, "root").rglob(program):
                if path.is_file() and not path.is_symlink() and os.access(path, os.X_OK):
                    shutil.copy2(path, target / program)


def _build(tool: Tool, target: Path) -> None:
    variables = " ".join(f"-X {variable.format(version=tool.version)}" for variable in tool.go_variables)
    # No debugging data and no inlining: that saves 40 % of the time, and none of these programs is busy here.
    flags = ["-gcflags=all=-dwarf=false -l", f"-ldflags=-s -w {variables}", *tool.go_flags]
    folders = [BUILD / tool.name]
    if tool is PULUMI:
        folders.append(BUILD / "pulumi-language-python")
    for folder in folders:
        _run(["go", "build", *flags, f"-o={target}/", "tool"], cwd=folder, env=_go_environment())
    if tool is PULUMI:
        module = _run(
            ["go", "list", "-m", "-f={{.Dir}}", "github.com/pulumi/pulumi/sdk/v3"], cwd=BUILD / tool.name,
            env=_go_environment(),
        ).strip()  # fmt: skip
        script = shutil.copy(Path(module, "python/cmd/pulumi-language-python-exec"), target)
        os.chmod(script, 0o755)
    for program in tool.programs:
        if not (target / program).exists() and (target / tool.name).exists():
            (target / program).symlink_to(tool.name)  # one program that goes by several names


def _go_environment() -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"}


def _run(command: list[str], cwd: Path | str | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    if done.returncode:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
        raise ToolError(f"`{' '.join(command)}` failed: {last}")
    return done.stdout
