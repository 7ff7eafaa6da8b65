"""The edge clusters of the local platform: a Prometheus agent beside the cluster for each edge that a region's stack
file has. It is told what Argo CD's would be, and writes to the region's gateway by its own token.
"""

import dataclasses
import sys

import yaml

import stack_file
from local import progress, stacks
from local.control_plane import CERTIFICATES
from local.node import Node
from local.paths import ROOT, STATE
from local.tools import PROMETHEUS
from render import agent
from render.thanos_flags import REMOTE_WRITE_PATH
from settings import RegionSettings
from settings.edges import Edge
from stacks.edges import agent as described

SCRAPE_INTERVAL_SECONDS = 5
FIRST_PORT, PORTS_PER_REGION = 9101, 100
#: The example service beside an agent: so far above its port.
CHECKOUT = 50


def settings(region: str) -> RegionSettings:
    """What the region's stack file says."""
    config = yaml.safe_load(stacks.config_file(region).read_text())["config"]
    return stack_file.parse(stack_file.plain(config))


def expected() -> set[tuple[str, str]]:
    """Region and name of every edge."""
    return {(region, edge.name) for region in stacks.REGIONS for edge in settings(region).edges}


def start(node: Node) -> None:
    """Starts each edge's agent unless it runs."""
    with progress.step(f"edges: {', '.join(name for _, name in sorted(expected()))}"):
        for first, region in enumerate(stacks.REGIONS):
            credentials = stacks.outputs(node, region, secrets=True)["edges"]
            wanted = settings(region)
            for port, edge in enumerate(wanted.edges, FIRST_PORT + first * PORTS_PER_REGION):
                run(node, wanted, edge, port, **credentials[edge.name])
                checkout(node, edge, port + CHECKOUT, **credentials[edge.name])


def run(node: Node, region: RegionSettings, edge: Edge, port: int, *, url: str, token: str) -> None:
    """One agent, which scrapes itself and the example service. Its token is read again before each request: a new one
    needs no restart."""
    folder = STATE / "edges" / edge.name
    folder.mkdir(parents=True, exist_ok=True)
    address = f"{node.address}:{port}"
    secret, config = folder / agent.TOKEN_KEY, folder / "prometheus.yml"
    secret.touch(mode=0o600)
    secret.write_text(token)
    config.write_text(
        agent.prometheus_yml(
            dataclasses.replace(described(region, edge, url), own_ca=True),
            replica=edge.name,
            scrape_configs=[
                {"job_name": "edge", "static_configs": [{"targets": [address]}]},
                {"job_name": "checkout", "static_configs": [{"targets": [f"{node.address}:{port + CHECKOUT}"]}]},
            ],
            token_file=str(secret),
            ca_file=str(CERTIFICATES / "ca.crt"),
        )
    )
    node.spawn(
        f"edge-{edge.name}",
        [
            PROMETHEUS.program("prometheus"),
            "--agent",
            f"--config.file={config}",
            f"--storage.agent.path={folder / 'data'}",
            f"--web.listen-address={address}",
            *(f"--{name}={value}" for name, value in agent.flags().items()),
        ],
    )


def checkout(node: Node, edge: Edge, port: int, *, url: str, token: str) -> None:
    """The example service, as the edge's users would run it; traces go where metrics go, by the same token."""
    node.spawn(
        f"checkout-{edge.name}",
        [sys.executable, str(ROOT / "examples" / "checkout.py"), f"--address={node.address}:{port}", "--visit-every=1"],
        # gRPC's own gives up at the first answer, SERVFAIL for a name that is not complete yet.
        GRPC_DNS_RESOLVER="native",
        OTEL_EXPORTER_OTLP_ENDPOINT=url.removesuffix(REMOTE_WRITE_PATH),
        OTEL_EXPORTER_OTLP_HEADERS=f"authorization=Bearer%20{token}",
        OTEL_EXPORTER_OTLP_CERTIFICATE=str(CERTIFICATES / "ca.crt"),
        OTEL_RESOURCE_ATTRIBUTES=f"service.name=checkout,k8s.cluster.name={edge.name}",
    )
