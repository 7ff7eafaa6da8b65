"""A region in miniature: pods that take their time, routers that write all the while, and what Receive does when it
ends. Each look at it lets some time pass.
"""

import functools
import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ops.cluster import Cluster, Pod
from ops.errors import OperationError, UnreachableError
from ops.evidence import Metrics, ring_hash
from ops.plan import Shape
from ops.stack import Stack
from render import hashring

#: How many looks it takes until a pod is ready, routers get a new ring, ingesters go through their blocks, late samples
#: become a block, and Stores look at the bucket.
READY, RING, UPLOAD, CYCLE, LOOK = 30, 70, 25, 90, 300
STACK_FILE = """# Of the region.
config:
  kubernetes:context: test
  aws:region: x
  observability:kind: region
  observability:clusterId: unchecked
  observability:region: apac
  observability:objectStoreAccessKey:
    secure: v1:xyz
  observability:objectStore:
    bucketPrefix: test
    oidcProviderArn: arn:aws:iam::111111111111:oidc-provider/x
  observability:receive: {receive}
"""


@functools.cache
def members(ring_file: str) -> list[str]:
    """The ingesters of a ring; none before a router has its first."""
    return [one["address"].split(":")[0] for one in json.loads(ring_file)[0]["endpoints"]] if ring_file else []


@dataclass
class Ingester:
    """A pod and its volume."""

    uid: int
    ready_at: int
    head: int = 0
    local: int = 0
    """Blocks that are not in the bucket yet."""
    passes: int = 0
    failed: int = 0


@dataclass
class Region:
    """Answers like `Cluster`; `up` is what Pulumi does."""

    zones: list[str] = field(default_factory=list)
    copies: int = 3
    where: str = "a test"
    now: int = 0
    upload_fails: bool = False
    late_samples: bool = False
    other_changes: bool = False
    half_uploaded: int = 0
    unreachable: set[str] = field(default_factory=set)
    sets: dict[str, int] = field(default_factory=dict)
    pods: dict[str, Ingester] = field(default_factory=dict)
    ring: str = ""
    loaded: dict[str, str] = field(default_factory=dict)
    """router -> the ring file that it has"""
    looks: dict[str, int] = field(default_factory=dict)
    """Store -> how often it has looked at the bucket"""
    unseen: int = 0
    """Blocks in the bucket that no Store has."""
    lost: list[str] = field(default_factory=list)
    failed_writes: list[str] = field(default_factory=list)
    uids: itertools.count = field(default_factory=itertools.count)

    def start(self, ingesters: int, *, routers: int = 2, stores: int = 1) -> None:
        self.loaded = {f"router-{index}": "" for index in range(routers)}
        self.looks = {f"store-{index}": 1 for index in range(stores)}
        self.up(ingesters, ingesters)
        self.now += 1000
        self.loaded = dict.fromkeys(self.loaded, self.ring)
        self._pass()

    def up(self, ingesters: int, ring: int) -> None:
        each = ingesters // max(1, len(self.zones))
        self.sets = {f"apac-receive-ingester-{zone}".removesuffix("-"): each for zone in self.zones or [""]}
        for name in self._names():
            self.pods.setdefault(name, Ingester(next(self.uids), self.now + READY))
        for name in set(self.pods) - set(self._names()):
            gone = self.pods.pop(name)
            if gone.head or gone.local or (self.looks and self.unseen):
                self.lost.append(name)
        hosts = {
            zone: [f"{name}-{index}" for index in range(each)]
            for zone, name in zip(self.zones, self.sets, strict=False)
        }
        self.ring = hashring.document(
            hashring.members(hosts or {None: list(self._names())}, ring),
            replication_factor=self.copies, grpc_port=1, capnproto_port=2,
        )  # fmt: skip

    def ingester_sets(self) -> dict[str, int]:
        return self.sets

    def ring_file(self) -> str | None:
        return self.ring or None

    def ingesters(self) -> list[Pod]:
        self._pass()
        return [Pod(name, str(pod.uid), pod.ready_at <= self.now) for name, pod in self.pods.items()]

    def routers(self) -> list[Pod]:
        return [Pod(name, name, ready=True) for name in self.loaded]

    def stores(self) -> list[Pod]:
        return [Pod(name, name, ready=True) for name in self.looks]

    def metrics(self, pod: str) -> Metrics:
        self._pass()
        if pod in self.unreachable or (pod in self.pods and self.pods[pod].ready_at > self.now):
            raise UnreachableError(f"{pod} does not answer")
        if pod in self.loaded:
            return Metrics(f"thanos_receive_config_hash {ring_hash(self.loaded[pod])!r}\n")
        if pod in self.looks:
            looks = self.looks[pod]
            return Metrics(
                f"thanos_blocks_meta_syncs_total {looks}\n"
                f"thanos_blocks_meta_sync_duration_seconds_count {looks}\n"
                f'thanos_blocks_meta_synced{{state="loaded"}} 7\nthanos_bucket_store_blocks_loaded 7\n'
                f'thanos_blocks_meta_synced{{state="no-meta-json"}} {self.half_uploaded}\n'
            )
        found = self.pods[pod]
        return Metrics(
            f'prometheus_tsdb_head_series{{tenant="default-tenant"}} {found.head}\n'
            f'thanos_shipper_dir_syncs_total{{tenant="default-tenant"}} {found.passes}\n'
            f'thanos_shipper_dir_sync_failures_total{{tenant="default-tenant"}} {found.failed}\n'
        )

    def restart(self, pod: Pod) -> None:
        """A block of the head is made, but for the last sample. That its upload fails is the worst case."""
        found = self.pods[pod.name]
        assert str(found.uid) == pod.uid
        if found.head:
            found.head, found.local = int(found.head > 1), found.local + 1
        found.uid, found.passes, found.ready_at = next(self.uids), 0, self.now + READY

    def _pass(self) -> None:
        self.now += 1
        for name in self._members():
            pod = self.pods.get(name)
            if pod and pod.ready_at <= self.now:
                pod.head += 10
        for router, file in self.loaded.items():
            away = [name for name in members(file) if name not in self.pods or self.pods[name].ready_at > self.now]
            if len(away) > hashring.tolerated_losses(self.copies):
                self.failed_writes.append(f"{router} at {self.now}: {away}")
            if self.now % RING == int(router[-1]):
                self.loaded[router] = self.ring
        for name, pod in self.pods.items():
            if pod.ready_at > self.now:
                continue
            if self.now % UPLOAD == 0:
                self._upload(pod)
            if self.late_samples and self.now % CYCLE == 0 and name not in self._members():
                pod.local, pod.head = pod.local + bool(pod.head), 0
        if self.now % LOOK == 0:
            self.looks = {store: count + 1 for store, count in self.looks.items()}
            self.unseen = 0

    def _upload(self, pod: Ingester) -> None:
        if self.upload_fails:
            pod.failed += 1
        else:
            self.unseen, pod.local, pod.passes = self.unseen + pod.local, 0, pod.passes + 1

    def _names(self) -> list[str]:
        return [f"{name}-{index}" for name, size in self.sets.items() for index in range(size)]

    def _members(self) -> set[str]:
        return {name for file in self.loaded.values() for name in members(file)}


