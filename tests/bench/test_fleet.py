"""How a preview grows with edges: lines, and when one is bent."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.fleet import __main__ as command
from bench.fleet import previews, report
from bench.fleet.report import Line, Sample

EDGES = report.spread(500, 5)
EMPTY = Sample("empty", 0, 0, 5.0, 4.0, 4)


def line(cpu_seconds: Callable[[int], float]) -> Line:
    samples = [Sample("region", edges, 0, 99.0, cpu_seconds(edges), 118 + edges) for edges in EDGES]
    return report.line(report.rows([EMPTY, *samples], "empty"), "region")


def test_edges_are_spread_from_none_to_the_most():
    assert list(EDGES) == [0, 125, 250, 375, 500]
    assert list(report.spread(7, 5)) == [0, 1, 3, 5, 7]


@given(base=st.floats(0, 60), slope=st.floats(0.001, 1))
def test_a_line_is_found_again_and_is_straight(base, slope):
    found = line(lambda edges: base + slope * edges)
    assert found.seconds == pytest.approx(base, abs=1e-6)
    assert [found.milliseconds, found.first, found.second] == pytest.approx([slope * 1000] * 3)
    assert found.straight


@given(base=st.floats(0, 60), square=st.floats(1e-6, 1e-2))
def test_time_that_grows_by_the_square_is_refused_whatever_there_is_without_edges(base, square):
    found = line(lambda edges: base + square * edges**2)
    assert found.second == pytest.approx(3 * found.first)
    assert not found.straight


def test_a_square_that_is_half_of_what_the_edges_take_is_refused():
    assert not line(lambda edges: 9 + 0.01 * edges + 0.01 * edges**2 / 500).straight


@given(st.lists(st.floats(-0.025, 0.025), min_size=len(EDGES), max_size=len(EDGES)))
def test_noise_of_some_percent_bends_no_line(noise):
    # Seconds and milliseconds about as they were measured.
    assert line(lambda edges: (9 + 0.015 * edges) * (1 + noise[EDGES.index(edges)])).straight


def test_time_that_edges_first_shorten_and_then_lengthen_is_refused():
    assert not line(lambda edges: 9 + 0.01 * abs(edges - 250)).straight


def test_medians_and_ratios_are_taken_over_the_turns():
    empty = [Sample("empty", 0, turn, 1.0, cpu, 4) for turn, cpu in enumerate((1.0, 10.0, 1.0))]
    region = [Sample("region", 0, turn, wall, wall / 2, 118) for turn, wall in enumerate((4.0, 40.0, 8.0))]
    found = report.rows([*empty, *region], "empty")[1]
    assert (found.seconds, found.cpu_seconds, found.ratio, found.resources) == (8.0, 4.0, 2.0, 118)
    assert len(report.cells(found)) == len(report.HEADINGS)


@pytest.mark.parametrize(("power", "code"), [(1, 0), (2, 1)])
def test_the_command_ends_with_1_when_one_of_the_lines_is_bent(power, code, capsys):
    straight, other = previews.GENERATORS
    samples = [EMPTY]
    for edges in EDGES:
        samples.append(Sample(straight, edges, 0, 1.0, 9 + 0.01 * edges, 118))
        samples.append(Sample(other, edges, 0, 1.0, 9 + (edges / 100) ** power, 118))
    assert command.tell(samples) == code
    assert capsys.readouterr().out.count("✗") == code


@pytest.mark.plugins
def test_each_edge_makes_a_region_larger_and_the_empty_program_has_only_its_providers(tmp_path):
    def resources(project: previews.Project) -> int:
        return project.preview()[2]

    none, some = (resources(previews.region(tmp_path / str(edges), "applications", edges)) for edges in (0, 3))
    assert some - none == 2 * 3
    assert resources(previews.empty(tmp_path / "empty")) == 4


@pytest.mark.plugins
def test_a_preview_that_fails_says_why(tmp_path):
    project = previews.region(tmp_path, "a-third-way", 1)
    with pytest.raises(previews.PreviewError, match="generator"):
        project.preview()
