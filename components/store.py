"""Store: gateways that answer from the blocks in the bucket. Each keeps index headers on a volume, and nothing else.

The blocks are parted among groups of pods, by age and by a hash of the block's id. Each group is a StatefulSet whose
name says what it has; a single group has the component's name:

- More pods of a group, or another border of age further back, leave the younger groups alone.
- Another number of hash shards (1 to 2 as well) changes the share of every group, so all are made anew, beside the old
  ones and without their index headers. The old ones go when the new ones are ready. Query reads its endpoints again
  within three minutes; until then its answers lack history, and say so. The old volumes stay until `kubectl delete pvc`
  ends them.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypedDict

import pulumi

import labels
import versions
from render import caches, history_flags, thanos_flags, units
from render.caches import Cache
from render.shards import Shard, selector, shards

from . import _caches, _config, _probes, _service, _volumes, _workload
from ._caches import CACHE_DIR, CacheBackend
from ._manifest import Manifest
from ._workload import OBJSTORE_DIR, OBJSTORE_FILE, ContainerResources, GrpcTls, Part

COMPONENT = "store"
PORTS = {"grpc": thanos_flags.GRPC_PORT, "http": thanos_flags.HTTP_PORT}
DATA_DIR = "/data"
INDEX_CACHE_FILE, CACHING_BUCKET_FILE = "index-cache.yaml", "caching-bucket.yaml"
SELECTOR_DIR = "/etc/thanos/selector"
SELECTOR_FILE = "selector.yaml"
#: A Store reads the metadata of all blocks of its share before it is ready.
STARTUP_SECONDS = 600
#: gRPC looks a name up again at most every 30 s; sooner, Query would have lost both pods of a group in a rollout.
MIN_READY_SECONDS = 30


class StoreLimits(TypedDict):
    """What one request may take from a pod; more is an error. 0: no limit."""

    series: int
    """Number of series."""
    samples: int
    """Number of samples."""


class StoreArgs(TypedDict):
    """How the blocks are parted, and how the Stores run."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace."""
    priority_class: pulumi.Input[str]
    """The pods' PriorityClass."""
    replicas: int
    """Pods of each group; they have the same blocks."""
    time_shards: list[str]
    """Ages, rising, at which another group takes over, e.g. 14d and 90d; empty: one group for all."""
    hash_shards: int
    """Parts of each by a hash of the block's id."""
    block_sync_interval: str
    """How often the bucket is looked at for blocks, e.g. 3m."""
    delete_delay: str
    """The Compactor's: how long a block stays after it was replaced, e.g. 48h."""
    limits: StoreLimits
    """What one request may take."""
    cache: CacheBackend
    """Where parts of blocks are cached."""
    storage: str
    """Size of each pod's volume, e.g. 10Gi; it can grow and not shrink."""
    storage_class: str | None
    """Of the volumes; null: the cluster's default."""
    resources: ContainerResources
    """What each pod requests."""
    service_account: str
    """Name of the service account, which is made here."""
    role_arn: pulumi.Input[str]
    """The IAM role of that service account."""
    objstore_secret: pulumi.Input[str]
    """Name of the Secret with objstore.yml; a new name rolls the pods."""
    tls: GrpcTls | None
    """TLS of the Store API; null: plain text."""


