"""prometheus.yml and the flags of the Prometheus servers that watch the stack they belong to."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import yaml

from render import remote_write
from render.thanos_flags import REPLICA_LABELS

HTTP_PORT = 9090
#: Value of the label `cluster`, which tells the stack's own series from those of the edges.
CLUSTER = "central"
REPLICA_LABEL = REPLICA_LABELS[1]
#: The container ports that are scraped, by name.
SCRAPED_PORTS = ("http", "metrics")


def flags(*, config_file: str, data_dir: str, retention: str, uploads: bool) -> list[str]:
    """`uploads`: a sidecar ships the blocks, which Prometheus must then leave as they are cut."""
    found = [
        f"--config.file={config_file}",
        f"--storage.tsdb.path={data_dir}",
        f"--storage.tsdb.retention.time={retention}",
    ]
    if uploads:
        # Compaction is the Compactor's. The sidecar refuses to upload unless the two are equal.
        found += ["--storage.tsdb.min-block-duration=2h", "--storage.tsdb.max-block-duration=2h"]
    return found


def document(
    *,
    region: str,
    scrape_interval: str,
    rule_files: Sequence[str],
    alertmanagers: Sequence[str],
    remote_write_url: str | None = None,
) -> str:
    """prometheus.yml: scrapes every pod of its own namespace. `alertmanagers`: URLs, with a path if there is one.

    The environment variable POD_NAME has to be set: it tells the series of one server from those of the other.
    """
    config: dict[str, object] = {
        "global": {
            "scrape_interval": scrape_interval,
            "evaluation_interval": scrape_interval,
            "external_labels": {"region": region, "cluster": CLUSTER, REPLICA_LABEL: "${POD_NAME}"},
        },
        "rule_files": list(rule_files),
        "alerting": {
            # Alertmanager shall see the alerts of both servers as one.
            "alert_relabel_configs": [{"regex": REPLICA_LABEL, "action": "labeldrop"}],
            "alertmanagers": [_alertmanager(url) for url in alertmanagers],
        },
        "scrape_configs": [
            {
                "job_name": "observability",
                "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"own_namespace": True}}],
                "relabel_configs": _relabeling(),
            }
        ],
    }
    if remote_write_url:
        config["remote_write"] = [remote_write.target(remote_write_url)]
    return yaml.safe_dump(config, sort_keys=False)


def _alertmanager(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    return {
        "scheme": parts.scheme,
        "path_prefix": parts.path or "/",
        "static_configs": [{"targets": [parts.netloc]}],
    }


def _relabeling() -> list[dict[str, object]]:
    pod = "__meta_kubernetes_pod"
    return [
        {"source_labels": [f"{pod}_container_port_name"], "regex": "|".join(SCRAPED_PORTS), "action": "keep"},
        # What has ended keeps its address for a while, and another pod may have it by then.
        {"source_labels": [f"{pod}_phase"], "regex": "Succeeded|Failed", "action": "drop"},
        {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"},
        {"source_labels": [f"{pod}_name"], "target_label": "pod"},
        {"source_labels": [f"{pod}_container_name"], "target_label": "container"},
        # Rules tell components by their job: Thanos has a label `component` of its own.
        {"source_labels": [f"{pod}_label_app_kubernetes_io_component"], "target_label": "job"},
        # By name, not by address: the series of a StatefulSet's pod go on after a restart.
        {
            "source_labels": [f"{pod}_name", f"{pod}_container_port_number"],
            "separator": ":",
            "target_label": "instance",
        },
    ]
