import functools
import hashlib
import http.server
import io
import tarfile
import threading

import pytest

from local import downloads


@pytest.fixture
def site(tmp_path):
    """A folder and the URL under which a server on loopback publishes it."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield tmp_path, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def publish(folder, name: str, files: dict[str, bytes]) -> str:
    """Writes a .tar.gz of files and returns its SHA-256."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    (folder / name).write_bytes(buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def test_the_named_programs_of_an_archive_are_taken_and_can_be_run(site, tmp_path_factory):
    folder, url = site
    digest = publish(folder, "tool-1.tar.gz", {"tool-1/tool": b"#!/bin/sh\n", "tool-1/README": b"text"})
    (folder / "sums").write_text(f"{'0' * 64}  other.tar.gz\n{digest}  tool-1.tar.gz\n")
    target = tmp_path_factory.mktemp("bin")

    downloads.programs(f"{url}/tool-1.tar.gz", f"{url}/sums", ("tool",), target)

    assert [path.name for path in target.iterdir()] == ["tool"]
    assert (target / "tool").stat().st_mode & 0o111 == 0o111


def test_an_archive_that_is_not_what_was_published_is_refused(site, tmp_path_factory):
    folder, url = site
    digest = publish(folder, "tool.tgz", {"tool": b"good"})
    (folder / "sums").write_text(digest)
    publish(folder, "tool.tgz", {"tool": b"evil"})
    target = tmp_path_factory.mktemp("bin")

    with pytest.raises(downloads.DownloadError, match=f"published is {digest}"):
        downloads.programs(f"{url}/tool.tgz", f"{url}/sums", ("tool",), target)

    assert list(target.iterdir()) == []


def test_a_checksum_of_another_file_does_not_count(site, tmp_path_factory):
    folder, url = site
    digest = publish(folder, "tool.tgz", {"tool": b"good"})
    (folder / "sums").write_text(f"{digest}  other.tgz\n")

    with pytest.raises(downloads.DownloadError, match="published is none"):
        downloads.programs(f"{url}/tool.tgz", f"{url}/sums", ("tool",), tmp_path_factory.mktemp("bin"))


def test_a_file_that_is_not_there_is_an_error_that_names_it(site, tmp_path):
    _, url = site

    with pytest.raises(downloads.DownloadError, match=r"absent\.tgz.*404"):
        downloads.programs(f"{url}/absent.tgz", None, ("tool",), tmp_path)
