"""Ruler: evaluates recording and alert rules over the whole region, by asking Query.

Rules are read once: a change rolls the pods, one after the other.
"""

from dataclasses import replace
from typing import TypedDict

import pulumi

import labels
import versions
from render import remote_write, thanos_flags, units

from . import _config, _probes, _service, _volumes, _workload
from ._manifest import Manifest, given
from ._workload import OBJSTORE_DIR, OBJSTORE_FILE, POD_NAME, ContainerResources, GrpcTls, Part

COMPONENT = "ruler"
PORTS = {"grpc": thanos_flags.GRPC_PORT, "http": thanos_flags.HTTP_PORT}
DATA_DIR = "/data"
RULES_DIR = "/etc/thanos/rules"
REMOTE_WRITE_DIR, REMOTE_WRITE_FILE = "/etc/thanos/remote-write", "remote-write.yaml"
MODES = ("stateless", "stateful")


def endpoint(name: str, namespace: pulumi.Input[str]) -> pulumi.Output[str]:
    """The `grpc_endpoint` of the Ruler called `name`, before it is made: Query asks the Ruler, and the Ruler Query."""
    return pulumi.Output.concat("dnssrv+_grpc._tcp.", name, ".", namespace, ".svc")


class RulerArgs(TypedDict):
    """How Rulers run, whom they ask, and where results and alerts go."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace."""
    priority_class: pulumi.Input[str]
    """The pods' PriorityClass."""
    region: str
    """Value of the external label `region`."""
    mode: str
    """stateless: results are written to Receive; stateful: kept on a volume and uploaded."""
    replicas: int
    """Number of pods; each evaluates every rule."""
    evaluation_interval: str
    """Of groups that name none, e.g. 1m."""
    storage: str
    """Size of each volume, e.g. 10Gi; used in mode stateful."""
    storage_class: str | None
    """Of the volumes; null: the cluster's default."""
    resources: ContainerResources
    """What each pod requests."""
    rules: dict[str, str]
    """Rule files: YAML by file name."""
    query_url: pulumi.Input[str]
    """URL of the Query that is asked."""
    alertmanagers: list[str]
    """URLs of Alertmanagers."""
    alert_query_url: pulumi.Input[str]
    """URL at which a person who gets an alert finds its expression."""
    service_account: str
    """Name of the pods' service account, which is made here."""
    role_arn: pulumi.Input[str] | None
    """The IAM role of that service account; used in mode stateful."""
    objstore_secret: pulumi.Input[str] | None
    """Name of the Secret with objstore.yml; used in mode stateful. A new name rolls the pods."""
    remote_write_url: pulumi.Input[str] | None
    """Where results are sent; used in mode stateless."""
    tls: GrpcTls | None
    """TLS of its gRPC APIs; null: plain text."""


