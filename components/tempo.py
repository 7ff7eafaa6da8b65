"""Tempo: takes traces, keeps them in its own bucket, answers for them, and makes metrics of them.

One process does everything. Two would each schedule the same bucket's compactions; more than one needs Kafka
(docs/adr/0015-one-tempo-per-region.md).
"""

from dataclasses import replace
from typing import TypedDict

import pulumi

import labels
import versions
from render import tempo

from . import _config, _probes, _service, _volumes, _workload
from ._service import InternalLoadBalancer
from ._workload import ContainerResources, Part

COMPONENT = "tempo"
HTTP = {"http": tempo.HTTP_PORT}
PORTS = {**HTTP, "otlp-grpc": tempo.OTLP_GRPC_PORT, "otlp-http": tempo.OTLP_HTTP_PORT}
DATA_DIR = "/var/tempo"
CONFIG_DIR, CONFIG_FILE = "/etc/tempo", "tempo.yaml"
#: A sound stop takes up to 10 s (`tempo.SHUTDOWN_TIMEOUT`) and a little. After a query of the last half minute Tempo
#: hangs instead (grafana/tempo#7967), and nobody takes traces until it is killed; what it has taken is on the volume.
GRACE_SECONDS = 30


class TraceLimits(TypedDict):
    """What Tempo takes, of all senders together."""

    bytes_per_second: int
    """More is refused, and senders try again."""
    burst_bytes: int
    """Taken at once; one push that is larger is always refused."""
    trace_bytes: int
    """Of one trace."""
    live_traces: int
    """Traces that still get spans."""


class SpanMetrics(TypedDict):
    """Metrics that are made of spans."""

    max_active_series: int
    """What more spans would make is dropped."""
    dimensions: list[str]
    """Attributes of spans that become labels."""


class TempoArgs(TypedDict):
    """Where traces are kept, how long, and how many."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace."""
    priority_class: pulumi.Input[str]
    """The pod's PriorityClass."""
    region: str
    """Label `region` of the metrics that it makes."""
    retention: str
    """How long traces are kept, in hours, e.g. 336h."""
    limits: TraceLimits
    """What is taken."""
    metrics_generator: SpanMetrics
    """What is made of it."""
    max_request_bytes: int
    """Of one push."""
    remote_write_url: pulumi.Input[str]
    """Where its metrics go to."""
    bucket: pulumi.Input[str]
    """Its bucket, in which nobody else writes."""
    endpoint: str
    """host or host:port of the S3 API."""
    aws_region: str
    """The bucket's AWS region."""
    insecure: bool
    """The endpoint speaks plain HTTP."""
    access_key: pulumi.Input[str] | None
    """Static key of an S3-compatible store; null: the IAM role."""
    secret_key: pulumi.Input[str] | None
    """Its secret half."""
    storage: str
    """Size of the volume, e.g. 50Gi; it can grow and not shrink."""
    storage_class: str | None
    """Of the volume; null: the cluster's default."""
    resources: ContainerResources
    """What the pod requests."""
    service_account: str
    """Name of its service account, which is made here."""
    role_arn: pulumi.Input[str] | None
    """The IAM role of that service account, which may delete."""
    load_balancer: InternalLoadBalancer | None
    """Of the HTTP API; null: reachable inside the cluster only."""


class Tempo(pulumi.ComponentResource):
    """A StatefulSet of exactly one Tempo and its Services."""

    otlp_host: pulumi.Output[str]
    """The name under which it takes OTLP, inside the cluster and without asking who sends."""
    http_url: pulumi.Output[str]
    """http://host:port of its query API, by the load balancer if there is one."""
    cluster_http_url: pulumi.Output[str]
    """The same for the pods of the cluster, who need no load balancer."""

    def __init__(self, name: str, args: TempoArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Tempo", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        part = Part(
            labels.safe_name(name, limit=labels.STATEFUL_SET_NAME), args["namespace"], COMPONENT, name, app="tempo"
        )

        service = _service.headless(part, PORTS, child)
        self._stateful_set(part, args, service.metadata["name"], child)
        # A budget that let no pod go would stop every drain of its node.
        _workload.disruption_budget(part, 1, child)
        balancer = args.get("load_balancer")
        if balancer:
            # One of its own: traces come in by the gateway, where they are asked for a token.
            own = replace(part, name=labels.safe_name(name, "api", limit=labels.SERVICE_NAME))
            _service.balanced(own, HTTP, balancer, child)

        self.otlp_host = _service.host(service)
        self.http_url = pulumi.Output.concat("http://", _service.host(service, balancer), f":{tempo.HTTP_PORT}")
        self.cluster_http_url = pulumi.Output.concat("http://", self.otlp_host, f":{tempo.HTTP_PORT}")
        self.register_outputs(
            {"otlp_host": self.otlp_host, "http_url": self.http_url, "cluster_http_url": self.cluster_http_url}
        )

    def _stateful_set(
        self, part: Part, args: TempoArgs, service: pulumi.Input[str], child: pulumi.ResourceOptions
    ) -> None:
        container = _workload.container(
            COMPONENT,
            versions.TEMPO,
            tempo.flags(config_file=f"{CONFIG_DIR}/{CONFIG_FILE}"),
            PORTS,
            args["resources"],
            # While it is not ready it may still work: only a server that does not answer at all is restarted.
            _probes.http(ready="/ready", healthy="/status/version"),
            volumeMounts=[
                {"name": _volumes.VOLUME, "mountPath": DATA_DIR},
                _workload.mount("config", CONFIG_DIR),
            ],
        )
        template = _workload.pod_template(
            part,
            [container],
            account=_workload.account(part, args.get("role_arn"), child, name=args["service_account"]),
            priority_class=args["priority_class"],
            terminationGracePeriodSeconds=GRACE_SECONDS,
            volumes=[_workload.secret_volume("config", _config_secret(part, args, child))],
        )
        _volumes.stateful_set(
            part,
            service=service,
            replicas=1,
            template=template,
            storage=args["storage"],
            storage_class=args.get("storage_class"),
            parent=self,
        )


def _config_secret(part: Part, args: TempoArgs, child: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """The name of the Secret with tempo.yaml, which may have the keys of the bucket in it."""
    limits, generator = args["limits"], args["metrics_generator"]
    document = pulumi.Output.all(
        bucket=args["bucket"],
        access_key=args.get("access_key"),
        secret_key=args.get("secret_key"),
        remote_write_url=args["remote_write_url"],
    ).apply(
        lambda known: tempo.document(
            region=args["region"],
            data_dir=DATA_DIR,
            retention=args["retention"],
            endpoint=args["endpoint"],
            aws_region=args["aws_region"],
            insecure=bool(args["insecure"]),
            limits={
                "bytes_per_second": int(limits["bytes_per_second"]),
                "burst_bytes": int(limits["burst_bytes"]),
                "trace_bytes": int(limits["trace_bytes"]),
                "live_traces": int(limits["live_traces"]),
            },
            max_active_series=int(generator["max_active_series"]),
            dimensions=generator["dimensions"],
            max_request_bytes=int(args["max_request_bytes"]),
            **known,
        )
    )
    return _config.revised_secret(part, "config", {CONFIG_FILE: document}, child)
