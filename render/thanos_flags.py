"""The flags of each Thanos process, one function per role (those on blocks: `history_flags`).

A flag that equals Thanos's default is left out.

`tls` is the name in every certificate, or None for plain text; the files are in `TLS_DIR`.
"""

from collections.abc import Sequence

from render import hashring, units

HTTP_PORT = 10902
GRPC_PORT = 10901
REMOTE_WRITE_PORT, REMOTE_WRITE_PATH = 19291, "/api/v1/receive"
CAPNPROTO_PORT = 19391
#: Labels that tell copies of a series apart; queries drop them: of Receive, of pairs of Prometheus servers, of Rulers.
REPLICA_LABELS = ("receive_replica", "prometheus_replica", "ruler_replica")
#: Receive puts it on every series.
TENANT_LABEL = "tenant_id"
TLS_DIR = "/etc/thanos/tls"
TLS_CERT, TLS_KEY, TLS_CA = f"{TLS_DIR}/tls.crt", f"{TLS_DIR}/tls.key", f"{TLS_DIR}/ca.crt"

# Without it Go collects garbage too late for the container's memory limit.
COMMON = ("--enable-auto-gomemlimit",)


def external_labels(region: str, replica: str) -> list[str]:
    """What parts the blocks and series of this process from those of others."""
    # $(POD_NAME) is filled in by Kubernetes.
    return [f'--label=region="{region}"', f'--label={replica}="$(POD_NAME)"']


def grpc_server(tls: str | None) -> list[str]:
    """A gRPC server that demands a certificate of the same authority; nothing without TLS."""
    if not tls:
        return []
    return [
        f"--grpc-server-tls-cert={TLS_CERT}",
        f"--grpc-server-tls-key={TLS_KEY}",
        f"--grpc-server-tls-client-ca={TLS_CA}",
    ]


def receive_router(
    *,
    region: str,
    hashring_file: str,
    limits_file: str,
    replication_factor: int,
    replication_protocol: str = "protobuf",
    tls: str | None = None,
) -> list[str]:
    """A receiver with a ring and no local endpoint: it only forwards. It must have labels all the same."""
    flags = [
        "receive",
        *COMMON,
        *external_labels(region, REPLICA_LABELS[0]),
        *grpc_server(tls),
        f"--receive.hashrings-file={hashring_file}",
        # Its watch of the file may end with the first change of the volume (seen with 0.42.5), and the default is 5m.
        "--receive.hashrings-file-refresh-interval=15s",
        f"--receive.hashrings-algorithm={hashring.ALGORITHM}",
        f"--receive.limits-config-file={limits_file}",
        f"--receive.replication-factor={replication_factor}",
        f"--receive.replication-protocol={replication_protocol}",
    ]
    if tls:
        flags += [
            "--remote-write.client-tls-secure",
            f"--remote-write.client-tls-cert={TLS_CERT}",
            f"--remote-write.client-tls-key={TLS_KEY}",
            f"--remote-write.client-tls-ca={TLS_CA}",
            f"--remote-write.client-server-name={tls}",
        ]
    return flags


def receive_ingester(
    *,
    region: str,
    data_dir: str,
    retention: str,
    objstore_file: str,
    out_of_order_window: str = "0s",
    max_exemplars: int = 0,
    tls: str | None = None,
) -> list[str]:
    """A receiver without a ring: it only stores, and uploads a block every two hours."""
    flags = [
        "receive",
        *COMMON,
        *external_labels(region, REPLICA_LABELS[0]),
        *grpc_server(tls),
        f"--tsdb.path={data_dir}",
        f"--tsdb.retention={retention}",
        f"--objstore.config-file={objstore_file}",
    ]
    if max_exemplars:
        flags.append(f"--tsdb.max-exemplars={max_exemplars}")
    if units.duration(out_of_order_window):
        # Blocks of late samples overlap others; the Compactor merges them.
        flags.append(f"--tsdb.out-of-order.time-window={out_of_order_window}")
    return flags


def sidecar(
    *,
    data_dir: str,
    prometheus_url: str,
    ready_timeout: str,
    objstore_file: str | None = None,
    tls: str | None = None,
) -> list[str]:
    """Beside a Prometheus: answers queries from its head and, with an object store, uploads its blocks.

    It ends if Prometheus is not ready after `ready_timeout`, e.g. 30m.
    """
    flags = [
        "sidecar",
        *COMMON,
        *grpc_server(tls),
        f"--tsdb.path={data_dir}",
        f"--prometheus.url={prometheus_url}",
        f"--prometheus.ready_timeout={ready_timeout}",
    ]
    if objstore_file:
        flags.append(f"--objstore.config-file={objstore_file}")
    return flags


