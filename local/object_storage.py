"""The S3 API (and IAM beside it) of the local platform: a moto server, in memory."""

import json
import sys
import time
import urllib.request
from pathlib import Path

from local import network, progress
from local.control_plane import tail
from local.node import LOGS, Node

#: moto takes any keys. They are set as secrets all the same, so the local run goes the way of every S3-compatible
#: store. Their text is in no other value: Pulumi shows it as [secret] wherever it occurs.
ACCESS_KEY = SECRET_KEY = "moto-takes-any"


def start(node: Node) -> None:
    """Returns once the server answers."""
    with progress.step("object storage: S3 API"):
        listen = "0.0.0.0" if node.isolated else node.address
        program = str(Path(sys.executable).parent / "moto_server")
        node.spawn("s3", [program, f"--host={listen}", f"--port={network.S3_PORT}"])
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://{node.s3_endpoint}/moto-api/", timeout=5).close()
                return
            except OSError:
                if not node.running("s3"):
                    break
                time.sleep(0.25)
        raise RuntimeError(f"the S3 API did not start:\n{tail(LOGS / 's3.log')}")


def buckets(node: Node) -> list[str]:
    """Names of all buckets there are."""
    return [bucket["Name"] for bucket in client(node).list_buckets()["Buckets"]]


def block_metas(node: Node, bucket: str) -> list[dict]:
    """The meta.json of every block in a bucket."""
    s3 = client(node)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    metas = [key for key in keys if key.endswith("/meta.json") and key.count("/") == 1]
    return [json.load(s3.get_object(Bucket=bucket, Key=key)["Body"]) for key in metas]


def client(node: Node):
    """A boto3 client of the S3 API."""
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=f"http://{node.s3_endpoint}",
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
