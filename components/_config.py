"""Files that a process reads once. Other content is an object of another name, so that the pods which mount it roll.

What is reloaded is no business of this module: that is a ConfigMap of a fixed name.
"""

import hashlib
import json
from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

import labels

from ._workload import Part

_SUFFIX = "-00000000"


def hashed_config_map(
    part: Part, stem: str, files: Mapping[str, pulumi.Input[str]], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Makes a ConfigMap whose name ends in a hash of its files (text by file name); returns the name.

    The old one is deleted last, so a pod that restarts in the middle of a rollout still finds it.
    """
    name = _stem(part, stem)
    made = k8s.core.v1.ConfigMap(
        name,
        metadata=part.metadata(pulumi.Output.all(**files).apply(lambda known: f"{name}-{_digest(known)}")),
        data=dict(files),
        opts=opts,
    )
    return made.metadata["name"]


def revised_secret(
    part: Part, stem: str, files: Mapping[str, pulumi.Input[str]], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Makes a Secret whose name ends in a random id that is drawn anew for other files; returns the name.

    A hash of the content would let anyone who sees the name test guesses of the keys in it.
    """
    name = _stem(part, stem)
    secret = {file: pulumi.Output.secret(content) for file, content in files.items()}
    revision = random.RandomId(
        f"{name}-revision",
        byte_length=4,
        keepers=secret,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["keepers"])),
    )
    made = k8s.core.v1.Secret(
        name,
        metadata=part.metadata(pulumi.Output.concat(f"{name}-", revision.hex)),
        type="Opaque",
        string_data=secret,
        opts=opts,
    )
    return made.metadata["name"]


def _stem(part: Part, stem: str) -> str:
    return labels.safe_name(part.name, stem, limit=labels.CONFIG_NAME - len(_SUFFIX))


def _digest(files: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[: len(_SUFFIX) - 1]
