"""Prometheus: the servers of the central cluster, which watch the stack itself and not the edges.

Each scrapes everything and they do not know of each other. Configuration and rules are read once: a change rolls the
pods, one after the other.
"""

from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s

import labels
import versions
from render import prometheus, thanos_flags

from . import _config, _probes, _service, _volumes, _workload
from ._manifest import Manifest, given
from ._workload import OBJSTORE_DIR, OBJSTORE_FILE, POD_NAME, ContainerResources, GrpcTls, Part

COMPONENT = APP = "prometheus"
PORTS = {"http": prometheus.HTTP_PORT}
# A port's name occurs once in a pod, and `http` is Prometheus's own.
SIDECAR_PORTS = {"grpc": thanos_flags.GRPC_PORT, "metrics": thanos_flags.HTTP_PORT}
DATA_DIR = "/data"
CONFIG_DIR, CONFIG_FILE = "/etc/prometheus/config", "prometheus.yml"
RULES_DIR = "/etc/prometheus/rules"
MODES = ("sidecar", "remoteWrite")
#: More than Thanos's own two minutes for requests in flight. A write-ahead log that was cut off is replayed.
GRACE_SECONDS = 300
#: Prometheus replays its write-ahead log before it is ready; killing it half-way would start that over.
REPLAY_SECONDS = 1800
#: Query looks the sidecars up every 10 s: in a rollout it finds the first again before the next one stops.
MIN_READY_SECONDS = 30


class PrometheusArgs(TypedDict):
    """How the servers run, and where their samples go."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace, whose pods are scraped."""
    priority_class: pulumi.Input[str]
    """The pods' PriorityClass."""
    region: str
    """Value of the external label `region`."""
    mode: str
    """sidecar: blocks are uploaded, and Query asks the sidecars; remoteWrite: samples go to Receive."""
    replicas: int
    """Number of pods; each scrapes everything."""
    scrape_interval: str
    """How often pods are scraped and rules evaluated, e.g. 30s."""
    retention: str
    """How long blocks are kept locally, e.g. 24h."""
    storage: str
    """Size of each volume, e.g. 50Gi; it can grow and not shrink."""
    storage_class: str | None
    """Of the volumes; null: the cluster's default."""
    resources: ContainerResources
    """What each Prometheus requests."""
    sidecar: ContainerResources
    """What each sidecar requests; used in mode sidecar."""
    rules: dict[str, str]
    """Rule files: YAML by file name."""
    alertmanagers: list[str]
    """URLs of Alertmanagers."""
    service_account: str
    """Name of the pods' service account, which is made here."""
    role_arn: pulumi.Input[str] | None
    """The IAM role of that service account; used in mode sidecar."""
    objstore_secret: pulumi.Input[str] | None
    """Name of the Secret with objstore.yml; used in mode sidecar. A new name rolls the pods."""
    remote_write_url: pulumi.Input[str] | None
    """Where samples are sent; used in mode remoteWrite."""
    tls: GrpcTls | None
    """TLS of the sidecars' Store APIs; null: plain text."""


