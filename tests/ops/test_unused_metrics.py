"""The command: what it reads, what it prints, and how it ends."""

import json

import promql_parser
import pytest
import re2
import yaml

import stack_file
from ops import unused_metrics
from ops.errors import UnreachableError
from ops.unused_metrics import main
from tests.ops.region import STACK_FILE

DURATION = "app_latency_seconds"
SERIES = {
    "up": {"apac-1": 100, "apac-2": 100, "central": 9},
    f"{DURATION}_bucket": {"apac-1": 5000, "apac-2": 1000},
    f"{DURATION}_sum": {"apac-1": 500, "apac-2": 100},
    f"{DURATION}_count": {"apac-1": 500, "apac-2": 100},
    "etcd:idle:sum": {"apac-1": 3000},
    "small": {"apac-2": 10},
    "thanos_build_info": {"central": 1000},
    "kept_total": {"apac-1": 700},
    "ALERTS_FOR_STATE": {"apac-2": 500},  # written by the Rulers
}
#: Agents of an edge; Query merges their series.
PAIRS = {"apac-1": 2}
QUERY = f'msg="query stats" path=/api/v1/query param_query="rate({DURATION}_count[5m])"'


class Region:
    """Answers like `ReadPath`, of `SERIES` in three copies."""

    def __init__(self, *_) -> None:
        self.series, self.warnings, self.raises = SERIES, [], None
        self.lines = [f"ts=2026-11-24T00:00:00Z {QUERY}", "ts=2026-11-25T06:00:00Z msg=other"]

    def ask(self, path, parameters):
        if self.raises:
            raise self.raises
        return {"data": getattr(self, f"_{path.rsplit('/', 1)[1]}")(parameters), "warnings": self.warnings}

    def _tsdb(self, _):
        rows = [
            {"name": name, "value": 3 * sum(count * PAIRS.get(edge, 1) for edge, count in edges.items())}
            for name, edges in self.series.items()
        ]
        return {"seriesCountByMetricName": rows}

    def _values(self, _):
        return ["apac-1", "apac-2", "central"]

    def _query(self, parameters):
        (name, cluster) = promql_parser.parse(parameters["query"]).expr.matchers.matchers
        negative = cluster.op == promql_parser.MatchOp.NotRe
        rows = [
            {"metric": {"__name__": found, "cluster": edge}, "value": [0, str(count)]}
            for found, edges in self.series.items()
            for edge, count in edges.items()
            if re2.fullmatch(name.value, found) and bool(re2.fullmatch(cluster.value, edge)) != negative
        ]
        return {"result": rows}

    def frontends(self):
        return ["frontend-0"]

    def log(self, pod, seconds):
        assert (pod, seconds) == ("frontend-0", 24 * 3600)
        return iter(self.lines)


@pytest.fixture
def region(monkeypatch) -> Region:
    made = Region()
    monkeypatch.setattr(unused_metrics, "ReadPath", lambda *_: made)
    return made


