"""Made-up series as a bucket's folder: written as blocks, then compacted and downsampled by Thanos."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.query_path.dashboard import DAY, HOUR, SCRAPE_INTERVAL
from local import progress, tools
from local.paths import CACHE, ROOT

FOLDER = CACHE / "bench"
GENERATOR = ROOT / "bench" / "build" / "blocks"
SERIES_PER_POD = 20
#: The largest range of a block that the Compactor makes; such ranges begin at multiples of it since 1970.
LARGEST = 14 * DAY


class DataError(Exception):
    """The blocks could not be made."""


@dataclass(frozen=True)
class Data:
    """`days` days up to `end` (Unix seconds).

    The largest block is one of 10.5 days, just enough to be downsampled to 1h, and 6.5 days of smaller ones follow.
    Where it ends, parts of 24h, 168h, 336h and 720h end too (1470 * 14 days is a multiple of them all), so none of
    these lengths is lucky.
    """

    pods: int = 100
    days: int = 17
    end: int = 1470 * LARGEST + 6 * DAY + 12 * HOUR

    @property
    def samples(self) -> int:
        return self.pods * SERIES_PER_POD * self.days * DAY // SCRAPE_INTERVAL


def block_times(start: int, end: int) -> list[int]:
    """Where blocks begin and end: ranges of 2 days as far as they are complete, then of 8 h, then of 2 h.

    These are the Compactor's own ranges, so it merges what is older than the last block and leaves the rest.
    """
    times = [start]
    while times[-1] < end:
        at = times[-1]
        following = (at // size * size + size for size in (2 * DAY, 8 * HOUR, 2 * HOUR))
        times.append(next((later for later in following if later <= end), end))
    return times


def bucket(data: Data) -> Path:
    """The folder of a FILESYSTEM bucket with the data; made once, and kept by its parameters."""
    recipe = [asdict(data), tools.THANOS.version, (GENERATOR / "main.go").read_text()]
    key = hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:12]
    target = FOLDER / f"blocks-{key}"
    if not target.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER, prefix=".blocks-") as temporary:
            _make(data, Path(temporary))
            os.rename(Path(temporary) / "bucket", target)
    return target


def describe(folder: Path) -> list[str]:
    """One line per block: resolution, days, bytes."""
    lines = []
    for meta in sorted(folder.glob("*/meta.json")):
        document = json.loads(meta.read_text())
        size = sum(path.stat().st_size for path in meta.parent.rglob("*") if path.is_file())
        resolution = {0: "raw", 300_000: "5m", 3_600_000: "1h"}[document["thanos"]["downsample"]["resolution"]]
        days = (document["maxTime"] - document["minTime"]) / 1000 / DAY
        lines.append((document["minTime"], resolution, f"{resolution:>3} {days:5.2f} d {size / 1e6:7.1f} MB"))
    return [line for _, _, line in sorted(lines)]


def _make(data: Data, folder: Path) -> None:
    generator, blocks, target, work = (folder / name for name in ("generator", "blocks", "bucket", "compactor"))
    target.mkdir()
    blocks.mkdir()
    with progress.step(f"data: {data.samples / 1e6:.1f} M samples as blocks"):
        _run(["go", "build", f"-o={generator}", "."], cwd=GENERATOR)
        times = [str(at) for at in block_times(data.end - data.days * DAY, data.end)]
        _run([str(generator), f"-out={blocks}", f"-pods={data.pods}", f"-interval={SCRAPE_INTERVAL}", *times])
    config = folder / "objstore.yml"
    config.write_text(filesystem(target))
    thanos, objstore = tools.THANOS.program("thanos"), f"--objstore.config-file={config}"
    labels = ['--label=region="bench"', '--label=receive_replica="0"']
    with progress.step("data: upload"):
        _run([thanos, "tools", "bucket", "upload-blocks", objstore, f"--path={blocks}", *labels])
    with progress.step("data: compaction and downsampling"):
        once = ["--consistency-delay=0s", "--delete-delay=0s", "--http-address=127.0.0.1:0"]
        _run([thanos, "compact", objstore, f"--data-dir={work}", *once])
    # With its debris, an interrupted upload or a deletion mark, a Store would be busy.
    shutil.rmtree(target / "debug", ignore_errors=True)
    if not any(line.startswith(" 1h") for line in describe(target)):
        raise DataError("the Compactor made no block of 1h data")


def filesystem(folder: Path) -> str:
    """objstore.yml for a bucket that is a folder."""
    return f"type: FILESYSTEM\nconfig:\n  directory: {folder}\n"


def _run(command: list[str], cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        text = re.sub(r"\s+", " ", (done.stderr or done.stdout)[-2000:])
        raise DataError(f"`{' '.join(command[:4])}` failed: {text}")
