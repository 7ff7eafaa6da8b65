"""The bucket behind a real S3 API: moto's server, in memory. Its range reads are slower than those of any real S3."""

import sys
from pathlib import Path

from bench.query_path.processes import HOST, Processes, free_port
from local import progress
from local.object_storage import ACCESS_KEY, SECRET_KEY
from render import objstore

BUCKET, REGION = "bench", "us-east-1"


def serve(processes: Processes, folder: Path) -> str:
    """Starts the server and puts the folder's files into a bucket. Returns objstore.yml."""
    import boto3

    address = f"{HOST}:{free_port()}"
    program = str(Path(sys.executable).parent / "moto_server")
    command = [program, f"--host={HOST}", f"--port={address.rpartition(':')[2]}"]
    processes.spawn("s3", command, f"http://{address}/moto-api/")
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{address}",
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    with progress.step("S3 API: upload"):
        client.create_bucket(Bucket=BUCKET)
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                client.upload_file(str(path), BUCKET, str(path.relative_to(folder)))
    return objstore.document(
        bucket=BUCKET, endpoint=address, region=REGION, insecure=True, access_key=ACCESS_KEY, secret_key=SECRET_KEY
    )