class Prometheus(pulumi.ComponentResource):
    """A StatefulSet of Prometheus servers, with or without sidecars, its Service, and leave to list its pods."""

    http_url: pulumi.Output[str]
    """http://host:port of the servers' UI and API, any of them, inside the cluster."""
    grpc_endpoint: pulumi.Output[str]
    """The sidecars' Store APIs, as one DNS name for Query. In mode remoteWrite there are none: the name is the same
    and finds nothing, so Query is not given it. It is never empty, as an empty address would be one more case for all
    who read it."""

    def __init__(self, name: str, args: PrometheusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Prometheus", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        if args["mode"] not in MODES:
            raise ValueError(f"mode is {args['mode']!r} and must be one of {', '.join(MODES)}: nothing else is known")
        sidecar = args["mode"] == "sidecar"
        part = Part(labels.safe_name(name, limit=labels.STATEFUL_SET_NAME), args["namespace"], COMPONENT, name, app=APP)

        ports = {**PORTS, "grpc": SIDECAR_PORTS["grpc"]} if sidecar else PORTS
        service = _service.headless(part, ports, child)
        account = _workload.account(
            part, args.get("role_arn") if sidecar else None, child, name=args["service_account"]
        )
        self._leave_to_list_pods(part, account, child)
        self._stateful_set(part, args, service.metadata["name"], account, child)
        _workload.disruption_budget(part, 1, child)

        host = _service.host(service)
        self.http_url = pulumi.Output.concat("http://", host, f":{PORTS['http']}")
        self.grpc_endpoint = pulumi.Output.concat("dnssrv+_grpc._tcp.", host)
        self.register_outputs({"http_url": self.http_url, "grpc_endpoint": self.grpc_endpoint})

    def _leave_to_list_pods(self, part: Part, account: pulumi.Input[str], child: pulumi.ResourceOptions) -> None:
        role = k8s.rbac.v1.Role(
            part.name,
            metadata=part.metadata(),
            rules=[{"api_groups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}],
            opts=child,
        )
        k8s.rbac.v1.RoleBinding(
            part.name,
            metadata=part.metadata(),
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": role.metadata["name"]},
            subjects=[{"kind": "ServiceAccount", "name": account, "namespace": part.namespace}],
            opts=child,
        )

    def _stateful_set(
        self,
        part: Part,
        args: PrometheusArgs,
        service: pulumi.Input[str],
        account: pulumi.Input[str],
        child: pulumi.ResourceOptions,
    ) -> None:
        containers = [self._prometheus(args)]
        volumes = [
            _workload.config_volume("config", self._configuration(part, args, child)),
            _workload.config_volume("rules", _config.hashed_config_map(part, "rules", args["rules"], child)),
        ]
        if args["mode"] == "sidecar":
            containers.append(self._sidecar(args))
            volumes += [
                _workload.secret_volume(
                    "objstore", given(args["objstore_secret"], "mode sidecar needs objstore_secret")
                ),
                *_workload.tls_volumes(args.get("tls")),
            ]
        template = _workload.pod_template(
            part,
            containers,
            account=account,
            priority_class=args["priority_class"],
            terminationGracePeriodSeconds=GRACE_SECONDS,
            # It asks the API server which pods there are.
            automountServiceAccountToken=True,
            volumes=volumes,
        )
        _volumes.stateful_set(
            part,
            service=service,
            replicas=int(args["replicas"]),
            template=template,
            storage=args["storage"],
            storage_class=args.get("storage_class"),
            parent=self,
            # One that does not come up must not keep the other from being made.
            podManagementPolicy="Parallel",
            minReadySeconds=MIN_READY_SECONDS,
        )

    def _prometheus(self, args: PrometheusArgs) -> Manifest:
        return _workload.container(
            "prometheus",
            versions.PROMETHEUS,
            prometheus.flags(
                config_file=f"{CONFIG_DIR}/{CONFIG_FILE}",
                data_dir=DATA_DIR,
                retention=args["retention"],
                uploads=args["mode"] == "sidecar",
            ),
            PORTS,
            args["resources"],
            _probes.http(startup_seconds=REPLAY_SECONDS),
            env=[POD_NAME],
            # The sidecar answers with its help.
            lifecycle=_workload.drain(_workload.LEAVE_SECONDS),
            volumeMounts=[
                {"name": _volumes.VOLUME, "mountPath": DATA_DIR},
                _workload.mount("config", CONFIG_DIR),
                _workload.mount("rules", RULES_DIR),
            ],
        )

    def _sidecar(self, args: PrometheusArgs) -> Manifest:
        tls = args.get("tls")
        return _workload.container(
            "sidecar",
            versions.THANOS,
            thanos_flags.sidecar(
                data_dir=DATA_DIR,
                prometheus_url=f"http://localhost:{PORTS['http']}",
                ready_timeout=f"{REPLAY_SECONDS}s",
                objstore_file=OBJSTORE_FILE,
                tls=tls["server_name"] if tls else None,
            ),
            SIDECAR_PORTS,
            args["sidecar"],
            # It is ready once Prometheus is.
            _probes.http("metrics", startup_seconds=REPLAY_SECONDS),
            lifecycle=_workload.drain(_workload.LEAVE_SECONDS),
            volumeMounts=[
                {"name": _volumes.VOLUME, "mountPath": DATA_DIR},
                _workload.mount("objstore", OBJSTORE_DIR),
                *_workload.tls_mounts(tls),
            ],
        )

    def _configuration(self, part: Part, args: PrometheusArgs, child: pulumi.ResourceOptions) -> pulumi.Output[str]:
        url = args.get("remote_write_url") if args["mode"] == "remoteWrite" else None
        document = pulumi.Output.from_input(url).apply(
            lambda url: prometheus.document(
                region=args["region"],
                scrape_interval=args["scrape_interval"],
                rule_files=[f"{RULES_DIR}/{name}" for name in sorted(args["rules"])],
                alertmanagers=args["alertmanagers"],
                remote_write_url=url,
            )
        )
        return _config.hashed_config_map(part, "config", {CONFIG_FILE: document}, child)