class Store(pulumi.ComponentResource):
    """Store gateways: a StatefulSet with its headless Service for each share of the blocks."""

    endpoints: pulumi.Output[list[str]]
    """host:port of every pod's Store API, known once the pods are ready. Query has to miss one that is away: without
    history an answer is wrong, and a Query Frontend would keep it."""

    def __init__(self, name: str, args: StoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Store", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        part = Part(labels.safe_name(name, limit=labels.STATEFUL_SET_NAME), args["namespace"], COMPONENT, name)

        account = _workload.account(part, args["role_arn"], child, name=args["service_account"])
        documents: dict[str, Callable[[Cache], str]] = {
            INDEX_CACHE_FILE: caches.index_cache,
            CACHING_BUCKET_FILE: lambda cache: caches.caching_bucket(cache, args["block_sync_interval"]),
        }
        volumes = [
            _caches.volume(part, args["cache"], documents, child),
            _workload.secret_volume("objstore", args["objstore_secret"]),
            *_workload.tls_volumes(args.get("tls")),
        ]
        groups = [
            self._group(part, args, shard, account, volumes, child)
            for shard in shards(args["time_shards"], int(args["hash_shards"]), args["block_sync_interval"])
        ]

        self.endpoints = pulumi.Output.all(*groups).apply(lambda known: [host for group in known for host in group])
        self.register_outputs({"endpoints": self.endpoints})

    def _group(
        self,
        store: Part,
        args: StoreArgs,
        shard: Shard,
        account: pulumi.Input[str],
        volumes: list[Manifest],
        child: pulumi.ResourceOptions,
    ) -> pulumi.Output[list[str]]:
        """The pods of one share; returns their endpoints."""
        name = labels.safe_name(store.name, *([shard.name] if shard.name else []), limit=labels.STATEFUL_SET_NAME)
        # An instance of its own, so that its Service, its budget and its spread over nodes see no other group.
        part = replace(store, name=name, instance=name)
        replicas = int(args["replicas"])
        chosen = _config.hashed_config_map(part, "blocks", {SELECTOR_FILE: selector(shard)}, child)
        service = _service.headless(part, PORTS, child)
        template = _workload.pod_template(
            part,
            [_container(args, shard)],
            account=account,
            priority_class=args["priority_class"],
            terminationGracePeriodSeconds=_workload.STATELESS_GRACE_SECONDS,
            volumes=[*volumes, _workload.config_volume("blocks", chosen)],
        )
        pods = _volumes.stateful_set(
            part,
            service=service.metadata["name"],
            replicas=replicas,
            template=template,
            storage=args["storage"],
            storage_class=args.get("storage_class"),
            parent=self,
            podManagementPolicy="Parallel",
            minReadySeconds=MIN_READY_SECONDS,
        )
        _workload.disruption_budget(part, 1, child)
        return pulumi.Output.all(pods.metadata["name"], _service.host(service)).apply(
            lambda known: [f"{known[0]}-{index}.{known[1]}:{PORTS['grpc']}" for index in range(replicas)]
        )


def _container(args: StoreArgs, shard: Shard) -> Manifest:
    tls = args.get("tls")
    return _workload.container(
        "store",
        versions.THANOS,
        history_flags.store(
            data_dir=DATA_DIR,
            objstore_file=OBJSTORE_FILE,
            index_cache_file=f"{CACHE_DIR}/{INDEX_CACHE_FILE}",
            caching_bucket_file=f"{CACHE_DIR}/{CACHING_BUCKET_FILE}",
            selector_file=f"{SELECTOR_DIR}/{SELECTOR_FILE}",
            min_time=shard.min_time,
            max_time=shard.max_time,
            # A replaced block is read for half of that time, so that its replacement is known by then, and the
            # other half is for queries that have begun.
            ignore_deletion_marks_delay=units.duration_text(units.duration(args["delete_delay"]) / 2),
            block_sync_interval=args["block_sync_interval"],
            series_limit=int(args["limits"]["series"]),
            samples_limit=int(args["limits"]["samples"]),
            tls=tls["server_name"] if tls else None,
        ),
        PORTS,
        args["resources"],
        _probes.http(startup_seconds=STARTUP_SECONDS),
        volumeMounts=[
            {"name": _volumes.VOLUME, "mountPath": DATA_DIR},
            _workload.mount("objstore", OBJSTORE_DIR),
            _workload.mount("blocks", SELECTOR_DIR),
            _caches.mount(),
            *_workload.tls_mounts(tls),
        ],
    )