def query(*, endpoints_file: str, response_timeout: str | None = None, tls: str | None = None) -> list[str]:
    """A Query over the endpoints of a file. `response_timeout` drops an endpoint that sends nothing for so long.

    There is no --selector-label=region: with it Query removes the region's matchers before it asks, and refuses a query
    that has no other ("no matchers specified"), e.g. {region="eu"}. The ingesters' own label says the region.
    """
    flags = [
        "query",
        *COMMON,
        *grpc_server(tls),
        # A Query above keeps its connections; without an end to them it would never find new pods.
        "--grpc-server-max-connection-age=5m",
        f"--endpoint.sd-config-file={endpoints_file}",
        "--endpoint.sd-config-reload-interval=1m",
        # Restarted ingesters have a new address.
        "--store.sd-dns-interval=10s",
        *(f"--query.replica-label={label}" for label in REPLICA_LABELS),
        # Copies of Receive have equal timestamps. The default, penalty, is made for servers that scrape at different
        # times: when an ingester dies it leaves out two samples before it trusts another copy (measured: a gap of 15 s
        # at a 5 s interval, with every sample stored twice). The price: the samples of a pair of Prometheus servers
        # are interleaved, not merged.
        "--deduplication.func=chain",
        "--query.auto-downsampling",
        "--query.partial-response",
    ]
    if response_timeout:
        flags.append(f"--store.response-timeout={response_timeout}")
    return flags


def query_frontend(
    *,
    downstream_url: str,
    tripper_file: str,
    range_cache_file: str,
    labels_cache_file: str,
    min_split_interval: str,
    max_split_interval: str,
    cache_freshness: str,
    log_queries_longer_than: str,
    vertical_shards: int = 0,
) -> list[str]:
    """The Query Frontend: splits ranges, caches the parts, and logs slow queries with their statistics.

    Parts are as long as the range that is asked for, within the bounds. The ends of parts are multiples of their length
    since 1970, so a range makes two parts, hardly more queries than without, and what is cached under one key grows to
    no more than a range. Parts of one length for all are either too many for two weeks (every part of a block reads
    nearly the whole block) or too long for six hours (docs/query-path.md).
    """
    flags = [
        "query-frontend",
        *COMMON,
        f"--query-frontend.downstream-url={downstream_url}",
        f"--query-frontend.downstream-tripper-config-file={tripper_file}",
        "--query-range.split-interval=0s",
        f"--query-range.min-split-interval={min_split_interval}",
        f"--query-range.max-split-interval={max_split_interval}",
        "--query-range.horizontal-shards=1",
        f"--query-range.response-cache-config-file={range_cache_file}",
        f"--query-range.response-cache-max-freshness={cache_freshness}",
        # Dashboards that are opened a few seconds apart then share their parts.
        "--query-range.align-range-with-step",
        f"--labels.split-interval={max_split_interval}",
        f"--labels.response-cache-config-file={labels_cache_file}",
        f"--labels.response-cache-max-freshness={cache_freshness}",
        "--cache-compression-type=snappy",
        f"--query-frontend.log-queries-longer-than={log_queries_longer_than}",
        "--query-frontend.force-query-stats",
    ]
    if vertical_shards:
        flags.append(f"--query-frontend.vertical-shards={vertical_shards}")
    return flags


def rule(
    *,
    region: str,
    data_dir: str,
    rule_files: Sequence[str],
    query_url: str,
    evaluation_interval: str,
    alertmanagers: Sequence[str] = (),
    alert_query_url: str,
    objstore_file: str | None = None,
    remote_write_file: str | None = None,
    tls: str | None = None,
) -> list[str]:
    """A Ruler: stateful with an object store, stateless with a remote-write file.

    Alerts lose the replica label, so that Alertmanager sees those of two Rulers as one.
    """
    flags = [
        "rule",
        *COMMON,
        *external_labels(region, REPLICA_LABELS[2]),
        *grpc_server(tls),
        f"--data-dir={data_dir}",
        *(f"--rule-file={path}" for path in rule_files),
        f"--query={query_url}",
        f"--eval-interval={evaluation_interval}",
        f"--alert.query-url={alert_query_url}",
        f"--alert.label-drop={REPLICA_LABELS[2]}",
        *(f"--alertmanagers.url={url}" for url in alertmanagers),
    ]
    if objstore_file:
        flags.append(f"--objstore.config-file={objstore_file}")
    if remote_write_file:
        # After a restart `for` goes on where it was: by the series ALERTS_FOR_STATE, which come back from Receive with
        # two labels that an alert over an aggregation (`by (cluster)`) lacks. An alert that has them starts anew.
        flags += [
            f"--remote-write.config-file={remote_write_file}",
            "--restore-ignored-label=region",
            f"--restore-ignored-label={TENANT_LABEL}",
        ]
    return flags
