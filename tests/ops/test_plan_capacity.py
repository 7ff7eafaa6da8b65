"""`make plan`."""

from xml.etree import ElementTree

import pytest

from ops import plan_capacity
from planner.capacity import Pods
from tests.ops.region import STACK_FILE


@pytest.fixture
def run(tmp_path, capsys):
    """Plans for a stack file with `edges` of 200,000 series; returns the exit code and what was printed."""

    def plan(edges: int, count: int, receive: str = "{}", chart=tmp_path / "here" / "chart.svg") -> tuple[int, str]:
        listed = "".join(f"\n    - {{name: edge-{index}, series: 200000}}" for index in range(edges))
        file = tmp_path / "stack.yaml"
        text = STACK_FILE.replace("{receive}", receive)
        file.write_text(f"{text}\n  observability:edges:{listed or ' []'}\n")
        arguments = ["--stack", "apac", "--edges", str(count), "--config-file", str(file), "--chart", str(chart)]
        return plan_capacity.main(arguments), capsys.readouterr().out

    return plan


def row(printed: str, component: str) -> list[str]:
    (line,) = (line for line in printed.splitlines() if line.startswith(f"│ {component} "))
    return [cell.strip() for cell in line.strip("│").split("│")][1:]


def test_it_shows_the_stack_file_what_is_proposed_and_the_difference(run):
    code, printed = run(3, 50, "{routers: 3}")
    assert code == 0
    assert row(printed, "ingester") == [
        "3 x 3 CPU, 8Gi, 50Gi volume",
        "30 x 6 CPU, 12Gi, 50Gi volume",
        "+27 pods, +171 CPU, +336Gi, +1,350Gi volume",
    ]
    assert row(printed, "router")[0].startswith("3 x ")
    assert row(printed, "prometheus")[2] == "-"
    before, after, more = (float(cell.replace(",", "")) for cell in row(printed, "S3, GB a month: in all"))
    assert 10 < after / before < 20
    assert more == pytest.approx(after - before, abs=1)


def test_it_says_what_the_stack_file_would_be_refused_for(run):
    printed = run(3, 50)[1]
    assert "run `make scale-receive STACK=apac TO=30`" in printed
    assert "refused" not in run(3, 4)[1]


def test_a_stack_file_that_is_too_small_already_can_be_planned_for(run):
    code, printed = run(50, 60, "{ingester: {cpu: '1', memory: 2Gi}}")
    assert code == 0
    assert row(printed, "ingester")[0] == "3 x 1 CPU, 2Gi, 50Gi volume"


def test_a_stack_file_without_edges_is_planned_for_by_the_defaults_of_an_edge(run):
    code, printed = run(0, 10)
    assert code == 0
    assert "Counted for each further edge: 100,000 series, 3,333 samples a second, the defaults of an edge" in printed


def test_the_chart_is_where_it_says_and_a_drawing(run, tmp_path):
    printed = run(3, 50)[1]
    assert f"edges: {tmp_path}/here/chart.svg" in printed
    assert ElementTree.parse(tmp_path / "here" / "chart.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize("count", [0, -1, 10_001])
def test_a_number_that_means_nothing_is_refused(run, count):
    code, printed = run(3, count)
    assert code == 1
    assert printed.startswith(f"EDGES is {count}: must be 1 to 10000, because")


def test_a_chart_that_cannot_be_written_and_a_file_that_is_not_there_are_said_so(run, tmp_path, capsys):
    code, printed = run(3, 5, chart=tmp_path)
    assert code == 1
    assert "cannot be written" in printed
    assert "Give another path" in printed
    assert plan_capacity.main(["--stack", "none", "--edges", "5"]) == 1
    assert "there is no stack file" in capsys.readouterr().out


def test_a_difference_is_of_all_pods_together_and_may_be_less():
    assert plan_capacity.difference(Pods(4, "2", "4Gi", None), Pods(2, "1", "4Gi", "1Gi")) == (
        "-2 pods, -6 CPU, -8Gi, +2Gi volume"
    )
