"""Arguments with which each component can be built."""

RESOURCES = {"cpu": "100m", "memory": "128Mi", "memory_limit": None}
STORE = {
    "region": "eu",
    "purpose": "metrics",
    "bucket_prefix": "acme",
    "namespace": "observability",
    "aws_region": "eu-central-1",
    "endpoint": "s3.eu-central-1.amazonaws.com",
    "insecure": False,
    "access_key": None,
    "secret_key": None,
    "oidc_provider_arn": "arn:aws:iam::111111111111:oidc-provider/oidc.example/id/1",
    "consumers": [{"name": "ingester", "service_account": "ingester", "access": "write"}],
    "kms_key_arn": None,
    "versioning": False,
    "force_destroy": False,
    "lifecycle": {"abort_incomplete_upload_days": 3, "noncurrent_version_days": 7, "tiering_after_days": []},
}
RECEIVE = {
    "namespace": "observability",
    "priority_class": "write-path",
    "region": "eu",
    "routers": 2,
    "ingesters": 3,
    "ring": 3,
    "replication_factor": 3,
    "zones": [],
    "replication_protocol": "protobuf",
    "tenants": ["default-tenant"],
    "limits": {
        "max_concurrency": 0,
        "request": {"size_bytes": 0, "series": 5000, "samples": 10000},
        "tenants": {},
        "head_series": 0,
        "meta_monitoring_url": None,
    },
    "storage": "50Gi",
    "storage_class": None,
    "tsdb_retention": "24h",
    "out_of_order_window": "0s",
    "max_exemplars": 100000,
    "router_resources": RESOURCES,
    "ingester_resources": RESOURCES,
    "service_account": "ingester",
    "role_arn": "arn:aws:iam::111111111111:role/ingester",
    "objstore_secret": "objstore",
    "load_balancer": None,
    "tls": None,
}
QUERY = {
    "namespace": "observability",
    "priority_class": "read-path",
    "replicas": 2,
    "resources": RESOURCES,
    "endpoints": [{"address": "dnssrv+_grpc._tcp.ingester.observability.svc", "strict": False}],
    "response_timeout": None,
    "load_balancer": None,
    "tls": None,
}
NETWORK = {
    "namespace": "observability",
    "workloads": {
        "router": {"app.kubernetes.io/component": "receive-router"},
        "ingester": {"app.kubernetes.io/component": "receive-ingester"},
    },
    "paths": [
        {"source": None, "target": "router", "ports": [19291], "protocol": "TCP"},
        {"source": "router", "target": "ingester", "ports": [10901], "protocol": "TCP"},
        {"source": "ingester", "target": None, "ports": [443, 9000], "protocol": "TCP"},
        {"source": "router", "target": None, "ports": [53], "protocol": "UDP"},
    ],
}
ARGS = {"NetworkPolicies": NETWORK, "ObjectStore": STORE, "Query": QUERY, "Receive": RECEIVE}
