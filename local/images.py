"""Container images on the node: pulled where their registry answers, else made of programs of this machine.

A made image is one layer with the program and the libraries that it is linked to, under the name that the manifests
use, so the kubelet finds it and pulls nothing.
"""

import hashlib
import io
import json
import re
import subprocess
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import versions
from local import progress, tools
from local.node import Node
from local.tools import ARCHITECTURE, CONTAINERD, Tool

CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
PAUSE_IMAGE = "registry.k8s.io/pause:3.6"
#: Where a command without a folder is looked up.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """name: as in the manifests. path: where the real image has the program, which is also its entry point."""

    name: str
    tool: Tool
    path: str

    @property
    def program(self) -> Path:
        return Path(self.tool.program(self.tool.programs[0]))


ALL = (
    Image(PAUSE_IMAGE, tools.PAUSE, "pause"),
    Image(versions.THANOS, tools.THANOS, "bin/thanos"),
    Image(versions.ENVOY, tools.ENVOY, "usr/local/bin/envoy"),
    Image(versions.PROMETHEUS, tools.PROMETHEUS, "bin/prometheus"),
    # Debian's is an older release than the image's name says: its arguments have to suit both.
    Image(versions.MEMCACHED, tools.MEMCACHED, "usr/local/bin/memcached"),
    Image(versions.MEMCACHED_EXPORTER, tools.MEMCACHED_EXPORTER, "bin/memcached_exporter"),
)
#: Images of programs that can only be pulled, by the part of a stack that needs them: it is left out without.
ONLY_PULLED = {"tempo": versions.TEMPO, "grafana": versions.GRAFANA}


def provide(node: Node) -> set[str]:
    """Makes each image known to the node's containerd; returns those of `ONLY_PULLED` that could be had."""
    present = set(_ctr(node, "images", "list", "-q").stdout.split())
    made = {image.name: image for image in ALL}
    absent = [name for name in made if name not in present]
    if absent:
        # These at a first start alone: where no registry answers, each further one would wait for it in vain.
        absent += [name for name in ONLY_PULLED.values() if name not in present]
        with progress.step("images: pulling"), ThreadPoolExecutor() as pool:
            pulls = [pool.submit(_ctr, node, "images", "pull", name, timeout=300) for name in absent]
        present |= {name for name, pull in zip(absent, pulls, strict=True) if not pull.result().returncode}
    refused = [image for name, image in made.items() if name not in present]
    tools.fetch(image.tool for image in refused)
    for image in refused:
        with progress.step(f"image {image.name}: made here"):
            _import(node, image)
    lacking = {part for part, name in ONLY_PULLED.items() if name not in present}
    if lacking:
        progress.say(f"Without {' and '.join(sorted(lacking))}: no registry of images has answered.", "yellow")
    return set(ONLY_PULLED) - lacking


def _import(node: Node, image: Image) -> None:
    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        files = {image.path: image.program, **{path.lstrip("/"): Path(path) for path in libraries(image.program)}}
        file.write(archive(image.name, {name: path.read_bytes() for name, path in files.items()}, image.path))
        file.flush()
        done = _ctr(node, "images", "import", file.name)
    if done.returncode:
        raise RuntimeError(f"image {image.name} could not be imported: {done.stderr.strip()}")


def libraries(program: Path) -> list[str]:
    """Paths of the shared libraries that the program is linked to and of their loader; none if it is static.

    ToolError if one is not on this machine.
    """
    listed = subprocess.run(["ldd", str(program)], capture_output=True, text=True).stdout
    if lacking := re.findall(r"(\S+) => not found", listed):
        raise tools.ToolError(f"{program.name} needs {', '.join(lacking)}, which this machine does not have")
    return re.findall(r"(?:^|=> )\s*(/\S+) \(0x", listed, re.MULTILINE)


def _ctr(node: Node, *arguments: str, timeout: int = 120) -> subprocess.CompletedProcess:
    """Asks the node's containerd from the host: pulling needs a network and a resolver, which the node has not."""
    command = [CONTAINERD.program("ctr"), f"--address={node.outside(CONTAINERD_SOCKET)}", "--namespace=k8s.io"]
    try:
        return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def archive(name: str, files: dict[str, bytes], program: str) -> bytes:
    """An OCI image layout as a tar: files by path, of which `program` is run, as an unprivileged user."""
    layer = _tar(files, mode=0o755)
    blobs = {}

    def blob(content: bytes, media_type: str) -> dict:
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    config = {
        "architecture": ARCHITECTURE,
        "os": "linux",
        "config": {"Entrypoint": [f"/{program}"], "Env": [f"PATH={PATH}"], "User": "65534:65534"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
        "layers": [blob(layer, "application/vnd.oci.image.layer.v1.tar")],
    }
    entry = blob(json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json")
    entry["annotations"] = {"io.containerd.image.name": name}
    index = {"schemaVersion": 2, "manifests": [entry]}
    layout = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": json.dumps(index).encode()}
    return _tar({**layout, **blobs}, mode=0o644)


def _tar(files: dict[str, bytes], mode: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
