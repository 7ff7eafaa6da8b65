"""How the receivers of a region get to another number: the next step, from what runs now. Pure.

There is no memory of earlier steps: after an interruption the same question has the same answer, so the same command
goes on.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Shape:
    """How many ingesters there are, and how many of them share the series."""

    ingesters: int
    ring: int

    def __str__(self) -> str:
        return f"{self.ingesters} ingesters, {'all' if self.ring == self.ingesters else self.ring} of them in the ring"


@dataclass(frozen=True)
class State:
    """What the stack file says and what the cluster shows."""

    written: Shape
    """In the stack file."""
    pods: tuple[str, ...]
    """The ingesters that the StatefulSets ask for, by ordinal and then by zone: a ring of n has the first n of them."""
    ring: int
    """Members of the ring that routers are given."""
    ready: frozenset[str] = frozenset()
    """Ingesters that are ready."""
    behind: frozenset[str] = frozenset()
    """Routers that still have another ring."""
    empty: frozenset[str] = frozenset()
    """Ingesters whose head has no sample left."""
    uploaded: bool = False
    """Whether all blocks of the leaving ingesters are in the bucket."""
    served: bool = False
    """Whether the Stores have them."""
    whole: bool = True
    """False: the zones differ in their number of pods, because a `pulumi up` was cut off."""

    @property
    def running(self) -> Shape:
        return Shape(len(self.pods), self.ring)


@dataclass(frozen=True)
class Apply:
    """Write a shape into the stack file and bring the stack up."""

    shape: Shape

    def __str__(self) -> str:
        return f"pulumi up: {self.shape}"


@dataclass(frozen=True)
class AwaitReady:
    """Until these ingesters are ready."""

    pods: tuple[str, ...]

    def __str__(self) -> str:
        return "wait until the ingesters are ready"


@dataclass(frozen=True)
class AwaitRing:
    """Until every router has the ring that the cluster holds."""

    def __str__(self) -> str:
        return "wait until every router has loaded the ring"


@dataclass(frozen=True)
class Empty:
    """Until this ingester, which gets no series any more, has made blocks of all that it holds."""

    pod: str

    def __str__(self) -> str:
        return f"make blocks of all that {self.pod} holds"


@dataclass(frozen=True)
class AwaitUpload:
    """Until the blocks of these ingesters are in the bucket."""

    pods: tuple[str, ...]

    def __str__(self) -> str:
        return "wait until all blocks of the leaving ingesters are in the bucket"


@dataclass(frozen=True)
class AwaitStores:
    """Until every Store has read the bucket since."""

    def __str__(self) -> str:
        return "wait until every Store has read the bucket since"


@dataclass(frozen=True)
class Write:
    """Write into the stack file what runs already."""

    shape: Shape

    def __str__(self) -> str:
        return f"write into the stack file: {self.shape}"


Step = Apply | AwaitReady | AwaitRing | Empty | AwaitUpload | AwaitStores | Write


def next_step(state: State, target: int) -> Step | None:
    """The next step towards `target` ingesters that share all series; None: there.

    Pods come before the ring grows. When it shrinks they go last: routers have to know, and the samples to be kept.
    """
    if not state.whole:
        return Apply(state.written)
    size, members = len(state.pods), state.pods[: max(state.ring, target)]
    if state.ring < target and size < target:
        return Apply(Shape(target, state.ring))
    if state.ring != target:
        if not state.ready.issuperset(members):
            return AwaitReady(members)
        return Apply(Shape(size, target))
    if state.behind:
        return AwaitRing()
    if leaving := state.pods[target:]:
        for pod in leaving:
            if pod not in state.empty:
                return Empty(pod)
        if not state.uploaded:
            return AwaitUpload(leaving)
        if not state.served:
            return AwaitStores()
        return Apply(Shape(target, target))
    return None if state.written == state.running else Write(state.running)


def after(state: State, step: Step) -> State:
    """The state once a step is done, as far as it can be known before."""
    match step:
        case Apply(shape):
            known = state.pods[: shape.ingesters]
            more = tuple(f"new {index}" for index in range(len(known), shape.ingesters))
            behind = state.behind if shape.ring == state.ring else frozenset({"all routers"})
            return replace(
                state, written=shape, pods=known + more, ring=shape.ring, behind=behind, ready=state.ready & {*known},
                whole=True,
            )  # fmt: skip
        case AwaitReady(pods):
            return replace(state, ready=state.ready | {*pods})
        case AwaitRing():
            return replace(state, behind=frozenset())
        case Empty(pod):
            return replace(state, empty=state.empty | {pod}, uploaded=False, served=False)
        case AwaitUpload():
            return replace(state, uploaded=True, served=False)
        case AwaitStores():
            return replace(state, served=True)
        case Write(shape):
            return replace(state, written=shape)


def plan(state: State, target: int) -> list[Step]:
    """All steps, if nothing else happens."""
    steps: list[Step] = []
    while step := next_step(state, target):
        steps.append(step)
        state = after(state, step)
    return steps