@pytest.fixture
def run(tmp_path, capsys):
    """Runs the command: exit code, standard output, standard error."""
    file = tmp_path / "Pulumi.apac.yaml"
    edges = "  observability:edges: [{name: apac-1, scrapeInterval: 10s, replicas: 2}]\n"
    file.write_text(STACK_FILE.replace("{receive}", "{}") + edges)

    def command(*arguments):
        code = main(["--stack=apac", f"--config-file={file}", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    command.file = file
    return command


def test_it_proposes_what_nobody_uses_with_what_that_saves(region, run):
    code, out, _ = run("--output=json", "--keep=kept_.*")
    found = json.loads(out)
    assert code == 0
    # apac-1 has a pair of agents, and each agent's series are stored.
    assert [(each["metric"], each["edges"]) for each in found["unused"]] == [
        (f"{DURATION}_bucket", {"apac-1": 10_000, "apac-2": 1000}),
        ("etcd:idle:sum", {"apac-1": 6000}),
    ]
    assert found["unused"][0]["reason"] == f"used of this histogram: {DURATION}_count"
    saving = found["saving"]
    assert saving["series"] == 17_000
    assert saving["samples_per_second"] == pytest.approx(16_000 / 10 + 1000 / 30)
    assert found["unknownEdges"] == ["apac-2"]
    assert found["queryLog"] == {
        "from": "2026-11-24T00:00:00+00:00",
        "to": "2026-11-25T06:00:00+00:00",
        "expressions": 1,
    }


def test_people_get_a_table_and_a_filter_that_the_stack_file_takes(region, run):
    code, out, err = run("--keep=kept_.*", "--filter=less")
    assert code == 0
    for text in (
        f"{DURATION}_bucket",
        "11,000",
        "17,000 series",
        "(30.0 h)",
        "apac-1, apac-2",
        "GB of raw blocks a month",
    ):
        assert text in out
    assert "names of metrics in the ingesters" in err, "progress is no part of the result"
    proposal = yaml.safe_load(out[out.index("config:") :])
    settings = {**yaml.safe_load(run.file.read_text())["config"], **proposal["config"]}
    parsed = stack_file.parse(stack_file.plain(settings))
    profile = parsed.fleet.filters["less"]
    assert profile.extends == "default"
    assert profile.drop == [f"{DURATION}_bucket", r"etcd\:idle\:sum"]


def test_rules_and_dashboards_that_are_given_count_as_use(region, run, tmp_path):
    (tmp_path / "rules.yaml").write_text("groups: [{name: a, rules: [{record: b, expr: sum(etcd:idle:sum)}]}]")
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards" / "a.json").write_text(
        json.dumps({"panels": [{"targets": [{"expr": '$x({__name__=~"kept_.*"})'}]}]})
    )
    _, out, _ = run("--output=json", f"--rules={tmp_path}/rules.yaml", f"--dashboards={tmp_path}/boards")
    assert [each["metric"] for each in json.loads(out)["unused"]] == [f"{DURATION}_bucket"]


def test_a_file_takes_the_place_of_the_pods_logs(region, run, tmp_path):
    region.frontends = None
    (tmp_path / "log").write_text(f"ts=2026-11-24T00:00:00Z {QUERY.replace(DURATION + '_count', 'etcd:idle:sum')}\n")
    _, out, _ = run("--output=json", f"--query-log={tmp_path}/log")
    names = [each["metric"] for each in json.loads(out)["unused"]]
    assert "etcd:idle:sum" not in names
    assert f"{DURATION}_count" in names


def test_a_query_for_anything_stops_every_proposal_until_told_otherwise(region, run):
    region.lines.append('msg="query stats" param_query="count({job=\\"x\\"})"')
    code, out, _ = run()
    assert code == 0
    assert "Nothing is proposed" in out
    assert 'count({job="x"})' in out
    code, out, _ = run("--ignore-nameless")
    assert f"{DURATION}_bucket" in out


def test_what_is_not_understood_and_what_query_lacks_is_told(region, run):
    region.lines.append('msg="query stats" param_query="etcd:idle:sum smoothed"')
    region.warnings = ["ingester-2 is away"]
    _, out, _ = run()
    assert "Not understood" in out
    assert "query log of frontend-0: etcd:idle:sum smoothed" in out
    assert r"etcd\:idle\:sum" not in out
    assert "ingester-2 is away" in out


def test_without_a_query_log_it_says_what_the_result_rests_on(region, run):
    region.lines = []
    _, out, _ = run()
    assert "only rules and dashboards say what is used" in out


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--top=1"], [f"{DURATION}_bucket"]),
        (["--min-series=7000"], [f"{DURATION}_bucket"]),
        (["--min-series=1"], [f"{DURATION}_bucket", "etcd:idle:sum", "kept_total", "small"]),
    ],
)
def test_small_ones_may_be_left_out(region, run, options, names):
    _, out, _ = run("--output=json", *options)
    assert [each["metric"] for each in json.loads(out)["unused"]] == names


def test_what_goes_wrong_is_told_in_a_sentence(region, run, tmp_path):
    region.raises = UnreachableError("apac-query-0 does not answer: broken")
    code, out, err = run()
    assert (code, out) == (1, "")
    assert "apac-query-0 does not answer: broken" in err
    region.raises, region.series = None, {}
    code, _, err = run()
    assert code == 1
    assert "nothing is written to the region" in err
    (tmp_path / "a.json").write_text("{")
    code, _, err = run(f"--dashboards={tmp_path}/a.json")
    assert code == 1
    assert f"{tmp_path}/a.json is no JSON of a dashboard" in err
    code, _, err = run(f"--rules={tmp_path}/a.json")
    assert f"{tmp_path}/a.json is no file of rules" in err
    code, _, err = run(f"--rules={tmp_path}/none.yaml", f"--query-log={tmp_path}/none.log")
    assert f"{tmp_path}/none.yaml" in err
    (tmp_path / "empty").mkdir()
    code, _, err = run(f"--dashboards={tmp_path}/empty")
    assert "has no file that ends with .json" in err


def test_it_may_be_interrupted(region, run):
    region.raises = KeyboardInterrupt()
    code, out, err = run()
    assert (code, out) == (130, "")
    assert "nothing was changed" in err


@pytest.mark.parametrize("option", ["--keep=(", "--since=1 day"])
def test_an_option_that_says_nothing_is_refused(region, run, option, capsys):
    with pytest.raises(SystemExit):
        run(option)
    assert option.partition("=")[2] in capsys.readouterr().err
