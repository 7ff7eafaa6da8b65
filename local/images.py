"""Container images on the node: pulled where their registry answers, else made of the programs that are here anyway.

A made image is one layer with the program in it, under the name that the manifests use, so the kubelet finds it and
pulls nothing.
"""

import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from local import progress
from local.node import Node
from local.tools import ARCHITECTURE, CONTAINERD, PAUSE, THANOS, Tool

PAUSE_IMAGE = "registry.k8s.io/pause:3.6"


@dataclass(frozen=True)
class Image:
    """name: as in the manifests. path: where the real image has the program, which is also its entry point."""

    name: str
    tool: Tool
    path: str

    @property
    def program(self) -> Path:
        return Path(self.tool.program(self.tool.programs[0]))


def required(thanos: str) -> list[Image]:
    return [Image(PAUSE_IMAGE, PAUSE, "pause"), Image(thanos, THANOS, "bin/thanos")]


def provide(node: Node, images: list[Image]) -> None:
    """Makes each image known to the node's containerd."""
    present = set(_ctr(node, "images", "list", "-q").stdout.split())
    for image in images:
        if image.name in present:
            continue
        with progress.step(f"image {image.name}"):
            # The pull runs on the host's network: the node has no way out.
            pulled = _ctr(node, "images", "pull", image.name, host_network=True, timeout=300)
            if pulled.returncode:
                _import(node, image)


def _import(node: Node, image: Image) -> None:
    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        file.write(archive(image.name, image.program.read_bytes(), image.path))
        file.flush()
        done = _ctr(node, "images", "import", file.name)
    if done.returncode:
        raise RuntimeError(f"image {image.name} could not be imported: {done.stderr.strip()}")


def _ctr(node: Node, *arguments: str, host_network: bool = False, timeout: int = 120) -> subprocess.CompletedProcess:
    command = [CONTAINERD.program("ctr"), "--namespace=k8s.io", *arguments]
    try:
        return subprocess.run(
            node.inside(*command, host_network=host_network), capture_output=True, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def archive(name: str, program: bytes, path: str) -> bytes:
    """An OCI image layout as a tar: `program` at `path`, run by its own name as an unprivileged user."""
    layer = _tar({path: program}, mode=0o755)
    blobs = {}

    def blob(content: bytes, media_type: str) -> dict:
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    config = {
        "architecture": ARCHITECTURE,
        "os": "linux",
        "config": {"Entrypoint": [f"/{path}"], "User": "65534:65534"},
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