class Ruler(pulumi.ComponentResource):
    """A StatefulSet of Thanos Rulers and its Service."""

    grpc_endpoint: pulumi.Output[str]
    """The Rulers' rules APIs, and in mode stateful their Store APIs, as one DNS name for Query."""
    http_url: pulumi.Output[str]
    """http://host:port of the Rulers' UI, any of them, inside the cluster."""

    def __init__(self, name: str, args: RulerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Ruler", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        if args["mode"] not in MODES:
            raise ValueError(f"mode is {args['mode']!r} and must be one of {', '.join(MODES)}: nothing else is known")
        stateful = args["mode"] == "stateful"
        part = Part(labels.safe_name(name, limit=labels.SERVICE_NAME), args["namespace"], COMPONENT, name)

        service = _service.headless(part, PORTS, child)
        account = _workload.account(
            part, args.get("role_arn") if stateful else None, child, name=args["service_account"]
        )
        volumes = [_workload.config_volume("rules", _config.hashed_config_map(part, "rules", args["rules"], child))]
        if stateful:
            volumes.append(
                _workload.secret_volume(
                    "objstore", given(args["objstore_secret"], "mode stateful needs objstore_secret")
                )
            )
        else:
            volumes += [
                _workload.config_volume("remote-write", self._remote_write(part, args, child)),
                # The write-ahead log of what is not sent yet. It survives a crash of the container, and a claim would
                # keep it no longer: after a restart Thanos sends nothing that is older than the restart. What a claim
                # would do is hold the pod back in the zone of its volume. The other Rulers have the same results.
                {"name": _volumes.VOLUME, "emptyDir": {"sizeLimit": "1Gi"}},
            ]
        volumes += _workload.tls_volumes(args.get("tls"))
        self._stateful_set(part, args, service.metadata["name"], account, volumes)
        _workload.disruption_budget(part, 1, child)

        self.grpc_endpoint = endpoint(part.name, args["namespace"])
        self.http_url = pulumi.Output.concat("http://", _service.host(service), f":{PORTS['http']}")
        self.register_outputs({"grpc_endpoint": self.grpc_endpoint, "http_url": self.http_url})

    def _remote_write(self, part: Part, args: RulerArgs, child: pulumi.ResourceOptions) -> pulumi.Output[str]:
        url = given(args["remote_write_url"], "mode stateless needs remote_write_url")
        document = pulumi.Output.from_input(url).apply(remote_write.document)
        return _config.hashed_config_map(part, "remote-write", {REMOTE_WRITE_FILE: document}, child)

    def _stateful_set(
        self,
        part: Part,
        args: RulerArgs,
        service: pulumi.Input[str],
        account: pulumi.Input[str],
        volumes: list[Manifest],
    ) -> None:
        # Claim templates cannot change, so each mode has a set of its own: another mode makes one and ends the other.
        own = replace(part, name=labels.safe_name(part.name, args["mode"], limit=labels.STATEFUL_SET_NAME))
        template = _workload.pod_template(
            part,
            [self._container(args)],
            account=account,
            priority_class=args["priority_class"],
            terminationGracePeriodSeconds=_workload.STATELESS_GRACE_SECONDS,
            volumes=volumes,
        )
        _volumes.stateful_set(
            own,
            service=service,
            replicas=int(args["replicas"]),
            template=template,
            storage=args["storage"] if args["mode"] == "stateful" else None,
            storage_class=args.get("storage_class"),
            parent=self,
            podManagementPolicy="Parallel",
            # Alertmanager forgets an alert four intervals after it was last sent, and a new Ruler sends it after
            # three: so that an alert that fires is not resolved in between, the next one stops an interval later.
            minReadySeconds=int(units.duration(args["evaluation_interval"]).total_seconds()),
        )

    def _container(self, args: RulerArgs) -> Manifest:
        stateful, tls = args["mode"] == "stateful", args.get("tls")
        flags = pulumi.Output.all(query_url=args["query_url"], alert_query_url=args["alert_query_url"]).apply(
            lambda known: thanos_flags.rule(
                region=args["region"],
                data_dir=DATA_DIR,
                rule_files=[f"{RULES_DIR}/{name}" for name in sorted(args["rules"])],
                evaluation_interval=args["evaluation_interval"],
                alertmanagers=args["alertmanagers"],
                objstore_file=OBJSTORE_FILE if stateful else None,
                remote_write_file=None if stateful else f"{REMOTE_WRITE_DIR}/{REMOTE_WRITE_FILE}",
                tls=tls["server_name"] if tls else None,
                **known,
            )
        )
        return _workload.container(
            "ruler",
            versions.THANOS,
            flags,
            PORTS,
            args["resources"],
            _probes.http(),
            env=[POD_NAME],
            lifecycle=_workload.drain(_workload.LEAVE_SECONDS),
            volumeMounts=[
                {"name": _volumes.VOLUME, "mountPath": DATA_DIR},
                _workload.mount("rules", RULES_DIR),
                _workload.mount("objstore", OBJSTORE_DIR)
                if stateful
                else _workload.mount("remote-write", REMOTE_WRITE_DIR),
                *_workload.tls_mounts(tls),
            ],
        )
