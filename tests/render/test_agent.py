"""What an edge's agent is told, in its two spellings."""

import dataclasses
import subprocess

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import versions
from render import agent, filters, remote_write, thanos_flags, units
from settings.edges import Edge
from settings.write_path import RequestLimits
from tests.agents import AGENT

OWN = {"own": filters.Profile(keep=["up", r"a\.b{2}$"], drop=["c{{d"])}
SCRAPES = [{"job_name": "edge", "static_configs": [{"targets": ["127.0.0.1:9090"]}]}]


def native(changed: agent.Agent = AGENT) -> dict:
    text = agent.prometheus_yml(
        changed, replica="agent-0", scrape_configs=SCRAPES, token_file="/secret/token", ca_file="/secret/ca.crt"
    )
    return yaml.safe_load(text)


def spec(changed: agent.Agent = AGENT, overrides: dict | None = None) -> dict:
    return agent.chart_values(changed, overrides or {})["prometheus"]["prometheusSpec"]


AGENTS = st.builds(
    agent.Agent,
    edge=st.sampled_from(["apac-1", "eu-2"]),
    labels=st.dictionaries(st.sampled_from(["env", "team"]), st.text("ab$ {}\"'\\: é", max_size=6)),
    series=st.integers(1, 10**8),
    scrape_interval=st.sampled_from(["5s", "30s", "1m30s"]),
    replicas=st.sampled_from([1, 2]),
    url=st.just(AGENT.url),
    relabeling=st.sampled_from([filters.relabeling(name, OWN) for name in (*filters.PROFILES, *OWN)]),
    storage=st.just("10Gi"),
    own_ca=st.booleans(),
)


@settings(deadline=None)
@given(AGENTS)
def test_both_spellings_say_the_same(any_agent):
    (target,), (chart,) = native(any_agent)["remote_write"], spec(any_agent)["remoteWrite"]
    assert chart["url"] == target["url"]
    assert chart["sendExemplars"] == target["send_exemplars"] is True
    assert list(chart["queueConfig"].values()) == list(target["queue_config"].values())
    assert ("tlsConfig" in chart) == ("tls_config" in target) == any_agent.own_ca
    rules = [list(rule.values()) for rule in target.get("write_relabel_configs", [])]
    assert [unescaped(list(rule.values())) for rule in chart.get("writeRelabelConfigs", [])] == rules
    labels = native(any_agent)["global"]["external_labels"]
    assert labels.pop(spec(any_agent)["replicaExternalLabelName"]) == "agent-0"
    assert unescaped(spec(any_agent)["externalLabels"]) == labels
    assert native(any_agent)["global"]["scrape_interval"] == spec(any_agent)["scrapeInterval"]


def unescaped(value: object) -> object:
    """As Helm's `tpl` leaves it, through which the chart sends these: {{`text`}} is text."""
    return yaml.safe_load(yaml.safe_dump(value, allow_unicode=True).replace("{{`{{`}}", "{{"))


@settings(deadline=None)
@given(AGENTS)
def test_helm_finds_no_template_of_somebody_elses_text(any_agent):
    passed = str([spec(any_agent)["externalLabels"], spec(any_agent)["remoteWrite"]])
    assert "{{" not in passed.replace("{{`{{`}}", "")


def test_an_edge_is_known_by_the_label_cluster_whatever_its_other_labels_are():
    labels = native(dataclasses.replace(AGENT, labels={"cluster": "eu-1", "env": "prod"}))["global"]["external_labels"]
    assert labels == {"env": "prod", "cluster": "apac-1", "prometheus_replica": "agent-0"}


@pytest.mark.parametrize("replicas", [1, 2])
def test_copies_differ_by_a_label_that_queries_drop_and_by_no_other(replicas):
    values = spec(dataclasses.replace(AGENT, replicas=replicas))
    assert values["replicas"] == replicas
    assert values["replicaExternalLabelName"] in thanos_flags.REPLICA_LABELS
    assert values["prometheusExternalLabelNameClear"] is True


def test_the_token_is_only_referred_to():
    (target,), (chart,) = native()["remote_write"], spec()["remoteWrite"]
    assert target["authorization"] == {"type": "Bearer", "credentials_file": "/secret/token"}
    assert chart["authorization"] == {
        "type": "Bearer",
        "credentials": {"name": "observability-remote-write", "key": "token"},
    }
    assert target["tls_config"] == {"ca_file": "/secret/ca.crt"}
    assert chart["tlsConfig"] == {"ca": {"secret": {"name": "observability-remote-write", "key": "ca.crt"}}}


