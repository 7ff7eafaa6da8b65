"""Which tempo.yaml is right: what Tempo 3.0.3 takes when one process does everything, as a JSON schema.

Written from its reference (docs/sources/tempo/configuration/ at v3.0.3), section by section; the keys of parts that we
do not run (ingest, block_builder, memberlist, other object stores, caches, rings) are left out, and so wrong. It also
refuses what Tempo accepts in silence and then ignores, or stumbles over later (see test_tempo.py).
"""

import jsonschema

_TEXT, _FLAG = {"type": "string", "minLength": 1}, {"type": "boolean"}
_COUNT, _SHARE = {"type": "integer", "minimum": 0}, {"type": "number", "minimum": 0}
#: Of Go: of more than an hour it knows no unit.
_DURATION = {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(h|m|s|ms))+$"}
_NAMES = {"type": "array", "items": _TEXT, "uniqueItems": True}
_BUCKETS = {"type": "array", "items": {"type": "number"}}
_ADDRESS = {"type": "string", "pattern": r"^[0-9.]+:[0-9]{1,5}$"}
_PATH = {"type": "string", "pattern": "^/."}


def _keys(*required: str, **known: dict) -> dict:
    return {"type": "object", "properties": known, "required": list(required), "additionalProperties": False}


def _list(items: dict) -> dict:
    return {"type": "array", "items": items}


