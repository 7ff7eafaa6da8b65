"""An emulator of the AWS APIs, without anything in it."""

import contextlib
import urllib.request
from collections.abc import Iterator

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from moto.server import ThreadedMotoServer

REGION = "eu-west-1"


@contextlib.contextmanager
def emulator() -> Iterator[str]:
    """host:port"""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        address = "{}:{}".format(*server.get_host_and_port())
        # All servers of a process serve one account, with what the tests of another module have left in it.
        urllib.request.urlopen(urllib.request.Request(f"http://{address}/moto-api/reset", method="POST")).close()
        yield address
    finally:
        server.stop()


def client(service: str, address: str, region: str = REGION) -> BaseClient:
    """Of an emulator at host:port."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    config = Config(s3={"addressing_style": "path"}, proxies={})
    return boto3.client(service, endpoint_url=f"http://{address}", region_name=region, config=config, **keys)
