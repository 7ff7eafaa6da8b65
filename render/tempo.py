"""tempo.yaml and the flags of Tempo 3.0, in which one process does everything (`target: all`).

Its reference (docs/sources/tempo/configuration/manifest.md at v3.0.3) has every key. One tenant, and all limits in
`overrides.defaults`: what is left out in the overrides of a tenant is 0, and not the default.
"""

from collections.abc import Mapping, Sequence

import yaml

from render import remote_write

HTTP_PORT, OTLP_GRPC_PORT, OTLP_HTTP_PORT = 3200, 4317, 4318
#: Where edges send traces to, by HTTP and by gRPC (OTLP 1.x).
OTLP_HTTP_PATH = "/v1/traces"
OTLP_GRPC_PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
#: Label of exemplars: what OpenTelemetry's SDKs write, and our data sources expect. Tempo's own default is `traceID`.
TRACE_ID_LABEL = "trace_id"
#: The attribute in which a sender names its cluster, and the label of all else that says so.
CLUSTER_ATTRIBUTE, CLUSTER_LABEL = "k8s.cluster.name", "cluster"
#: How long a stop waits for compactions in hand. They begin again elsewhere; nothing is lost by them.
SHUTDOWN_TIMEOUT = "10s"


def flags(*, config_file: str) -> list[str]:
    """Flags of `tempo`."""
    return [f"-config.file={config_file}"]


def document(
    *,
    region: str,
    data_dir: str,
    retention: str,
    bucket: str,
    endpoint: str,
    aws_region: str,
    insecure: bool,
    access_key: str | None,
    secret_key: str | None,
    limits: Mapping[str, int],
    max_active_series: int,
    dimensions: Sequence[str],
    max_request_bytes: int,
    remote_write_url: str,
) -> str:
    """tempo.yaml. Without keys Tempo takes the pod's IAM role. `limits`: as in the component's arguments.

    `max_request_bytes`: of one push, as the gateway lets it through. `remote_write_url`: the routers'; they take what
    names no tenant for the default one, whatever the tenancy of edges is.
    """
    s3: dict[str, object] = {"bucket": bucket, "endpoint": endpoint, "region": aws_region}
    if insecure:
        s3["insecure"] = True
    if access_key and secret_key:
        s3 |= {"access_key": access_key, "secret_key": secret_key}
    mebibytes = -(-max_request_bytes // 2**20)
    protocols = {
        "grpc": {"endpoint": _everywhere(OTLP_GRPC_PORT), "max_recv_msg_size_mib": mebibytes},
        "http": {"endpoint": _everywhere(OTLP_HTTP_PORT), "max_request_body_size": max_request_bytes},
    }
    config = {
        "target": "all",
        "multitenancy_enabled": False,
        # Grafana streams answers by gRPC on the HTTP port.
        "stream_over_http_enabled": True,
        "memory": {"automemlimit_enabled": True},
        # gRPC is for the process itself.
        "server": {"http_listen_port": HTTP_PORT, "grpc_listen_address": "127.0.0.1", "grpc_listen_port": 9095},
        "distributor": {"receivers": {"otlp": {"protocols": protocols}}},
        # All that is kept can be searched; the default is a week.
        "query_frontend": {"search": {"max_duration": retention}},
        "live_store": {
            "wal": {"path": f"{data_dir}/live-store/traces"},
            "shutdown_marker_dir": f"{data_dir}/live-store/shutdown-marker",
        },
        "backend_scheduler": {"local_work_path": f"{data_dir}/scheduler"},
        "backend_worker": {
            "finish_on_shutdown_timeout": SHUTDOWN_TIMEOUT,
            "compaction": {"block_retention": retention},
        },
        "metrics_generator": {
            "registry": {"external_labels": {"region": region}},
            "processor": {
                "span_metrics": {
                    "dimensions": list(dimensions),
                    "dimension_mappings": [{"name": CLUSTER_LABEL, "source_labels": [CLUSTER_ATTRIBUTE], "join": ""}],
                }
            },
            "storage": {
                "path": f"{data_dir}/generator/wal",
                "remote_write_add_org_id_header": False,
                "remote_write": [{**remote_write.target(remote_write_url), "send_exemplars": True}],
            },
        },
        "storage": {"trace": {"backend": "s3", "wal": {"path": f"{data_dir}/wal"}, "s3": s3}},
        "overrides": {
            "defaults": {
                "ingestion": {
                    "rate_strategy": "local",
                    "rate_limit_bytes": limits["bytes_per_second"],
                    "burst_size_bytes": limits["burst_bytes"],
                    "max_traces_per_user": limits["live_traces"],
                },
                "global": {"max_bytes_per_trace": limits["trace_bytes"]},
                # It goes before the worker's.
                "compaction": {"block_retention": retention},
                "metrics_generator": {
                    "processors": ["service-graphs", "span-metrics"],
                    "max_active_series": max_active_series,
                    "trace_id_label_name": TRACE_ID_LABEL,
                },
            }
        },
        "usage_report": {"reporting_enabled": False},
    }
    return yaml.safe_dump(config, sort_keys=False)


def _everywhere(port: int) -> str:
    return f"0.0.0.0:{port}"
