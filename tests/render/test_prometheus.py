"""prometheus.yml and the flags of Prometheus."""

import re
import subprocess

import pytest
import yaml

from render import prometheus, thanos_flags

GIVEN = {
    "region": "eu",
    "scrape_interval": "30s",
    "rule_files": ["/etc/prometheus/rules/a.yaml"],
    "alertmanagers": ["https://alerts.example/eu", "http://alertmanager.example:9093"],
}
URL = "http://router.example:19291/api/v1/receive"


def document(**changes) -> dict:
    return yaml.safe_load(prometheus.document(**{**GIVEN, **changes}))


def scraped(**pod) -> dict | None:
    """The labels of a pod's target by the rules of the document; None if it is not scraped. Prometheus's semantics."""
    labels = {f"__meta_kubernetes_{name}": value for name, value in pod.items()}
    for rule in document()["scrape_configs"][0]["relabel_configs"]:
        value = rule.get("separator", ";").join(labels.get(name, "") for name in rule["source_labels"])
        matches = re.fullmatch(rule.get("regex", "(.*)"), value) is not None
        if rule.get("action", "replace") in ("keep", "drop"):
            if matches != (rule["action"] == "keep"):
                return None
        elif matches:
            labels[rule["target_label"]] = value
    return {name: value for name, value in labels.items() if not name.startswith("__")}


INGESTER = {
    "namespace": "observability",
    "pod_name": "eu-receive-ingester-0",
    "pod_phase": "Running",
    "pod_container_name": "ingester",
    "pod_container_port_name": "http",
    "pod_container_port_number": "10902",
    "pod_label_app_kubernetes_io_component": "receive-ingester",
}


def test_a_series_tells_whose_it_is_and_keeps_its_name_over_a_restart():
    assert scraped(**INGESTER) == {
        "namespace": "observability",
        "pod": "eu-receive-ingester-0",
        "container": "ingester",
        "job": "receive-ingester",
        "instance": "eu-receive-ingester-0:10902",
    }


def test_only_ports_that_serve_metrics_are_scraped():
    ports = ("http", "metrics", "grpc", "remote-write", "")
    assert [port for port in ports if scraped(**{**INGESTER, "pod_container_port_name": port})] == ["http", "metrics"]


def test_a_pod_that_has_ended_is_not_scraped():
    phases = ("Pending", "Running", "Succeeded", "Failed")
    assert [phase for phase in phases if scraped(**{**INGESTER, "pod_phase": phase})] == ["Pending", "Running"]


def test_pods_of_other_namespaces_are_not_looked_for():
    (found,) = document()["scrape_configs"][0]["kubernetes_sd_configs"]
    assert found == {"role": "pod", "namespaces": {"own_namespace": True}}


def test_the_two_servers_series_differ_by_a_label_that_query_drops():
    replica = document()["global"]["external_labels"].pop("prometheus_replica")
    assert replica == "${POD_NAME}"
    assert "prometheus_replica" in thanos_flags.REPLICA_LABELS


def test_alertmanager_sees_one_alert_and_not_one_for_each_server():
    assert document()["alerting"]["alert_relabel_configs"] == [{"regex": "prometheus_replica", "action": "labeldrop"}]


def test_an_alertmanagers_url_is_taken_apart():
    assert document()["alerting"]["alertmanagers"] == [
        {"scheme": "https", "path_prefix": "/eu", "static_configs": [{"targets": ["alerts.example"]}]},
        {"scheme": "http", "path_prefix": "/", "static_configs": [{"targets": ["alertmanager.example:9093"]}]},
    ]


def test_nothing_is_written_anywhere_unless_there_is_a_url():
    assert "remote_write" not in document()
    assert [target["url"] for target in document(remote_write_url=URL)["remote_write"]] == [URL]


def test_blocks_that_are_uploaded_are_left_as_they_are_cut():
    def sizes(uploads):
        flags = prometheus.flags(config_file="/p.yml", data_dir="/data", retention="24h", uploads=uploads)
        return [flag.split("=")[1] for flag in flags if "block-duration" in flag]

    assert sizes(True) == ["2h", "2h"]
    assert sizes(False) == []


@pytest.mark.plugins
@pytest.mark.parametrize("url", [None, URL], ids=["sidecar", "remote write"])
def test_prometheus_takes_the_file(url, tmp_path):
    from local import tools

    tools.fetch([tools.PROMETHEUS])
    rules = tmp_path / "rules.yaml"
    rules.write_text("groups: [{name: a, rules: [{record: 'a:b', expr: up}]}]")
    config = document(rule_files=[str(rules)], remote_write_url=url)
    file = tmp_path / "prometheus.yml"

    def check() -> subprocess.CompletedProcess:
        file.write_text(yaml.safe_dump(config))
        command = [tools.PROMETHEUS.program("promtool"), "check", "config", str(file)]
        return subprocess.run(command, capture_output=True, text=True)

    done = check()
    assert done.returncode == 0, done.stderr
    assert "1 rules found" in done.stdout
    config["scrape_configs"][0]["relabel_configs"][0]["action"] = "no-such-action"
    assert check().returncode != 0, "the check above cannot fail"
