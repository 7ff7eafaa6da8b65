"""Every alert is complete, documented and tested; its expressions are sound and ask for metrics that exist."""

import re
import subprocess

import promql_parser
import pytest
import yaml

from local import tools
from tests.engine import ROOT

FOLDER = ROOT / "alerts"
SEVERITIES = ("critical", "warning")
#: Always fires, so it has no time to be silent at and no urgency.
WATCHDOG = "Watchdog"

FILES = sorted([*FOLDER.glob("prometheus/*.yaml"), *FOLDER.glob("ruler/*.yaml")])
RULES = [rule for path in FILES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
HEADINGS = re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbooks.md").read_text(), re.MULTILINE)
CHECKS = [
    check
    for path in sorted(FOLDER.glob("tests/*.yaml"))
    for test in yaml.safe_load(path.read_text())["tests"]
    for check in test["promql_expr_test"]
]
each_alert = pytest.mark.parametrize("name", ALERTS)


def expected(name: str) -> list[dict[str, str]]:
    """The labels with which the unit tests expect the alert to fire."""
    return [
        dict(re.findall(r'(\w+)="([^"]*)"', sample["labels"]))
        for check in CHECKS
        for sample in check["exp_samples"]
        if f'alertname="{name}",alertstate="firing"' in sample["labels"]
    ]


def test_no_two_rules_share_a_name():
    names = [rule.get("alert") or rule["record"] for rule in RULES]
    assert len(set(names)) == len(names)


@each_alert
def test_an_alert_says_how_urgent_it_is_and_what_is_at_stake(name):
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ([*SEVERITIES] if name != WATCHDOG else ["none"])
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["description"].endswith(".")
    assert "\n" not in rule["annotations"]["description"], "a mail shows it as one paragraph"


def test_every_alert_has_a_heading_in_the_runbooks_and_every_heading_an_alert():
    assert sorted(HEADINGS) == sorted(ALERTS)


@each_alert
def test_a_unit_test_shows_that_an_alert_fires(name):
    assert expected(name), "promtool compares these with what fires"


@each_alert
def test_a_unit_test_shows_when_an_alert_stays_silent(name):
    if name == WATCHDOG:
        return
    asked = f'ALERTS{{alertname="{name}",alertstate="firing"'
    assert [check for check in CHECKS if check["expr"].startswith(asked) and not check["exp_samples"]]


@each_alert
def test_annotations_use_only_labels_that_the_alert_has(name):
    used = set(re.findall(r"\$labels\.(\w+)", str(ALERTS[name]["annotations"])))
    for labels in expected(name):
        assert used <= set(labels), "a label that is not there leaves a hole in the text"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_expressions_parse(rule):
    promql_parser.parse(rule["expr"])


def test_the_parser_notices_a_mistake():
    with pytest.raises(ValueError, match="unclosed"):
        promql_parser.parse("sum by (job) (rate(x[5m])")


def test_every_rule_file_has_unit_tests():
    tested = {path.stem for path in FOLDER.glob("tests/*.yaml")}
    assert {path.stem for path in FILES} - tested == {"recording"}


# --- the real programs -----------------------------------------------------------------------------------------------


def succeed(*command: object) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def promtool() -> str:
    tools.fetch([tools.PROMETHEUS])
    return tools.PROMETHEUS.program("promtool")


@pytest.mark.plugins
def test_promtool_accepts_the_rules_as_written_and_those_of_prometheus_as_rendered(promtool, rendered):
    succeed(promtool, "check", "rules", *FILES, *(rendered / "prometheus").glob("*.yaml"))


@pytest.mark.plugins
def test_thanos_accepts_the_rules_of_the_ruler_as_rendered(rendered):
    tools.fetch([tools.THANOS])
    succeed(tools.THANOS.program("thanos"), "tools", "rules-check", f"--rules={rendered}/ruler/*.yaml")


@pytest.mark.plugins
@pytest.mark.parametrize("name", [path.name for path in sorted(FOLDER.glob("tests/*.yaml"))])
def test_alerts_fire_and_stay_silent_as_their_unit_tests_say(name, promtool, rendered):
    succeed(promtool, "test", "rules", FOLDER / "tests" / name)
    if (rendered / "prometheus" / name).exists():
        succeed(promtool, "test", "rules", rendered / "tests" / name)
