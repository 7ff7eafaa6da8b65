"""Files that are read once: a ConfigMap whose name changes with its content, so that new content rolls the pods."""

import hashlib
import json
from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s

import labels

from ._workload import Part


def hashed_config_map(
    part: Part, stem: str, files: Mapping[str, pulumi.Input[str]], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Makes the ConfigMap <part>-<stem>-<hash of the files> and returns its name. `files`: text by file name.

    The old one is deleted last, so a pod that restarts in the middle of a rollout still finds it.
    """
    stable = labels.safe_name(part.name, stem, limit=labels.SERVICE_NAME)
    known = pulumi.Output.from_input(dict(files))
    made = k8s.core.v1.ConfigMap(
        stable, metadata=part.metadata(known.apply(lambda texts: f"{stable}-{_digest(texts)}")), data=known, opts=opts
    )
    return made.metadata["name"]


def _digest(files: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:10]
