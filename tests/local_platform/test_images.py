import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import versions
from local import images, tools
from tests.engine import ROOT

NAME = "example.test/thanos:v1"
FILES = {"bin/thanos": b"program", "lib/x.so": b"library"}


def unpack(content: bytes) -> dict[str, tarfile.TarInfo | bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def test_an_archive_is_an_oci_layout_whose_digests_hold():
    files = unpack(images.archive(NAME, FILES, "bin/thanos"))

    entry = json.loads(files["index.json"])["manifests"][0]
    assert entry["annotations"]["io.containerd.image.name"] == NAME
    manifest = json.loads(files["blobs/" + entry["digest"].replace(":", "/")])
    for descriptor in (entry, manifest["config"], *manifest["layers"]):
        blob = files["blobs/" + descriptor["digest"].replace(":", "/")]
        assert hashlib.sha256(blob).hexdigest() == descriptor["digest"].removeprefix("sha256:")
        assert len(blob) == descriptor["size"]


def test_an_archive_runs_its_program_unprivileged():
    files = unpack(images.archive(NAME, FILES, "bin/thanos"))

    manifest = json.loads(files["blobs/" + json.loads(files["index.json"])["manifests"][0]["digest"].replace(":", "/")])
    config = json.loads(files["blobs/" + manifest["config"]["digest"].replace(":", "/")])
    layer = files["blobs/" + manifest["layers"][0]["digest"].replace(":", "/")]
    assert config["config"]["Entrypoint"] == ["/bin/thanos"]
    assert config["config"]["User"] == "65534:65534"
    assert "/usr/local/bin" in config["config"]["Env"][0], "a manifest may say just `memcached`"
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(layer).hexdigest()]
    assert unpack(layer) == FILES
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        assert tar.getmember("bin/thanos").mode == 0o755


def test_the_libraries_of_a_program_come_with_their_loader():
    found = images.libraries(Path(sys.executable).resolve())

    assert [name for name in ("libc.so", "ld-linux") if not any(name in path for path in found)] == []
    assert all(Path(path).is_file() for path in found)


def test_a_library_that_is_not_there_is_an_error_that_names_it(tmp_path, monkeypatch):
    (tmp_path / "ldd").write_text("#!/bin/sh\necho '\tlibevent-2.1.so.7 => not found'\n")
    (tmp_path / "ldd").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    with pytest.raises(tools.ToolError, match=r"memcached needs libevent-2\.1\.so\.7"):
        images.libraries(Path("/somewhere/memcached"))


def test_every_pinned_image_can_be_made_or_its_part_be_left_out():
    charts = {versions.KUBE_PROMETHEUS_STACK, versions.KUBE_PROMETHEUS_STACK_REPOSITORY}
    pinned = {value for name, value in vars(versions).items() if name.isupper()} - charts
    assert pinned < {image.name for image in images.ALL} | set(images.ONLY_PULLED.values())


@pytest.mark.parametrize("program", [tools.THANOS, tools.PROMETHEUS, tools.ENVOY], ids=lambda program: program.name)
def test_a_program_that_runs_here_is_of_the_release_that_its_image_has_in_production(program):
    """Else tests of flags, files and metrics are about another program than the one that is deployed."""
    [image] = [image.name for image in images.ALL if image.tool is program]
    assert image.endswith(f"v{program.version}")


class Containerd:
    """Has some images, and a registry that refuses some. `pulled`, `imported`: what was asked of it."""

    def __init__(self, monkeypatch, *, has=(), refuses=()) -> None:
        self.has, self.refuses, self.pulled, self.imported = has, refuses, [], []
        monkeypatch.setattr(images, "_ctr", self.ctr)
        monkeypatch.setattr(images, "_import", lambda _, image: self.imported.append(image.name))
        monkeypatch.setattr(tools, "fetch", lambda wanted: list(wanted))

    def ctr(self, _node, *arguments, **_):
        if "pull" in arguments:
            self.pulled.append(arguments[-1])
            return subprocess.CompletedProcess(arguments, int(arguments[-1] in self.refuses), "")
        return subprocess.CompletedProcess(arguments, 0, "\n".join(self.has))


@pytest.mark.parametrize("refused", [(), ("tempo",), ("tempo", "grafana")])
def test_a_part_is_there_if_its_image_is_pulled_and_everything_else_is_made(monkeypatch, refused):
    refusing = {images.ONLY_PULLED[part] for part in refused} | {versions.THANOS}
    containerd = Containerd(monkeypatch, refuses=refusing)

    assert images.provide(None) == {"tempo", "grafana"} - set(refused)
    assert containerd.imported == [versions.THANOS]


@pytest.mark.parametrize("had", [(), ("tempo",), ("tempo", "grafana")])
def test_a_later_start_goes_with_the_parts_that_the_first_one_got_and_asks_no_registry(monkeypatch, had):
    has = [*(image.name for image in images.ALL), *(images.ONLY_PULLED[part] for part in had)]
    containerd = Containerd(monkeypatch, has=has)

    assert images.provide(None) == set(had)
    assert containerd.pulled == containerd.imported == []


def test_another_version_is_a_first_start_again(monkeypatch):
    containerd = Containerd(monkeypatch, has=[image.name for image in images.ALL if image.name != versions.THANOS])

    assert images.provide(None) == {"tempo", "grafana"}
    assert sorted(containerd.pulled) == sorted([versions.THANOS, versions.TEMPO, versions.GRAFANA])


@pytest.mark.parametrize("part", images.ONLY_PULLED)
def test_a_part_that_is_only_pulled_is_off_in_the_local_stack_files_in_the_words_that_are_replaced(part):
    texts = [path.read_text() for path in (ROOT / "local").glob("Pulumi.*.yaml")]
    having = [text for text in texts if f"observability:{part}:" in text]
    assert having
    assert all(f"observability:{part}:\n    enabled: false\n" in text for text in having)