def test_the_agent_is_of_the_release_that_is_tested_here():
    assert "{registry}/{repository}:{tag}".format(**spec()["image"]) == versions.PROMETHEUS


def test_what_is_refused_for_now_is_sent_again_and_nothing_is_too_old_for_it():
    (queue,) = [target["queue_config"] for target in native()["remote_write"]]
    assert queue["retry_on_http_429"] is True
    assert "sample_age_limit" not in queue


def test_a_request_is_within_what_routers_accept():
    (queue,) = [target["queue_config"] for target in native()["remote_write"]]
    limits = RequestLimits()
    assert min(limits.samples, limits.series) >= queue["max_samples_per_send"], "413 is never sent again"


@settings(deadline=None)
@given(AGENTS)
def test_two_hours_of_samples_are_sent_within_one_at_a_tenth_of_a_second_a_request(any_agent):
    (queue,) = [target["queue_config"] for target in native(any_agent)["remote_write"]]
    scraped = any_agent.series / units.duration(any_agent.scrape_interval).total_seconds()
    sent = queue["max_shards"] * queue["max_samples_per_send"] / 0.1
    assert sent * 3600 >= scraped * 3 * 3600
    assert queue["max_shards"] >= remote_write.MAX_SHARDS


def test_the_log_keeps_a_truncation_away_from_two_hours_of_outage():
    flags = {each["name"]: each["value"] for each in spec()["additionalArgs"]}
    assert flags == agent.flags()
    between = units.duration(flags["storage.agent.wal-truncate-frequency"])
    assert between / 2 >= units.duration("2h"), (
        "a third of what is as old as one and a half times the frequency is left"
    )


def test_the_default_volume_holds_the_log_of_the_default_edge():
    edge = Edge(name="apac-1")
    assert agent.log_bytes(edge.series, edge.scrape_interval) <= units.quantity(edge.storage)


def test_a_log_grows_with_series_and_with_how_often_they_are_scraped():
    assert agent.log_bytes(100_000, "30s") == 100_000 * 17 * 120 * 12
    assert agent.log_bytes(200_000, "30s") == agent.log_bytes(100_000, "15s") == 2 * agent.log_bytes(100_000, "30s")


def test_an_edges_own_values_are_merged_over_ours_and_lists_are_replaced():
    own = {"prometheus": {"prometheusSpec": {"remoteWrite": [], "resources": {"limits": {"memory": "2Gi"}}}}, "x": 1}
    before = agent.chart_values(AGENT, {})
    values = agent.chart_values(AGENT, own)
    assert values["x"] == 1
    merged = values["prometheus"]["prometheusSpec"]
    assert merged["remoteWrite"] == []
    assert merged["resources"] == {"limits": {"memory": "2Gi"}}
    assert merged["externalLabels"] == spec()["externalLabels"]
    assert values["prometheus"]["agentMode"] is True
    assert agent.chart_values(AGENT, {}) == before


def test_nothing_is_deployed_that_an_agent_has_no_use_for():
    values = agent.chart_values(AGENT, {})
    off = [values["alertmanager"]["enabled"], values["grafana"]["enabled"], values["defaultRules"]["create"]]
    assert off == [False, False, False]
    assert values["prometheus"]["agentMode"] is True
    assert "resources" not in spec(), "the chart's own stay"


@pytest.mark.plugins
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(AGENTS)
def test_promtool_takes_every_agents_file(tmp_path, any_agent):
    done = check(tmp_path, native(any_agent))
    assert done.returncode == 0, done.stderr


@pytest.mark.plugins
@pytest.mark.parametrize("path", ["max_shard", "max_backoff"])
def test_promtool_notices_what_is_wrong(path, tmp_path):
    config = native()
    config["remote_write"][0]["queue_config"][path] = "soon"
    assert check(tmp_path, config).returncode != 0


def check(folder, config: dict) -> subprocess.CompletedProcess:
    from local import tools

    tools.fetch([tools.PROMETHEUS])
    for target in config["remote_write"]:
        for section, key in (("authorization", "credentials_file"), ("tls_config", "ca_file")):
            if section in target:
                (folder / key).write_text("x")
                target[section][key] = str(folder / key)
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    command = [tools.PROMETHEUS.program("promtool"), "check", "config", "--agent", str(file)]
    return subprocess.run(command, capture_output=True, text=True)
