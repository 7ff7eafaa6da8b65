"""Grafana: one pod, whose data sources and dashboards come from files.

Dashboards are read again while it runs; other data sources and settings roll the pod. Without a volume its database is
new after each start, and all that is provisioned is in it again.
"""

from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

import labels
import versions
from render import grafana

from . import _config, _probes, _service, _volumes, _workload
from ._manifest import Manifest, given
from ._service import InternalLoadBalancer
from ._workload import ContainerResources, Part

COMPONENT = APP = "grafana"
PORTS = {"http": grafana.HTTP_PORT}
CONFIG_FILE = "/etc/grafana/grafana.ini"
PROVISIONING_DIR = "/etc/grafana/provisioning"
DASHBOARDS_DIR = "/etc/grafana/dashboards"
SECRETS_DIR = "/etc/grafana/secrets"
SECRETS: grafana.Secrets = {
    "admin_password": f"{SECRETS_DIR}/admin-password",
    "secret_key": f"{SECRETS_DIR}/secret-key",
    "client_secret": f"{SECRETS_DIR}/client-secret",
}
#: Data sources are plugins, each a process that Grafana reaches by a socket there.
TEMPORARY = {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}}
DATA_DIR, TEMPORARY_DIR = "/var/lib/grafana", "/tmp"  # noqa: S108
PASSWORD_LENGTH = 40
#: A new database is filled table by table.
MIGRATION_SECONDS = 300


class GrafanaOidc(TypedDict):
    """A provider of OpenID Connect."""

    name: str
    """On the button of the login page."""
    auth_url: str
    """Where people are sent to log in."""
    token_url: str
    """Where Grafana gets a token."""
    api_url: str
    """Where Grafana asks who it is."""
    client_id: str
    """By which the provider knows Grafana."""
    scopes: list[str]
    """What Grafana asks to be told."""
    role_attribute_path: str | None
    """JMESPath to Admin, Editor or Viewer; null: whoever logs in is an Editor."""


class GrafanaArgs(TypedDict):
    """Whom Grafana asks, what it shows, and who gets in."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace."""
    priority_class: pulumi.Input[str]
    """The pod's PriorityClass."""
    resources: ContainerResources
    """What the pod requests."""
    storage: str | None
    """Size of the volume, e.g. 5Gi; it can grow and not shrink. Null: none."""
    storage_class: str | None
    """Of the volume; null: the cluster's default."""
    load_balancer: InternalLoadBalancer | None
    """Null: reachable inside the cluster only."""
    root_url: str | None
    """As people write it in their browsers; null: that of the load balancer, or of a port-forward."""
    oidc: GrafanaOidc | None
    """Who lets people in; null: they log in as admin."""
    oidc_client_secret: pulumi.Input[str] | None
    """By which the provider knows that it is Grafana."""
    thanos_url: pulumi.Input[str]
    """http://host:port of the PromQL API to ask."""
    scrape_interval: str
    """The longest interval of the series there, e.g. 30s."""
    tempos: dict[str, pulumi.Input[str]]
    """http://host:port of each Tempo, by region; empty where there is none."""
    alertmanagers: list[str]
    """URLs of Alertmanagers."""
    dashboards: dict[str, str]
    """JSON by file name."""


