"""tempo.yaml. What the real Tempo makes of it is in docs/tracing.md; here it is held against its reference."""

import copy

import pytest
import yaml

from render import tempo
from tests.tempo_schema import problems

FACTS = {
    "region": "eu",
    "data_dir": "/var/tempo",
    "retention": "48h",
    "bucket": "acme-eu-traces",
    "endpoint": "s3.eu-central-1.amazonaws.com",
    "aws_region": "eu-central-1",
    "insecure": False,
    "access_key": None,
    "secret_key": None,
    "limits": {"bytes_per_second": 1, "burst_bytes": 2, "trace_bytes": 3, "live_traces": 4},
    "max_active_series": 5,
    "dimensions": ["http.request.method"],
    "max_request_bytes": 16 * 2**20,
    "remote_write_url": "http://routers.eu.svc:19291/api/v1/receive",
}
MISSING = object()


def document(**changes) -> dict:
    return yaml.safe_load(tempo.document(**{**FACTS, **changes}))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"access_key": "AK", "secret_key": "SK", "endpoint": "minio:9000", "insecure": True},
        {"dimensions": [], "max_request_bytes": 1024},
    ],
)
def test_every_key_is_one_of_tempos_and_every_value_one_that_it_takes(changes):
    assert problems(document(**changes)) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        # Tempo ends with: field X not found in type …
        ("ingester", {"max_block_duration": "5m"}, "'ingester' was unexpected"),
        ("compactor", {"compaction": {"block_retention": "48h"}}, "'compactor' was unexpected"),
        ("search_enabled", True, "'search_enabled' was unexpected"),
        ("metrics_generator_enabled", True, "'metrics_generator_enabled' was unexpected"),
        ("storage.trace.s3.bucket_name", "x", "'bucket_name' was unexpected"),
        ("storage.trace.s3.s3forcepathstyle", True, "'s3forcepathstyle' was unexpected"),
        ("metrics_generator.storage.remote_write.0.exemplars", True, "'exemplars' was unexpected"),
        # … with: legacy overrides config format detected
        ("overrides.max_traces_per_user", 4, "'max_traces_per_user' was unexpected"),
        ("overrides.metrics_generator_processors", ["span-metrics"], "was unexpected"),
        # … with: unrecognised module name
        ("target", "compactor", "'all' was expected"),
        ("target", "scalable-single-binary", "'all' was expected"),
        ("storage.trace.s3.endpoint", "https://s3.example", "does not match"),
        ("storage.trace.s3.bucket", MISSING, "'bucket' is a required property"),
        ("storage.trace.backend", MISSING, "'backend' is a required property"),
        ("backend_worker.compaction.block_retention", "14d", "does not match"),
        # Accepted, and without effect or harmful.
        ("overrides.defaults.metrics_generator.processors", ["span-metric"], "is not one of"),
        ("overrides.defaults.ingestion.burst_size_bytes", MISSING, "'burst_size_bytes' is a required property"),
        ("overrides.per_tenant_override_config", "/absent.yaml", "'per_tenant_override_config' was unexpected"),
        ("metrics_generator.storage.path", MISSING, "'path' is a required property"),
        ("backend_worker.compaction.block_retention", MISSING, "'block_retention' is a required property"),
        ("ingest", {"kafka": {"address": "kafka:9092"}}, "'ingest' was unexpected"),
        ("memberlist", {"join_members": ["x"]}, "'memberlist' was unexpected"),
        ("block_builder", {}, "'block_builder' was unexpected"),
    ],
)
def test_the_schema_refuses_what_is_known_to_be_wrong(path, value, said):
    config = copy.deepcopy(document())
    *parents, key = path.split(".")
    target = config
    for parent in parents:
        target = target[int(parent) if parent.isdigit() else parent]
    if value is MISSING:
        del target[key]
    else:
        target[key] = value
    (problem,) = problems(config)
    assert said in problem


def test_retention_is_said_to_both_who_act_on_it_and_all_that_is_kept_can_be_searched():
    found = document(retention="72h")
    assert found["backend_worker"]["compaction"]["block_retention"] == "72h"
    assert found["overrides"]["defaults"]["compaction"]["block_retention"] == "72h"
    assert found["query_frontend"]["search"]["max_duration"] == "72h"


def test_limits_are_those_of_all_senders():
    defaults = document()["overrides"]["defaults"]
    ingestion = defaults["ingestion"]
    assert (ingestion["rate_limit_bytes"], ingestion["burst_size_bytes"]) == (1, 2)
    assert (defaults["global"]["max_bytes_per_trace"], ingestion["max_traces_per_user"]) == (3, 4)
    assert defaults["metrics_generator"]["max_active_series"] == 5


def test_what_the_gateway_lets_through_is_not_too_large_for_tempo():
    protocols = document(max_request_bytes=16 * 2**20 + 1)["distributor"]["receivers"]["otlp"]["protocols"]
    assert protocols["http"]["max_request_body_size"] == 16 * 2**20 + 1
    assert protocols["grpc"]["max_recv_msg_size_mib"] == 17


def test_exemplars_carry_the_label_of_opentelemetry_and_series_the_cluster():
    found = document()
    assert found["overrides"]["defaults"]["metrics_generator"]["trace_id_label_name"] == "trace_id"
    (target,) = found["metrics_generator"]["storage"]["remote_write"]
    assert target["send_exemplars"] is True
    assert found["metrics_generator"]["registry"]["external_labels"] == {"region": "eu"}
    (mapping,) = found["metrics_generator"]["processor"]["span_metrics"]["dimension_mappings"]
    assert (mapping["name"], mapping["source_labels"]) == ("cluster", ["k8s.cluster.name"])


def test_keys_are_there_only_if_they_are_given():
    assert not {"access_key", "secret_key"} & set(document()["storage"]["trace"]["s3"])
    found = document(access_key="AK", secret_key="SK")["storage"]["trace"]["s3"]
    assert (found["access_key"], found["secret_key"]) == ("AK", "SK")


def test_its_grpc_is_for_itself_alone():
    assert document()["server"]["grpc_listen_address"] == "127.0.0.1"