_COMPACTION = _keys(
    compaction_window=_DURATION,
    max_compaction_objects=_COUNT,
    max_block_bytes=_COUNT,
    block_retention=_DURATION,
    compacted_block_retention=_DURATION,
    retention_concurrency=_COUNT,
    max_time_per_tenant=_DURATION,
    compaction_cycle=_DURATION,
)
_WAL = _keys(path=_PATH, ingestion_time_range_slack=_DURATION)
_FILTERS = _list({"type": "object"})
_SPAN_METRICS = _keys(
    histogram_buckets=_BUCKETS,
    intrinsic_dimensions={"type": "object", "additionalProperties": _FLAG},
    dimensions=_NAMES,
    dimension_mappings=_list(_keys("name", "source_labels", name=_TEXT, source_labels=_NAMES, join={"type": "string"})),
    enable_target_info=_FLAG,
    target_info_excluded_dimensions=_NAMES,
    enable_instance_label=_FLAG,
    span_multiplier_key=_TEXT,
    filter_policies=_FILTERS,
)
_SERVICE_GRAPHS = _keys(
    wait=_DURATION,
    max_items=_COUNT,
    workers=_COUNT,
    histogram_buckets=_BUCKETS,
    dimensions=_NAMES,
    peer_attributes=_NAMES,
    enable_client_server_prefix=_FLAG,
    enable_messaging_system_latency_histogram=_FLAG,
    enable_virtual_node_label=_FLAG,
    span_multiplier_key=_TEXT,
    database_name_attributes=_NAMES,
    filter_policies=_FILTERS,
)
#: Of Prometheus.
_REMOTE_WRITE = _keys(
    "url",
    url={"type": "string", "pattern": "^https?://.+/api/v1/receive$"},
    name=_TEXT,
    remote_timeout=_DURATION,
    headers={"type": "object", "additionalProperties": _TEXT},
    send_exemplars=_FLAG,
    send_native_histograms=_FLAG,
    queue_config=_keys(
        capacity=_COUNT,
        max_shards=_COUNT,
        min_shards=_COUNT,
        max_samples_per_send=_COUNT,
        batch_send_deadline=_DURATION,
        min_backoff=_DURATION,
        max_backoff=_DURATION,
        retry_on_http_429=_FLAG,
    ),
)
_S3 = _keys(
    "bucket",
    "endpoint",
    bucket=_TEXT,
    prefix=_TEXT,
    # Without a scheme: "Endpoint url cannot have fully qualified paths".
    endpoint={"type": "string", "pattern": r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$"},
    region=_TEXT,
    access_key=_TEXT,
    secret_key=_TEXT,
    insecure=_FLAG,
    forcepathstyle=_FLAG,
    hedge_requests_at=_DURATION,
    hedge_requests_up_to=_COUNT,
    storage_class=_TEXT,
    list_blocks_concurrency=_COUNT,
)
_OVERRIDES = _keys(
    "ingestion",
    "metrics_generator",
    ingestion=_keys(
        "rate_limit_bytes",
        "burst_size_bytes",
        rate_strategy={"enum": ["local", "global"]},
        rate_limit_bytes=_COUNT,
        burst_size_bytes=_COUNT,
        max_traces_per_user=_COUNT,
        max_global_traces_per_user=_COUNT,
        max_attribute_bytes=_COUNT,
        retry_info_enabled=_FLAG,
    ),
    read=_keys(
        max_bytes_per_tag_values_query=_COUNT,
        max_blocks_per_tag_values_query=_COUNT,
        max_search_duration=_DURATION,
        max_metrics_duration=_DURATION,
        left_pad_trace_ids=_FLAG,
    ),
    compaction=_keys(block_retention=_DURATION, compaction_window=_DURATION, compaction_disabled=_FLAG),
    metrics_generator=_keys(
        "processors",
        # Tempo accepts any name, and makes nothing of one that it does not know.
        processors={
            "type": "array",
            "items": {"enum": ["service-graphs", "span-metrics", "host-info"]},
            "minItems": 1,
            "uniqueItems": True,
        },
        max_active_series=_COUNT,
        collection_interval=_DURATION,
        disable_collection=_FLAG,
        generate_native_histograms={"enum": ["classic", "native", "both"]},
        trace_id_label_name=_TEXT,
        ingestion_time_range_slack=_DURATION,
        max_cardinality_per_label=_COUNT,
        remote_write_headers={"type": "object", "additionalProperties": _TEXT},
        processor=_keys(service_graphs=_SERVICE_GRAPHS, span_metrics=_SPAN_METRICS),
    ),
    **{"global": _keys(max_bytes_per_trace=_COUNT)},
)
_RECEIVERS = _keys(
    "otlp",
    otlp=_keys(
        "protocols",
        protocols=_keys(
            "grpc",
            "http",
            grpc=_keys("endpoint", endpoint=_ADDRESS, max_recv_msg_size_mib=_COUNT),
            http=_keys("endpoint", endpoint=_ADDRESS, max_request_body_size=_COUNT),
        ),
    ),
)
SCHEMA = _keys(
    "target",
    "storage",
    "distributor",
    "metrics_generator",
    "overrides",
    "usage_report",
    target={"const": "all"},
    multitenancy_enabled={"const": False},
    stream_over_http_enabled=_FLAG,
    http_api_prefix=_TEXT,
    memory=_keys(automemlimit_enabled=_FLAG, automemlimit_ratio=_SHARE),
    server=_keys(
        http_listen_address=_TEXT,
        http_listen_port=_COUNT,
        grpc_listen_address=_TEXT,
        grpc_listen_port=_COUNT,
        graceful_shutdown_timeout=_DURATION,
        http_server_read_timeout=_DURATION,
        http_server_write_timeout=_DURATION,
        grpc_server_max_recv_msg_size=_COUNT,
        grpc_server_max_send_msg_size=_COUNT,
        log_format={"enum": ["logfmt", "json"]},
        log_level={"enum": ["debug", "info", "warn", "error"]},
    ),
    distributor=_keys(
        "receivers",
        receivers=_RECEIVERS,
        max_attribute_bytes=_COUNT,
        retry_after_on_resource_exhausted=_DURATION,
    ),
    query_frontend=_keys(
        max_outstanding_per_tenant=_COUNT,
        max_retries=_COUNT,
        query_end_cutoff=_DURATION,
        search=_keys(
            concurrent_jobs=_COUNT,
            target_bytes_per_job=_COUNT,
            default_result_limit=_COUNT,
            max_result_limit=_COUNT,
            max_duration=_DURATION,
            query_backend_after=_DURATION,
        ),
        metrics=_keys(
            concurrent_jobs=_COUNT,
            target_bytes_per_job=_COUNT,
            max_duration=_DURATION,
            query_backend_after=_DURATION,
            max_exemplars=_COUNT,
        ),
    ),
    querier=_keys(
        search=_keys(query_timeout=_DURATION),
        trace_by_id=_keys(query_timeout=_DURATION),
        max_concurrent_queries=_COUNT,
    ),
    live_store=_keys(
        "wal",
        "shutdown_marker_dir",
        wal=_WAL,
        shutdown_marker_dir=_PATH,
        complete_block_timeout=_DURATION,
        complete_block_concurrency=_COUNT,
        flush_check_period=_DURATION,
        max_trace_live=_DURATION,
        max_trace_idle=_DURATION,
        max_live_traces_bytes=_COUNT,
        max_block_duration=_DURATION,
        max_block_bytes=_COUNT,
    ),
    backend_scheduler=_keys(
        local_work_path=_PATH,
        maintenance_interval=_DURATION,
        job_timeout=_DURATION,
        provider=_keys(
            retention=_keys(interval=_DURATION),
            compaction=_keys(measure_interval=_DURATION, compaction=_COMPACTION, max_jobs_per_tenant=_COUNT),
        ),
    ),
    backend_worker=_keys(
        "compaction",
        finish_on_shutdown_timeout=_DURATION,
        # Retention acts here; the scheduler's copy does nothing.
        compaction={**_COMPACTION, "required": ["block_retention"]},
    ),
    metrics_generator=_keys(
        "storage",
        registry=_keys(
            collection_interval=_DURATION,
            stale_duration=_DURATION,
            external_labels={"type": "object", "additionalProperties": _TEXT},
            max_label_name_length=_COUNT,
            max_label_value_length=_COUNT,
        ),
        processor=_keys(service_graphs=_SERVICE_GRAPHS, span_metrics=_SPAN_METRICS),
        metrics_ingestion_time_range_slack=_DURATION,
        # Without a path Tempo warns, is ready, and makes no metrics.
        storage=_keys(
            "path",
            "remote_write",
            path=_PATH,
            remote_write_flush_deadline=_DURATION,
            remote_write_add_org_id_header=_FLAG,
            remote_write={**_list(_REMOTE_WRITE), "minItems": 1},
        ),
    ),
    storage=_keys(
        "trace",
        trace=_keys(
            "backend",
            "s3",
            "wal",
            backend={"const": "s3"},
            s3=_S3,
            wal=_WAL,
            block=_keys(version={"enum": ["vParquet4", "vParquet5"]}, bloom_filter_false_positive=_SHARE),
            blocklist_poll=_DURATION,
            blocklist_poll_concurrency=_COUNT,
        ),
    ),
    # No file of overrides by tenant: what it leaves out is 0, and Tempo ends with code 0 if it is not there.
    overrides=_keys("defaults", defaults=_OVERRIDES),
    usage_report=_keys("reporting_enabled", reporting_enabled={"const": False}),
)


def problems(config: object) -> list[str]:
    """What is wrong with a tempo.yaml, each with its path."""
    found = jsonschema.Draft202012Validator(SCHEMA).iter_errors(config)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in found]
