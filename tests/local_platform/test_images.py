import hashlib
import io
import json
import tarfile

from local import images


def unpack(content: bytes) -> dict[str, tarfile.TarInfo | bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def test_an_archive_is_an_oci_layout_whose_digests_hold():
    files = unpack(images.archive("example.test/thanos:v1", b"program", "bin/thanos"))

    entry = json.loads(files["index.json"])["manifests"][0]
    assert entry["annotations"]["io.containerd.image.name"] == "example.test/thanos:v1"
    manifest = json.loads(files["blobs/" + entry["digest"].replace(":", "/")])
    for descriptor in (entry, manifest["config"], *manifest["layers"]):
        blob = files["blobs/" + descriptor["digest"].replace(":", "/")]
        assert hashlib.sha256(blob).hexdigest() == descriptor["digest"].removeprefix("sha256:")
        assert len(blob) == descriptor["size"]


def test_an_archive_runs_its_one_program_unprivileged():
    files = unpack(images.archive("example.test/thanos:v1", b"program", "bin/thanos"))

    manifest = json.loads(files["blobs/" + json.loads(files["index.json"])["manifests"][0]["digest"].replace(":", "/")])
    config = json.loads(files["blobs/" + manifest["config"]["digest"].replace(":", "/")])
    layer = files["blobs/" + manifest["layers"][0]["digest"].replace(":", "/")]
    assert config["config"] == {"Entrypoint": ["/bin/thanos"], "User": "65534:65534"}
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(layer).hexdigest()]
    assert unpack(layer) == {"bin/thanos": b"program"}
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        assert tar.getmember("bin/thanos").mode == 0o755
