"""Medians, ratios and bars."""

import pytest

from bench.query_path import report
from bench.query_path.report import Bar, Sample

COUNTERS = dict.fromkeys(["CPU seconds", "Series calls", "bucket reads", "bucket bytes", "cached bytes"], 0.0)


def samples(target: str, load: str, *seconds: float) -> list[Sample]:
    return [Sample(load, target, turn, value, COUNTERS) for turn, value in enumerate(seconds)]


def test_a_ratio_is_taken_within_a_turn_so_a_slow_minute_of_the_machine_counts_for_both():
    found = report.rows(
        [*samples("direct", "cold", 1.0, 10.0, 1.0), *samples("cached", "cold", 2.0, 20.0, 20.0)], baseline="direct"
    )
    assert [(row.target, row.seconds, row.ratio) for row in found] == [("direct", 1.0, 1.0), ("cached", 20.0, 2.0)]


def test_a_turn_in_which_the_baseline_was_not_asked_has_no_ratio():
    found = report.rows([*samples("direct", "cold", 1.0), *samples("cached", "cold", 3.0, 99.0)], baseline="direct")
    assert found[1].ratio == 3.0
    assert found[1].turns == 2


def test_rows_keep_loads_and_targets_apart():
    found = report.rows(
        [sample for load in ("a", "b") for target in ("direct", "x") for sample in samples(target, load, 1.0)],
        baseline="direct",
    )
    assert [(row.load, row.target) for row in found] == [("a", "direct"), ("a", "x"), ("b", "direct"), ("b", "x")]


@pytest.mark.parametrize(("seconds", "kept"), [(0.1, True), (0.11, False)])
def test_a_bar_is_missed_just_above_it(seconds, kept):
    found = report.rows(
        [*samples("direct", "repeated", 1.0), *samples("cached", "repeated", seconds)], baseline="direct"
    )
    problems = report.missed(found, [Bar("repeated", 0.1)], "cached")
    assert problems == ([] if kept else ["repeated: at least 10 times faster: it takes 0.11 times as long as directly"])


def test_a_bar_whose_load_was_not_measured_is_missed():
    assert report.missed([], [Bar("never", 1.25)], "cached") == ["never: at most 1.25 times slower: not measured"]


def test_every_cell_has_a_heading():
    [row] = report.rows(samples("direct", "cold", 0.5), baseline="direct")
    assert len(report.cells(row)) == len(report.HEADINGS)
    assert {line.count("|") for line in report.markdown([row]).splitlines()} == {len(report.HEADINGS) + 1}
