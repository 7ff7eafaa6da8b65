"""Scaling a region in miniature: what is done, and that nothing is lost on the way."""

import contextlib
import itertools
import tempfile
import types
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local import progress
from ops import scale_receive, waiting
from ops import scaling as scaling_module
from ops.errors import OperationError, UnreachableError
from ops.plan import Shape
from ops.scale_receive import run, scale
from ops.scaling import Scaling
from tests.ops.region import Region, stack


@pytest.fixture(autouse=True, scope="module")
def no_time():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "INTERVAL", 0)
        patch.setattr(scaling_module, "time", types.SimpleNamespace(sleep=lambda _: None, monotonic=CLOCK.__next__))
        patch.setattr(progress, "say", lambda *arguments: None)
        yield


#: 10 s pass with each look at it.
CLOCK = itertools.count(0, 10)
ZONES = ["zone-a", "zone-b", "zone-c"]


def made(folder: Path, region: Region, target: int, **receive: object) -> Scaling:
    here = stack(folder, region, **{"outOfOrderWindow": "0s", **receive})
    return Scaling(here, region, here.settings(target), target)


def test_scaling_up_adds_pods_before_the_ring_knows_them(tmp_path):
    region = Region()
    region.start(3)
    scaling = made(tmp_path, region, 5)

    assert scale(scaling, sure=True) == 0

    assert scaling.stack.calls == [
        "preview",
        "config set-all --path --plaintext=observability:receive.ingesters=5 --plaintext=observability:receive.ring=3",
        "up 5 ingesters, 3 of them in the ring",
        "config set-all --path --plaintext=observability:receive.ingesters=5",
        "config rm --path observability:receive.ring",
        "up 5 ingesters, all of them in the ring",
    ]
    assert not region.failed_writes


def test_scaling_down_restarts_each_leaving_ingester_until_its_head_is_empty(tmp_path):
    region = Region()
    region.start(5)
    before = {name: pod.uid for name, pod in region.pods.items()}
    scaling = made(tmp_path, region, 3)
    restarted = []
    restart = region.restart
    region.restart = lambda pod: (restarted.append(pod.name), restart(pod))

    assert scale(scaling, sure=True) == 0

    ring, leaving = (
        ("apac-receive-ingester-0", "apac-receive-ingester-1", "apac-receive-ingester-2"),
        ["3", "3", "4", "4"],
    )
    assert [name[-1] for name in restarted] == leaving, "the samples of the last millisecond need a second end"
    assert {name: pod.uid for name, pod in region.pods.items()} == {name: before[name] for name in ring}
    assert not region.lost
    assert not region.failed_writes
    assert scaling.stack.written() == Shape(3, 3)
    assert "ring" not in scaling.stack.file.read_text()


def test_late_samples_are_waited_for_and_nothing_restarts(tmp_path):
    region = Region(late_samples=True)
    region.start(5)
    region.restart = None
    scaling = made(tmp_path, region, 3, outOfOrderWindow="30m")

    assert any("late samples" in caution for caution in scaling.cautions(steps_of(scaling)))
    run(scaling)

    assert not region.lost


def steps_of(scaling: Scaling):
    return scale_receive.plan(scaling.check(), scaling.target)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([[], ZONES]),
    st.sampled_from([1, 3]),
    st.lists(st.tuples(st.integers(3, 8), st.integers(0, 600)), min_size=1, max_size=3),
    st.integers(3, 8),
)
def test_nothing_is_lost_however_often_it_is_interrupted_and_told_something_else(zones, copies, interrupted, start):
    region = Region(zones=zones, copies=copies)
    unit = len(zones) or 1
    region.start((start - 2) * unit if zones else start)

    with tempfile.TemporaryDirectory() as folder:
        here = made(Path(folder), region, 6).stack
        for target, looks in interrupted:
            target = (target - 2) * unit if zones else target
            scaling = Scaling(here, region, here.settings(target), target)
            ends = region.now + looks

            def interrupt(pod, ends=ends):
                if region.now > ends:
                    raise KeyboardInterrupt
                return Region.metrics(region, pod)

            region.metrics = interrupt
            with contextlib.suppress(KeyboardInterrupt):
                run(scaling)
            del region.metrics
        run(Scaling(here, region, here.settings(target), target))
        assert here.written() == here.applied == Shape(target, target)

    assert not region.lost
    assert not region.failed_writes


