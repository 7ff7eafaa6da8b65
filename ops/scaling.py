"""One change of the number of receivers: looks at the region, and takes the steps that `plan` decides on."""

import time
from collections import Counter

from ops import evidence
from ops.cluster import Cluster, Pod, members
from ops.errors import OperationError, UnreachableError
from ops.evidence import Metrics
from ops.plan import Apply, AwaitReady, AwaitRing, AwaitStores, AwaitUpload, Empty, State, Step, Write
from ops.stack import Stack
from ops.waiting import until
from render import units
from settings import RegionSettings

#: Seconds. An ingester may take its whole grace period to end, and replays its write-ahead log before it is ready.
READY, RESTARTED = 30 * 60, 45 * 60
#: Seconds. The kubelet hands a file on within two minutes; Thanos looks at it again every five at the latest.
RING = 10 * 60
#: Seconds. Routers still send what they had begun with the former ring: 5 s for each copy at most.
SETTLE = 10
#: Seconds. An upload of a large block, and twice the longest sensible interval between a Store's looks.
UPLOADED, SERVED = 30 * 60, 60 * 60
#: Seconds. A Store that looked while a block was being uploaded takes it for unfinished for so long; so do the others
#: that share its cache. Thanos's own default (metafile_doesnt_exist_ttl).
HALF_UPLOADED = 15 * 60
#: Seconds. The cycle every two hours takes one block of two hours at a time, and nothing that is not 3 h old.
CYCLE = 9 * 3600
#: One leaves the samples of the last millisecond, the next one nothing.
RESTARTS = 3


