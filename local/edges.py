"""The edge clusters of the local platform: Prometheus agents beside the cluster that remote-write into their region."""

import yaml

from local import progress
from local.node import Node
from local.paths import STATE
from local.tools import PROMETHEUS

#: region -> its edges
EDGES = {"apac": ["apac-1", "apac-2"], "eu": ["eu-1", "eu-2"]}
SCRAPE_INTERVAL_SECONDS = 5
FIRST_PORT = 9101


def start(node: Node, remote_write_urls: dict[str, str]) -> None:
    """Starts each edge's agent unless it runs. remote_write_urls: by region, from the regional stacks' outputs."""
    with progress.step(f"edges: {', '.join(edge for edges in EDGES.values() for edge in edges)}"):
        port = FIRST_PORT
        for region, edges in EDGES.items():
            for edge in edges:
                _start(node, edge, port, remote_write_urls[region])
                port += 1


def _start(node: Node, edge: str, port: int, remote_write_url: str) -> None:
    folder = STATE / "edges" / edge
    folder.mkdir(parents=True, exist_ok=True)
    address = f"{node.address}:{port}"
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(configuration(edge, address, remote_write_url), sort_keys=False))
    node.spawn(
        f"edge-{edge}",
        [
            PROMETHEUS.program("prometheus"),
            "--agent",
            f"--config.file={config}",
            f"--storage.agent.path={folder / 'data'}",
            f"--web.listen-address={address}",
        ],
    )


def configuration(edge: str, address: str, remote_write_url: str) -> dict:
    """A prometheus.yml by which the agent scrapes itself at address (host:port) and writes under the name of the
    edge.
    """
    return {
        "global": {"scrape_interval": f"{SCRAPE_INTERVAL_SECONDS}s", "external_labels": {"cluster": edge}},
        "scrape_configs": [{"job_name": "edge", "static_configs": [{"targets": [address]}]}],
        "remote_write": [{"url": remote_write_url}],
    }
