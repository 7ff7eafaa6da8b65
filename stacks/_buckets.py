"""The region's buckets: one for metrics, one for traces, at the same store."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi

from components import ObjectStore
from render import objstore
from settings import RegionSettings

from ._args import args


class Location(TypedDict):
    """How the store is reached."""

    endpoint: str
    aws_region: str
    insecure: bool
    access_key: pulumi.Output[str] | None
    secret_key: pulumi.Output[str] | None


def location(settings: RegionSettings) -> Location:
    """Where the store is; without keys pods have IAM roles."""
    secrets, aws_region = pulumi.Config(), pulumi.Config("aws").require("region")
    return {
        "endpoint": settings.object_store.endpoint or objstore.aws_endpoint(aws_region),
        "aws_region": aws_region,
        "insecure": settings.object_store.insecure,
        "access_key": secrets.get_secret("objectStoreAccessKey"),
        "secret_key": secrets.get_secret("objectStoreSecretKey"),
    }


def bucket(
    name: str,
    purpose: str,
    settings: RegionSettings,
    consumers: Mapping[str, str],
    namespace: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> ObjectStore:
    """One bucket. `consumers`: who uses it, and how."""
    wanted = settings.object_store
    return ObjectStore(
        f"{name}-{purpose}",
        args(
            {
                "namespace": namespace,
                **wanted.model_dump(exclude={"lifecycle"}),
                **location(settings),
                "region": settings.region,
                "purpose": purpose,
                "consumers": [
                    {"name": consumer, "service_account": f"{name}-{consumer}", "access": access}
                    for consumer, access in consumers.items()
                ],
                "lifecycle": {
                    "abort_incomplete_upload_days": wanted.lifecycle.abort_incomplete_upload_days,
                    "noncurrent_version_days": wanted.lifecycle.noncurrent_version_days,
                    "tiering_after_days": [move.days for move in wanted.lifecycle.transitions],
                },
                "thanos": purpose == "metrics",
                "protect": settings.protect,
            }
        ),
        opts,
    )
