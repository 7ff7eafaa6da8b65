"""Compactor: the one process that rewrites and deletes blocks of its bucket.

Two on one bucket delete each other's work. A StatefulSet never runs two pods of one name: it waits for the end of the
old one, even on a node that does not answer.
"""

from typing import TypedDict

import pulumi

import labels
import versions
from render import history_flags, thanos_flags

from . import _probes, _service, _volumes, _workload
from ._workload import OBJSTORE_DIR, OBJSTORE_FILE, ContainerResources, Part

COMPONENT = "compactor"
PORTS = {"http": thanos_flags.HTTP_PORT}
DATA_DIR = "/data"
#: Thanos's own two minutes for requests in flight, and no more. It takes the end of a compaction for a critical error,
#: halts, and waits for the kill (measured, v0.42.5). Nothing is lost by it: without its meta.json, which comes last, no
#: half-uploaded block is read, and the next start does the work again.
GRACE_SECONDS = 150


class ResolutionRetention(TypedDict):
    """How long each resolution is kept, e.g. 30d; 0s: for ever."""

    raw: str
    """Samples as they came."""
    five_minutes: str
    """Aggregates over 5 minutes."""
    one_hour: str
    """Aggregates over an hour."""


class CompactorArgs(TypedDict):
    """What becomes of blocks, and what it takes."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace."""
    priority_class: pulumi.Input[str]
    """The pod's PriorityClass."""
    retention: ResolutionRetention
    """How long each resolution is kept."""
    delete_delay: str
    """How long a block stays after it was replaced or has expired, e.g. 48h."""
    vertical_compaction: bool
    """Merge blocks that overlap: copies of Receive, and late samples."""
    concurrency: int
    """Compactions at a time; each needs its share of the volume."""
    downsample_concurrency: int
    """Blocks that are downsampled at a time."""
    storage: str
    """Size of the volume that it works on, e.g. 100Gi; it can grow and not shrink."""
    storage_class: str | None
    """Of the volume; null: the cluster's default."""
    resources: ContainerResources
    """What the pod requests."""
    service_account: str
    """Name of its service account, which is made here."""
    role_arn: pulumi.Input[str]
    """The IAM role of that service account, which may delete."""
    objstore_secret: pulumi.Input[str]
    """Name of the Secret with objstore.yml; a new name rolls the pod."""


class Compactor(pulumi.ComponentResource):
    """A StatefulSet of exactly one Thanos Compactor and its Service."""

    http_url: pulumi.Output[str]
    """http://host:port of its UI, which shows the blocks of the bucket."""

    def __init__(self, name: str, args: CompactorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Compactor", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        part = Part(labels.safe_name(name, limit=labels.STATEFUL_SET_NAME), args["namespace"], COMPONENT, name)

        service = _service.headless(part, PORTS, child)
        self._stateful_set(part, args, service.metadata["name"], child)
        # A budget that let no pod go would stop every drain of its node.
        _workload.disruption_budget(part, 1, child)

        self.http_url = pulumi.Output.concat("http://", _service.host(service), f":{PORTS['http']}")
        self.register_outputs({"http_url": self.http_url})

    def _stateful_set(
        self, part: Part, args: CompactorArgs, service: pulumi.Input[str], child: pulumi.ResourceOptions
    ) -> None:
        retention = args["retention"]
        container = _workload.container(
            "compactor",
            versions.THANOS,
            history_flags.compact(
                data_dir=DATA_DIR,
                objstore_file=OBJSTORE_FILE,
                retention_raw=retention["raw"],
                retention_5m=retention["five_minutes"],
                retention_1h=retention["one_hour"],
                delete_delay=args["delete_delay"],
                vertical_compaction=bool(args["vertical_compaction"]),
                concurrency=int(args["concurrency"]),
                downsample_concurrency=int(args["downsample_concurrency"]),
            ),
            PORTS,
            args["resources"],
            _probes.http(),
            volumeMounts=[
                {"name": _volumes.VOLUME, "mountPath": DATA_DIR},
                _workload.mount("objstore", OBJSTORE_DIR),
            ],
        )
        template = _workload.pod_template(
            part,
            [container],
            account=_workload.account(part, args["role_arn"], child, name=args["service_account"]),
            priority_class=args["priority_class"],
            terminationGracePeriodSeconds=GRACE_SECONDS,
            volumes=[_workload.secret_volume("objstore", args["objstore_secret"])],
        )
        _volumes.stateful_set(
            part,
            service=service,
            replicas=1,
            template=template,
            storage=args["storage"],
            storage_class=args.get("storage_class"),
            parent=self,
        )
