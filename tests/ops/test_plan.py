"""The order of steps, for every state that a region may be in."""

from hypothesis import given
from hypothesis import strategies as st

from ops.plan import (
    Apply,
    AwaitReady,
    AwaitRing,
    AwaitStores,
    AwaitUpload,
    Empty,
    Shape,
    State,
    Write,
    after,
    next_step,
    plan,
)

COPIES = 3


def steady(ingesters: int) -> State:
    pods = tuple(f"p-{index}" for index in range(ingesters))
    return State(written=Shape(ingesters, ingesters), pods=pods, ring=ingesters, ready=frozenset(pods))


@st.composite
def states(draw) -> State:
    """Any state that an interruption, or a person, may leave behind."""
    size = draw(st.integers(COPIES, 9))
    pods = tuple(f"p-{index}" for index in range(size))
    some = st.frozensets(st.sampled_from(pods))
    written_size = draw(st.integers(COPIES, 9))
    return State(
        written=Shape(written_size, draw(st.integers(COPIES, written_size))),
        pods=pods,
        ring=draw(st.integers(COPIES, size)),
        ready=draw(some),
        behind=draw(st.frozensets(st.sampled_from(["router-a", "router-b"]))),
        empty=draw(some),
        uploaded=draw(st.booleans()),
        served=draw(st.booleans()),
    )


targets = st.integers(COPIES, 9)


def test_more_pods_are_ready_before_they_get_series():
    assert plan(steady(3), 5) == [
        Apply(Shape(5, 3)),
        AwaitReady(("p-0", "p-1", "p-2", "new 3", "new 4")),
        Apply(Shape(5, 5)),
        AwaitRing(),
    ]


def test_pods_that_leave_get_no_series_and_keep_nothing_for_themselves_before_they_go():
    assert plan(steady(5), 3) == [
        Apply(Shape(5, 3)),
        AwaitRing(),
        Empty("p-3"),
        Empty("p-4"),
        AwaitUpload(("p-3", "p-4")),
        AwaitStores(),
        Apply(Shape(3, 3)),
    ]


def test_nothing_is_left_to_do_at_the_target():
    assert plan(steady(3), 3) == []


def test_a_number_that_was_written_and_never_applied_is_taken_back():
    state = State(written=Shape(7, 7), pods=steady(3).pods, ring=3, ready=steady(3).ready)
    assert plan(state, 3) == [Write(Shape(3, 3))]


def test_what_a_cut_off_up_left_uneven_is_brought_up_as_it_was_written():
    state = State(written=Shape(6, 3), pods=("a-0", "b-0", "c-0", "a-1"), ring=3, whole=False)
    assert next_step(state, 6) == Apply(Shape(6, 3))


@given(states(), targets)
def test_it_ends_with_all_in_the_ring_and_in_the_stack_file(state, target):
    for step in plan(state, target):
        state = after(state, step)
    assert (state.running, state.written) == (Shape(target, target), Shape(target, target))
    assert not state.behind


@given(states(), targets)
def test_a_ring_has_only_ready_pods_and_never_fewer_than_before_or_wanted(state, target):
    for step in plan(state, target):
        if isinstance(step, Apply) and step.shape.ring != state.ring:
            assert state.ready.issuperset(state.pods[: step.shape.ring])
            assert step.shape.ring == target >= COPIES
            assert step.shape.ingesters == len(state.pods), "one thing at a time"
        state = after(state, step)


@given(states(), targets)
def test_a_pod_goes_only_when_no_router_knows_it_and_its_samples_are_elsewhere(state, target):
    for step in plan(state, target):
        if isinstance(step, Apply) and step.shape.ingesters < len(state.pods):
            gone = state.pods[step.shape.ingesters :]
            assert not state.behind
            assert state.ring == step.shape.ring == target
            assert state.empty.issuperset(gone)
            assert state.uploaded
            assert state.served
        state = after(state, step)


@given(states(), targets)
def test_a_pod_that_was_emptied_has_its_blocks_looked_after_again(state, target):
    steps = plan(state, target)
    if any(isinstance(step, Empty) for step in steps):
        last = max(index for index, step in enumerate(steps) if isinstance(step, Empty))
        assert [type(step) for step in steps[last + 1 : last + 3]] == [AwaitUpload, AwaitStores]


@given(states(), targets, targets, st.integers(0, 20))
def test_after_an_interruption_it_may_go_on_to_the_same_target_or_another(state, target, other, taken):
    for step in plan(state, target)[:taken]:
        state = after(state, step)
    for goal in (target, other):
        there = state
        for step in plan(there, goal):
            there = after(there, step)
        assert there.running == there.written == Shape(goal, goal)
