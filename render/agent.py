"""What an edge's Prometheus agent is told: as a prometheus.yml of its own, and as values of kube-prometheus-stack."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import yaml

import versions
from render import Document, _yaml, remote_write, units
from render.prometheus import REPLICA_LABEL

#: The Secret with what an agent needs to write, in the agent's namespace, and its keys.
SECRET, TOKEN_KEY, CA_KEY = "observability-remote-write", "token", "ca.crt"
#: Prometheus's default is 2h. When the agent truncates its write-ahead log, it takes away the older two thirds, sent or
#: not. What then is left is half as old as the time between, so 6h keep an outage of 3 hours and all defaults one
#: of 1 hour. Whoever has lost a segment that it was yet to read skips all up to now (tsdb/agent/db.go, truncate, and
#: tsdb/wlog/watcher.go, loop, of Prometheus 3.13.5).
TRUNCATE_FREQUENCY = "6h"
#: Just before it is truncated, the log is 9 hours old; then there is a copy of what is younger than 4 hours
#: (--storage.agent.retention.max-time) beside it, and the former copy.
_LOG_HOURS = 17
#: Measured with Prometheus 3.13.5 at 10,000 series: 9 bytes a sample when values stay, 12 when all are random.
_BYTES_PER_SAMPLE = 12
#: One connection, at 0.1 s a request.
_SAMPLES_PER_SHARD = 10 * remote_write.SAMPLES_PER_SEND
#: An outage's samples are sent, beside the new ones, in half the time that it took.
_CATCH_UP = 3

#: The same settings in the words of the PrometheusAgent resource.
_QUEUE_NAMES = {
    "max_samples_per_send": "maxSamplesPerSend",
    "capacity": "capacity",
    "max_shards": "maxShards",
    "max_backoff": "maxBackoff",
    "retry_on_http_429": "retryOnRateLimit",
}
_RULE_NAMES = {"source_labels": "sourceLabels", "regex": "regex", "action": "action"}


class _Yaml(_yaml.Dumper):
    """Puts a text into quotes that some release of YAML reads as a number or a boolean: Helm's takes 1e3 and y."""


# PyYAML's stub says nothing of the parameters.
_Yaml.add_implicit_resolver("!quoted", re.compile(r"[-+.0-9].*|[yYnN]"), None)  # pyright: ignore[reportUnknownMemberType]


@dataclass(frozen=True)
class Agent:
    """The agent of one edge."""

    edge: str
    labels: Mapping[str, str]
    """On all its series, beside `cluster`."""
    series: int
    """About how many it scrapes."""
    scrape_interval: str
    """A Prometheus duration."""
    replicas: int
    url: str
    """Where it writes: the gateway's remote-write URL."""
    relabeling: Sequence[Mapping[str, object]]
    """Write relabel rules in Prometheus's words: `filters.relabeling`."""
    storage: str
    """Size of each volume, a Kubernetes quantity; at least `log_bytes`."""
    own_ca: bool
    """The Secret has the authority of the gateway's certificate; else the system's are trusted."""


def flags() -> dict[str, str]:
    """Flags of the agent's process beside --agent and paths, without their hyphens."""
    return {"storage.agent.wal-truncate-frequency": TRUNCATE_FREQUENCY}


def prometheus_yml(
    agent: Agent,
    *,
    replica: str,
    scrape_configs: Sequence[Mapping[str, object]],
    token_file: str,
    ca_file: str | None = None,
) -> str:
    """prometheus.yml of one agent as a process. `replica`: which of the replicas. `ca_file`: used with `own_ca`."""
    target: Document = {
        "url": agent.url,
        "send_exemplars": True,
        "authorization": {"type": "Bearer", "credentials_file": token_file},
        "queue_config": _queue(agent),
    }
    if agent.own_ca:
        target["tls_config"] = {"ca_file": ca_file}
    if agent.relabeling:
        target["write_relabel_configs"] = [dict(rule) for rule in agent.relabeling]
    config = {
        "global": {
            "scrape_interval": agent.scrape_interval,
            "external_labels": {**_external_labels(agent), REPLICA_LABEL: replica},
        },
        "scrape_configs": list(scrape_configs),
        "remote_write": [target],
    }
    return yaml.safe_dump(config, sort_keys=False)


