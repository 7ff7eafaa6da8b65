"""Blocks of the past, as if Receive had uploaded them at the time."""

import datetime
import json
import math
import secrets
import subprocess
from pathlib import Path

import yaml

from local import object_storage
from local.node import Node
from local.tools import PROMETHEUS, THANOS

METRIC = "history_temperature"
SENSORS = 4
INTERVAL_SECONDS = 60
HOUR, DAY = 3600, 86_400
#: The Compactor's largest range. Its windows begin at multiples of it.
FORTNIGHT = 14 * DAY
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def window(now: float) -> tuple[int, int]:
    """Begin and end, in seconds, of 15 days that hold one whole window of 14 days and the day after it."""
    boundary = int(now - DAY) // FORTNIGHT * FORTNIGHT
    return boundary - FORTNIGHT, boundary + DAY


def value(sensor: int, at: int) -> float:
    """What a sensor showed."""
    return round(20 + sensor + math.sin(at / HOUR), 3)


def make(folder: Path, begin: int, end: int) -> list[Path]:
    """Blocks of two hours, as ingesters cut them, named by when they were cut."""
    text = folder / "samples.om"
    with text.open("w") as file:
        file.write(f"# TYPE {METRIC} gauge\n")
        for sensor in range(SENSORS):
            for at in range(begin, end, INTERVAL_SECONDS):
                file.write(f'{METRIC}{{cluster="eu-1",sensor="{sensor}"}} {value(sensor, at)} {at}\n')
        file.write("# EOF\n")
    blocks = folder / "blocks"
    promtool = PROMETHEUS.program("promtool")
    subprocess.run([promtool, "tsdb", "create-blocks-from", "openmetrics", "--quiet", text, blocks], check=True)
    return [_cut_at_its_time(block) for block in sorted(blocks.iterdir()) if (block / "meta.json").exists()]


def upload(node: Node, folder: Path, bucket: str, region: str) -> None:
    """Uploads the blocks under `folder` as those of one ingester."""
    config = {
        "type": "S3",
        "config": {
            "bucket": bucket,
            "endpoint": node.s3_endpoint,
            "insecure": True,
            "access_key": object_storage.ACCESS_KEY,
            "secret_key": object_storage.SECRET_KEY,
        },
    }
    labels = {"region": region, "receive_replica": f"{region}-receive-ingester-0", "tenant_id": "default-tenant"}
    subprocess.run(
        [
            THANOS.program("thanos"),
            "tools",
            "bucket",
            "upload-blocks",
            f"--objstore.config={yaml.safe_dump(config)}",
            f"--path={folder}",
            *(f'--label={name}="{text}"' for name, text in labels.items()),
        ],
        check=True,
        capture_output=True,
    )
    # The Compactor leaves alone for half an hour what was uploaded just now.
    s3 = object_storage.client(node)
    for meta in object_storage.block_metas(node, bucket):
        if "upload_time" in meta["thanos"] and meta["thanos"]["labels"] == labels:
            at = datetime.datetime.fromtimestamp(meta["maxTime"] / 1000, datetime.UTC)
            meta["thanos"]["upload_time"] = at.isoformat().replace("+00:00", "Z")
            s3.put_object(Bucket=bucket, Key=f"{meta['ulid']}/meta.json", Body=json.dumps(meta))


def _cut_at_its_time(block: Path) -> Path:
    """A block's name has the time at which it was cut."""
    meta = json.loads((block / "meta.json").read_text())
    ulid = _ulid(meta["maxTime"])
    meta |= {"ulid": ulid, "compaction": {"level": 1, "sources": [ulid]}}
    (block / "meta.json").write_text(json.dumps(meta))
    return block.rename(block.with_name(ulid))


def _ulid(milliseconds: int) -> str:
    number = milliseconds << 80 | secrets.randbits(80)
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
