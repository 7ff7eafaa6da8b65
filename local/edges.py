"""The edge clusters of the local platform: a Prometheus agent beside the cluster for each edge that a region's stack
file has, writing to the region's gateway by its own token.
"""

import yaml

import stack_file
from local import progress, stacks
from local.control_plane import CERTIFICATES
from local.node import Node
from local.paths import STATE
from local.tools import PROMETHEUS
from settings.edges import Edge

SCRAPE_INTERVAL_SECONDS = 5
FIRST_PORT, PORTS_PER_REGION = 9101, 100


def registered(region: str) -> list[Edge]:
    """The edges of the region's stack file."""
    config = yaml.safe_load(stacks.config_file(region).read_text())["config"]
    plain = {key.partition(":")[2]: value for key, value in config.items() if key.startswith("observability:")}
    return stack_file.parse({key: value for key, value in plain.items() if key not in stack_file.SECRETS}).edges


def expected() -> set[tuple[str, str]]:
    """Region and name of every edge."""
    return {(region, edge.name) for region in stacks.REGIONS for edge in registered(region)}


def start(node: Node) -> None:
    """Starts each edge's agent unless it runs."""
    with progress.step(f"edges: {', '.join(name for _, name in sorted(expected()))}"):
        for first, region in enumerate(stacks.REGIONS):
            credentials = stacks.outputs(node, region, secrets=True)["edges"]
            for port, edge in enumerate(registered(region), FIRST_PORT + first * PORTS_PER_REGION):
                run(node, edge, port, **credentials[edge.name])


def run(node: Node, edge: Edge, port: int, *, url: str, token: str) -> None:
    """One agent. Its token is read again before each request, so a new one needs no restart."""
    folder = STATE / "edges" / edge.name
    folder.mkdir(parents=True, exist_ok=True)
    address = f"{node.address}:{port}"
    secret, config = folder / "token", folder / "prometheus.yml"
    secret.touch(mode=0o600)
    secret.write_text(token)
    config.write_text(yaml.safe_dump(configuration(edge, address, url, str(secret)), sort_keys=False))
    node.spawn(
        f"edge-{edge.name}",
        [
            PROMETHEUS.program("prometheus"),
            "--agent",
            f"--config.file={config}",
            f"--storage.agent.path={folder / 'data'}",
            f"--web.listen-address={address}",
        ],
    )


def configuration(edge: Edge, address: str, url: str, token_file: str) -> dict:
    """A prometheus.yml by which the agent scrapes itself at address (host:port) and writes under its name."""
    return {
        "global": {"scrape_interval": edge.scrape_interval, "external_labels": {"cluster": edge.name}},
        "scrape_configs": [{"job_name": "edge", "static_configs": [{"targets": [address]}]}],
        "remote_write": [
            {
                "url": url,
                "authorization": {"credentials_file": token_file},
                "tls_config": {"ca_file": str(CERTIFICATES / "ca.crt")},
            }
        ],
    }