def chart_values(agent: Agent, overrides: Mapping[str, object]) -> Document:
    """Values of the chart `versions.KUBE_PROMETHEUS_STACK`; `overrides` are merged over them, lists as a whole."""
    return _merged(_values(agent), overrides)


def chart_yaml(values: Mapping[str, object]) -> str:
    """Those values as YAML for Helm."""
    return yaml.dump(values, Dumper=_Yaml, sort_keys=False)


def log_bytes(series: int, scrape_interval: str) -> int:
    """The most that an agent's write-ahead log takes, in bytes, also while nobody takes its samples."""
    samples = series * _LOG_HOURS * 3600 / units.duration(scrape_interval).total_seconds()
    return math.ceil(samples * _BYTES_PER_SAMPLE)


def _queue(agent: Agent) -> Document:
    rate = agent.series / units.duration(agent.scrape_interval).total_seconds()
    return {
        **remote_write.target(agent.url)["queue_config"],
        "max_shards": max(remote_write.MAX_SHARDS, math.ceil(_CATCH_UP * rate / _SAMPLES_PER_SHARD)),
        # The gateway answers 429 to an edge above its limit; unless it is tried again, the samples are lost.
        "retry_on_http_429": True,
        # For a region that is down or has just come back: not every edge every 5 s on every connection.
        "max_backoff": "30s",
    }


def _external_labels(agent: Agent) -> dict[str, str]:
    # Prometheus replaces $NAME by a variable of the environment, and $$ by $.
    return {name: value.replace("$", "$$") for name, value in {**agent.labels, "cluster": agent.edge}.items()}


def _values(agent: Agent) -> Document:
    target: Document = {
        "url": agent.url,
        "sendExemplars": True,
        "authorization": {"type": "Bearer", "credentials": {"name": SECRET, "key": TOKEN_KEY}},
        "queueConfig": {_QUEUE_NAMES[name]: value for name, value in _queue(agent).items()},
    }
    if agent.own_ca:
        target["tlsConfig"] = {"ca": {"secret": {"name": SECRET, "key": CA_KEY}}}
    if agent.relabeling:
        target["writeRelabelConfigs"] = [
            {_RULE_NAMES[name]: _literal(value) for name, value in rule.items()} for rule in agent.relabeling
        ]
    image, _, tag = versions.PROMETHEUS.partition(":")
    registry, _, repository = image.partition("/")
    spec = {
        # Another release than the chart's: the one that the rest of this program is tested with.
        "image": {"registry": registry, "repository": repository, "tag": tag},
        "replicas": agent.replicas,
        # Also for one replica: its series go on as they are when it gets a second.
        "replicaExternalLabelName": REPLICA_LABEL,
        # Else every series has the name of the PrometheusAgent, which says no more than `cluster`.
        "prometheusExternalLabelNameClear": True,
        "externalLabels": {name: _literal(value) for name, value in _external_labels(agent).items()},
        "scrapeInterval": agent.scrape_interval,
        "additionalArgs": [{"name": name, "value": value} for name, value in flags().items()],
        "storageSpec": {
            "volumeClaimTemplate": {
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": agent.storage}}}
            }
        },
        "remoteWrite": [target],
        # Also what the edge's own applications bring, not only this chart's.
        "serviceMonitorSelectorNilUsesHelmValues": False,
        "podMonitorSelectorNilUsesHelmValues": False,
        "probeSelectorNilUsesHelmValues": False,
        "scrapeConfigSelectorNilUsesHelmValues": False,
    }
    return {
        "prometheus": {"agentMode": True, "prometheusSpec": spec},
        # An agent neither evaluates rules nor answers queries; the region does.
        "alertmanager": {"enabled": False},
        "defaultRules": {"create": False},
        "grafana": {"enabled": False},
        # Its webhook checks rules, of which there are none, and is all that its certificate is for.
        "prometheusOperator": {"admissionWebhooks": {"enabled": False}, "tls": {"enabled": False}},
    }


def _literal(value: object) -> object:
    """The chart takes these for templates of Helm."""
    match value:
        case str():
            return value.replace("{{", "{{`{{`}}")
        case list():
            return [_literal(each) for each in cast("list[object]", value)]
        case _:
            return value


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Document:
    found = dict(base)
    for name, value in over.items():
        below = found.get(name)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        found[name] = _merged(cast("Document", below), cast("Document", value)) if both else value
    return found
