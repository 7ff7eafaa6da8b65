"""The flags of each Thanos process, one function per role. A flag that equals Thanos's default is left out."""

from render import hashring

HTTP_PORT = 10902
GRPC_PORT = 10901
REMOTE_WRITE_PORT = 19291
#: Labels that tell copies of a series apart; queries drop them. The second comes from pairs of Prometheus servers.
REPLICA_LABELS = ("receive_replica", "prometheus_replica")

# Without it Go collects garbage too late for the container's memory limit.
_COMMON = ("--enable-auto-gomemlimit",)


def _external_labels(region: str) -> list[str]:
    # $(POD_NAME) is filled in by Kubernetes. The pod's name is stable for an ingester: its blocks keep their label.
    return [f'--label=region="{region}"', f'--label={REPLICA_LABELS[0]}="$(POD_NAME)"']


def receive_router(*, region: str, hashring_file: str, replication_factor: int) -> list[str]:
    """A receiver with a ring and no local endpoint: it only forwards. It must have labels all the same."""
    return [
        "receive",
        *_COMMON,
        *_external_labels(region),
        f"--receive.hashrings-file={hashring_file}",
        f"--receive.hashrings-algorithm={hashring.ALGORITHM}",
        f"--receive.replication-factor={replication_factor}",
    ]


def receive_ingester(*, region: str, data_dir: str, retention: str, objstore_file: str) -> list[str]:
    """A receiver without a ring: it only stores, and uploads a block every two hours."""
    return [
        "receive",
        *_COMMON,
        *_external_labels(region),
        f"--tsdb.path={data_dir}",
        f"--tsdb.retention={retention}",
        f"--objstore.config-file={objstore_file}",
    ]


def query(*, endpoints_file: str, response_timeout: str | None = None) -> list[str]:
    """A Query over the endpoints of a file. `response_timeout` drops an endpoint that sends nothing for so long.

    There is no --selector-label=region: with it Query removes the region's matchers before it asks, and refuses a query
    that has no other ("no matchers specified"), e.g. {region="eu"}. The ingesters' own label says the region.
    """
    flags = [
        "query",
        *_COMMON,
        f"--endpoint.sd-config-file={endpoints_file}",
        "--endpoint.sd-config-reload-interval=1m",
        # Restarted ingesters have a new address.
        "--store.sd-dns-interval=10s",
        *(f"--query.replica-label={label}" for label in REPLICA_LABELS),
        # Copies of Receive have equal timestamps. The default, penalty, is made for servers that scrape at different
        # times: when an ingester dies it leaves out two samples before it trusts another copy (measured: a gap of 15 s
        # at a 5 s interval, with every sample stored twice). The price: the samples of a pair of Prometheus servers
        # that both write are interleaved, not merged.
        "--deduplication.func=chain",
        "--query.auto-downsampling",
        "--query.partial-response",
    ]
    if response_timeout:
        flags.append(f"--store.response-timeout={response_timeout}")
    return flags
