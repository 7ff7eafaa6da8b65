"""Official release archives, checked against the checksums that are published beside them."""

import hashlib
import io
import re
import stat
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

#: Asked once: a machine that cannot reach it is taken to have no internet, and is spared a time-out per tool.
PROBE = "https://dl.k8s.io/release/stable.txt"


class DownloadError(Exception):
    """The file did not arrive, or is not what was published."""


def reachable() -> bool:
    try:
        urllib.request.urlopen(PROBE, timeout=5).close()
    except (OSError, ValueError):
        return False
    return True


def programs(url: str, checksums: str | None, names: tuple[str, ...], target: Path) -> None:
    """Takes the named programs out of the archive at url (or the program that url is) into the folder target.

    checksums: URL of a file that has the archive's SHA-256, alone or in a line with its name.
    """
    content = _get(url)
    if checksums:
        _verify(content, url.rsplit("/", 1)[1], _get(checksums).decode())
    if not re.search(r"\.t(ar\.)?gz$", url):
        _write(target / names[0], content)
        return
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for member in archive:
            name = Path(member.name).name
            if member.isfile() and name in names:
                _write(target / name, archive.extractfile(member).read())


def _verify(content: bytes, name: str, checksums: str) -> None:
    lines = [line.split() for line in checksums.splitlines() if line.strip()]
    expected = [words[0] for words in lines if len(words) == 1 or words[-1].lstrip("*./") == name]
    actual = hashlib.sha256(content).hexdigest()
    if actual not in expected:
        raise DownloadError(f"{name} has SHA-256 {actual}, published is {', '.join(expected) or 'none'}")


def _get(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=60) as response:
            return response.read()
    except (OSError, ValueError) as error:
        raise DownloadError(f"{url}: {error}") from None


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