@pytest.mark.parametrize(
    ("target", "zones", "problem"),
    [
        (2, [], "receive.replicationFactor is 3: must be at most receive.ingesters \\(2\\)"),
        (7, ZONES, "must divide receive.ingesters \\(7\\)"),
        (61, [], "receive.ingesters is 61"),
    ],
)
def test_a_number_that_settings_refuse_is_refused_in_their_words(tmp_path, target, zones, problem):
    region = Region(zones=zones)
    region.start(3 * max(1, len(zones)))
    with pytest.raises(OperationError, match=problem):
        stack(tmp_path, region).settings(target)


def test_a_member_of_the_ring_that_is_away_stops_it_before_anything_is_changed(tmp_path):
    region = Region()
    region.start(3)
    region.pods["apac-receive-ingester-1"].ready_at = 10_000
    scaling = made(tmp_path, region, 5)
    with pytest.raises(OperationError, match=r"apac-receive-ingester-1 of the ring is not ready: must be .* quorum"):
        scaling.check()
    assert scaling.stack.calls == []


def test_a_pod_that_cannot_be_asked_stops_it_before_anything_is_changed(tmp_path):
    region = Region(unreachable={"router-1"})
    region.start(3)
    with pytest.raises(UnreachableError, match="router-1 does not answer"):
        made(tmp_path, region, 5).check()


def test_a_stack_that_is_not_up_is_said_so(tmp_path):
    region = Region()
    with pytest.raises(OperationError, match=r"the stack is not up\. Bring it up first: pulumi up -s apac"):
        made(tmp_path, region, 5, ingesters=3).check()


def test_other_changes_are_not_applied_on_the_way(tmp_path):
    region = Region(other_changes=True)
    region.start(3)
    with pytest.raises(OperationError, match="changes that are not applied yet"):
        made(tmp_path, region, 5).check()


def test_its_own_change_that_was_cut_off_is_no_other_change(tmp_path):
    region = Region(other_changes=True)
    region.start(3)
    scaling = made(tmp_path, region, 5, ingesters=5, ring=3)
    assert scaling.check().running == Shape(3, 3)


def test_a_failing_upload_keeps_the_ingester(tmp_path, monkeypatch):
    region = Region(upload_fails=True)
    region.start(5)
    monkeypatch.setattr(scaling_module, "UPLOADED", 0.05)
    with pytest.raises(OperationError, match=r"goes through its blocks .* attempts failed.* the same command goes on"):
        run(made(tmp_path, region, 3))
    assert len(region.pods) == 5


def test_a_block_that_a_store_saw_half_uploaded_is_waited_for_until_its_cache_forgets_that(tmp_path):
    region = Region(half_uploaded=1)
    region.start(4)
    begun = next(CLOCK)
    run(made(tmp_path, region, 3))
    assert next(CLOCK) - begun > 15 * 60
    assert not region.lost


def test_without_a_yes_nothing_is_changed(tmp_path, monkeypatch):
    region = Region()
    region.start(3)
    scaling = made(tmp_path, region, 5)
    monkeypatch.setattr("builtins.input", lambda _: "n")
    assert scale(scaling, sure=False) == 1
    assert scaling.stack.calls == ["preview"]


def test_at_the_target_there_is_nothing_to_do(tmp_path):
    region = Region()
    region.start(3)
    scaling = made(tmp_path, region, 3)
    assert scale(scaling, sure=False) == 0
    assert scaling.stack.calls == ["preview"]


def test_without_a_store_it_says_what_answers_will_lack(tmp_path):
    region = Region()
    region.start(5, stores=0)
    scaling = made(tmp_path, region, 3)
    assert any("there is no Store" in caution for caution in scaling.cautions(steps_of(scaling)))
    run(scaling)
    assert not region.lost