class Scaling:
    """A region on its way to `target` ingesters."""

    def __init__(self, stack: Stack, cluster: Cluster, settings: RegionSettings, target: int) -> None:
        self.stack, self.cluster, self.target = stack, cluster, target
        self._copies = settings.receive.replication_factor
        self._late_samples = bool(units.duration(settings.receive.out_of_order_window))
        self._list_kept = units.duration(settings.store.block_sync_interval).total_seconds()
        self._uploaded = self._served = False
        self._restarts: Counter[str] = Counter()

    def check(self) -> State:
        """The state, if it is one to begin with; else OperationError. Changes nothing."""
        state = self.look()
        if away := [pod for pod in state.pods[: state.ring] if pod not in state.ready]:
            raise OperationError(
                f"{', '.join(away)} of the ring is not ready: must be before the ring changes, because a write needs a "
                "quorum of the copies of each sample"
            )
        for pod in [*self.cluster.ingesters(), *self.cluster.routers(), *self.cluster.stores()]:
            if pod.ready:
                self._metrics(pod.name)
        if state.whole and state.written == state.running:
            self.stack.require_unchanged()
        return state

    def cautions(self, steps: list[Step]) -> list[str]:
        """What a person should know before these steps."""
        if not any(isinstance(step, AwaitUpload) for step in steps):
            return []
        found: list[str] = []
        if self._late_samples:
            found.append(
                "late samples are allowed (receive.outOfOrderWindow), and an ingester that ends does not upload those: "
                "each leaving one stays until its own cycle has, up to 9 h. This command may be interrupted meanwhile"
            )
        elif self._copies == 1:
            found.append("there is one copy of each sample: queries lack those of an ingester while it restarts")
        if not self.cluster.stores():
            found.append(
                "there is no Store: samples that only leaving ingesters have are in the bucket, and not in answers"
            )
        return found

    def look(self) -> State:
        """What is there now. What cannot be asked is taken for not yet done."""
        sets, ring_file = self.cluster.ingester_sets(), self.cluster.ring_file()
        if not sets or ring_file is None:
            raise OperationError(
                f"no receivers are in {self.cluster.where}: the stack is not up. Bring it up first: "
                f"pulumi up -s {self.stack.name}"
            )
        size = max(sets.values())
        pods = tuple(f"{name}-{index}" for index in range(size) for name in sorted(sets) if index < sets[name])
        ring = members(ring_file)
        return State(
            written=self.stack.written(),
            pods=pods,
            ring=ring,
            ready=frozenset(pod.name for pod in self.cluster.ingesters() if pod.ready),
            behind=evidence.behind(((pod.name, self._try(pod.name)) for pod in self.cluster.routers()), ring_file),
            empty=frozenset(pod for pod in pods[self.target :] if ring == self.target and self._is_empty(pod)),
            uploaded=self._uploaded,
            served=self._served,
            whole=len(set(sets.values())) == 1,
        )

    def take(self, step: Step) -> None:
        """Takes a step, and waits until it is done."""
        match step:
            case Apply(shape):
                self.stack.write(shape)
                self.stack.up()
            case Write(shape):
                self.stack.write(shape)
            case AwaitReady(pods):
                until(lambda: self._not_ready(pods), READY)
            case AwaitRing():
                until(self._former_ring, RING)
                time.sleep(SETTLE)
            case Empty(pod):
                self._uploaded = self._served = False
                self._empty(pod)
            case AwaitUpload(pods):
                before: dict[str, evidence.Passes] = {}
                until(lambda: "; ".join(filter(None, (self._not_uploaded(pod, before) for pod in pods))), UPLOADED)
                self._uploaded = True
            case AwaitStores():
                seen: dict[str, float] = {}
                begun = time.monotonic()
                until(lambda: self._not_served(seen, time.monotonic() - begun), SERVED)
                self._served = True

    def _empty(self, pod: str) -> None:
        if self._late_samples:
            until(lambda: self._holds(pod), CYCLE)
            return
        if self._restarts[pod] == RESTARTS:
            raise OperationError(
                f"after {RESTARTS} restarts {self._holds(pod)}: its log says why. It was left where it is"
            )
        until(lambda: self._not_ready((pod,)), RESTARTED)
        if self._is_empty(pod):
            return
        old = next((found for found in self.cluster.ingesters() if found.name == pod), None)
        if old is None:
            return  # it went just now; the next look decides
        self._restarts[pod] += 1
        self.cluster.restart(old)
        until(lambda: self._not_ready((pod,), but=old), RESTARTED)

    def _not_ready(self, pods: tuple[str, ...], but: Pod | None = None) -> str:
        ready = {pod.name for pod in self.cluster.ingesters() if pod.ready and (but is None or pod.uid != but.uid)}
        missing = [pod for pod in pods if pod not in ready]
        return f"not ready: {', '.join(missing)}" if missing else ""

    def _former_ring(self) -> str:
        file = self.cluster.ring_file() or ""
        late = evidence.behind(((pod.name, self._try(pod.name)) for pod in self.cluster.routers()), file)
        return f"routers with another ring: {', '.join(sorted(late))}" if late else ""

    def _holds(self, pod: str) -> str:
        left = evidence.series_left(self._metrics(pod))
        if left is None:
            return f"{pod} has no TSDB open"
        return f"{pod} has {left:.0f} series with samples that are in no block" if left else ""

    def _is_empty(self, pod: str) -> bool:
        metrics = self._try(pod)
        return metrics is not None and evidence.series_left(metrics) == 0

    def _not_uploaded(self, pod: str, before: dict[str, evidence.Passes]) -> str:
        metrics = self._metrics(pod)
        now = evidence.passes(metrics)
        if evidence.skipped(metrics):
            return f"{pod} has blocks that it cannot upload; its log says why"
        if tenants := evidence.not_shipped(before.setdefault(pod, now), now):
            failed = sum(now[tenant][1] for tenant in tenants)
            return f"{pod} goes through its blocks (tenants: {', '.join(tenants)}; {failed:.0f} attempts failed)"
        return ""

    def _not_served(self, seen: dict[str, float], waited: float) -> str:
        """Only looks count that begin once what Stores keep in their cache is younger than the uploads."""
        late: list[str] = []
        for pod in self.cluster.stores():
            metrics = self._metrics(pod.name)
            half = evidence.half_uploaded(metrics)
            if waited < self._list_kept + (HALF_UPLOADED if half else 0):
                seen[pod.uid] = evidence.looks(metrics)
                late.append(f"{pod.name} ({half:.0f} blocks may be half uploaded)" if half else pod.name)
            elif not evidence.has_looked(metrics, seen.setdefault(pod.uid, evidence.looks(metrics))):
                late.append(pod.name)
        return f"Stores that have not read the bucket since: {', '.join(late)}" if late else ""

    def _metrics(self, pod: str) -> Metrics:
        return self.cluster.metrics(pod)

    def _try(self, pod: str) -> Metrics | None:
        try:
            return self._metrics(pod)
        except UnreachableError:
            return None
