import yaml

from render import alerts

RULES = """\
groups:
  - name: example
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      # Reasons stay in the source.
      - alert: JobDown
        expr: job:up:sum == 0
        for: 5m
        labels: {severity: critical}
        annotations:
          summary: "{{ $labels.job }} is down."
"""


def test_each_alert_gets_the_address_of_its_runbook_and_nothing_else_changes(tmp_path):
    (tmp_path / "example.yaml").write_text(RULES)
    ((name, text),) = alerts.load(tmp_path, "https://runbooks.example.com/page").items()
    document = yaml.safe_load(text)
    annotations = document["groups"][0]["rules"][1]["annotations"]
    assert annotations.pop("runbook_url") == "https://runbooks.example.com/page#jobdown"
    assert name == "example.yaml"
    assert document == yaml.safe_load(RULES)


def test_the_rulers_rules_are_evaluated_on_partial_data(tmp_path):
    folder = tmp_path / "ruler"
    folder.mkdir()
    (folder / "example.yaml").write_text(RULES)
    (text,) = alerts.load(folder, "https://runbooks.example.com").values()
    assert yaml.safe_load(text)["groups"][0]["partial_response_strategy"] == "warn"


def test_only_rule_files_are_loaded_in_a_stable_order(tmp_path):
    for name in ("b.yaml", "a.yaml", "notes.md"):
        (tmp_path / name).write_text("groups: []\n")
    assert list(alerts.load(tmp_path, "https://runbooks.example.com")) == ["a.yaml", "b.yaml"]
