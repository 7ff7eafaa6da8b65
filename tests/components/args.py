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
    "region": "eu",
    "routers": 2,
    "ingesters": 3,
    "replication_factor": 3,
    "storage": "50Gi",
    "tsdb_retention": "24h",
    "router_resources": RESOURCES,
    "ingester_resources": RESOURCES,
    "service_account": "ingester",
    "role_arn": "arn:aws:iam::111111111111:role/ingester",
    "objstore_secret": "objstore",
    "load_balancer": None,
}
QUERY = {
    "namespace": "observability",
    "replicas": 2,
    "resources": RESOURCES,
    "endpoints": [{"address": "dnssrv+_grpc._tcp.ingester.observability.svc", "strict": False}],
    "response_timeout": None,
    "load_balancer": None,
}
ARGS = {"ObjectStore": STORE, "Query": QUERY, "Receive": RECEIVE}