@dataclass(frozen=True)
class StackOfRegion(Stack):
    """A stack whose CLI edits the file and calls `Region.up`."""

    region_: Region | None = None
    calls: list[str] = field(default_factory=list)

    def up(self) -> None:
        self.calls.append(f"up {self.written()}")
        shape = self.written()
        self.region_.up(shape.ingesters, shape.ring)

    def require_unchanged(self) -> None:
        self.calls.append("preview")
        if self.region_.other_changes:
            raise OperationError("has changes that are not applied yet")

    @property
    def applied(self) -> Shape:
        return Shape(sum(self.region_.sets.values()), len(members(self.region_.ring)))

    def _quiet(self, *arguments: str) -> None:
        self.calls.append(" ".join(arguments))
        document = yaml.safe_load(self.file.read_text())
        receive = document["config"].setdefault("observability:receive", {})
        for argument in arguments[3:] if arguments[1] == "set-all" else []:
            path, value = argument.removeprefix("--plaintext=").split("=")
            receive[path.rsplit(".", 1)[1]] = int(value)
        if arguments[1] == "rm":
            receive.pop(arguments[-1].rsplit(".", 1)[1], None)
        self.file.write_text(yaml.safe_dump(document))


def stack(folder: Path, region: Region, **receive: object) -> StackOfRegion:
    """A stack file beside the region, which has what `receive` says."""
    file = folder / "Pulumi.apac.yaml"
    size = sum(region.sets.values())
    given = {"ingesters": size, "replicationFactor": region.copies, "zones": region.zones, **receive}
    file.write_text(STACK_FILE.replace("{receive}", json.dumps(given)))
    return StackOfRegion("apac", file, region)


assert {name for name in vars(Cluster) if not name.startswith("_")} <= set(dir(Region))