class Grafana(pulumi.ComponentResource):
    """A StatefulSet of one Grafana, its Service, its password, and all that it is provisioned with."""

    http_url: pulumi.Output[str]
    """http://host:port of its UI and API, by the load balancer if there is one."""
    admin_password: pulumi.Output[str]
    """Of the user `admin`; a secret."""

    def __init__(self, name: str, args: GrafanaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Grafana", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        part = Part(labels.safe_name(name, limit=labels.STATEFUL_SET_NAME), args["namespace"], COMPONENT, name, app=APP)

        password = _drawn(f"{name}-admin-password", child)
        service = _service.balanced(part, PORTS, args.get("load_balancer"), child)
        volumes = [
            _workload.config_volume("config", _config.hashed_config_map(part, "config", _files(args), child)),
            _workload.secret_volume("secrets", _secrets(part, args, password, child)),
            _workload.config_volume("dashboards", _dashboards(part, args["dashboards"], child)),
            TEMPORARY,
        ]
        if not args.get("storage"):
            volumes.append({"name": _volumes.VOLUME, "emptyDir": {"sizeLimit": "1Gi"}})
        template = _workload.pod_template(
            part,
            [_container(args["resources"])],
            account=_workload.account(part, None, child),
            priority_class=args["priority_class"],
            terminationGracePeriodSeconds=_workload.STATELESS_GRACE_SECONDS,
            volumes=volumes,
        )
        # Also without a volume: never two at a time, of which each would know its own sessions alone.
        _volumes.stateful_set(
            part,
            service=service.metadata["name"],
            replicas=1,
            template=template,
            storage=args.get("storage"),
            storage_class=args.get("storage_class"),
            parent=self,
        )
        _workload.disruption_budget(part, 1, child)

        host = _service.host(service, args.get("load_balancer"))
        self.http_url = pulumi.Output.concat("http://", host, f":{PORTS['http']}")
        self.admin_password = pulumi.Output.secret(password.result)
        self.register_outputs({"http_url": self.http_url, "admin_password": self.admin_password})


def _drawn(name: str, opts: pulumi.ResourceOptions) -> random.RandomPassword:
    return random.RandomPassword(name, length=PASSWORD_LENGTH, special=False, opts=opts)


def _secrets(
    part: Part, args: GrafanaArgs, password: random.RandomPassword, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    secret: dict[str, pulumi.Input[str]] = {
        "admin-password": password.result,
        # With this Grafana encrypts and signs. Its default is in its source.
        "secret-key": _drawn(f"{part.instance}-secret-key", opts).result,
    }
    if args.get("oidc"):
        secret["client-secret"] = given(args["oidc_client_secret"], "oidc is set, and oidc_client_secret is null")
    return _config.revised_secret(part, "secrets", secret, opts)


def _dashboards(part: Part, files: dict[str, str], opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    # The name stays: the pod sees new content in its volume.
    name = labels.safe_name(part.name, "dashboards", limit=labels.CONFIG_NAME)
    data = grafana.in_one_config_map(files)
    return k8s.core.v1.ConfigMap(name, metadata=part.metadata(name), data=data, opts=opts).metadata["name"]


def _files(args: GrafanaArgs) -> dict[str, pulumi.Input[str]]:
    balancer = args.get("load_balancer")
    root_url = args.get("root_url") or f"http://{balancer['hostname'] if balancer else 'localhost'}:{PORTS['http']}/"
    sources = pulumi.Output.all(args["thanos_url"], args["tempos"]).apply(
        lambda known: grafana.datasources(
            thanos_url=known[0],
            scrape_interval=args["scrape_interval"],
            tempos=known[1],
            alertmanagers=args["alertmanagers"],
        )
    )
    return {
        "grafana.ini": grafana.ini(root_url=root_url, files=SECRETS, login=args.get("oidc")),
        "datasources.yaml": sources,
        "dashboards.yaml": grafana.dashboard_provider(folder=DASHBOARDS_DIR),
    }


def _container(resources: ContainerResources) -> Manifest:
    return _workload.container(
        COMPONENT,
        versions.GRAFANA,
        grafana.flags(config_file=CONFIG_FILE),
        PORTS,
        resources,
        _probes.http(ready="/api/health", healthy="/api/health", startup_seconds=MIGRATION_SECONDS),
        # The image's own entry point is a shell script.
        command=["grafana"],
        volumeMounts=[
            # Single files do not change under a pod, and these never do.
            _file("grafana.ini", CONFIG_FILE),
            _file("datasources.yaml", f"{PROVISIONING_DIR}/datasources/datasources.yaml"),
            _file("dashboards.yaml", f"{PROVISIONING_DIR}/dashboards/dashboards.yaml"),
            _workload.mount("secrets", SECRETS_DIR),
            _workload.mount("dashboards", DASHBOARDS_DIR),
            {"name": _volumes.VOLUME, "mountPath": DATA_DIR},
            {"name": TEMPORARY["name"], "mountPath": TEMPORARY_DIR},
        ],
    )


def _file(name: str, path: str) -> Manifest:
    return {**_workload.mount("config", path), "subPath": name}
