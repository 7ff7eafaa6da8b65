"""The three stacks, built once from the stack files in production, and the same from the local ones."""

import functools
import json

from tests.engine import ORGANIZATION, PROJECT, Recording, run_main, stack_config

STACKS = ("apac", "eu", "global")
REGIONS = ("apac", "eu")
#: The keys of the local run, which its tooling sets.
KEYS = {"observability:objectStoreAccessKey": "SECRET-ACCESS", "observability:objectStoreSecretKey": "SECRET-SECRET"}


@functools.cache
def build(stack: str, folder: str = "") -> Recording:
    """`folder` is "" for production, "local/" for the local run."""
    config = stack_config(f"{folder}Pulumi.{stack}.yaml")
    if stack == "global":
        return run_main(stack, config, stack_outputs=stack_outputs(folder))
    return run_main(stack, config, secrets=KEYS if folder else None)


def stack_outputs(folder: str = "") -> dict[str, dict]:
    """The regions' outputs as the backend keeps them: JSON."""
    return {
        f"{ORGANIZATION}/{PROJECT}/{region}": json.loads(json.dumps(build(region, folder).exports))
        for region in REGIONS
    }


ALL = [(stack, folder) for folder in ("", "local/") for stack in STACKS]
IDS = [f"{folder}{stack}" for stack, folder in ALL]
