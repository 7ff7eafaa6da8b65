"""Alert and recording rules, from plain files.

alerts/prometheus/   evaluated by the pair of Prometheus servers: the stack itself, also while Thanos is down
alerts/ruler/        evaluated by the Ruler: the edges, over the whole region
alerts/tests/        promtool's unit tests of both
"""

from pathlib import Path

import yaml


def load(folder: Path, runbook_url: str) -> dict[str, str]:
    """The rule files of a folder, by name, each alert with the address of its heading in docs/runbooks.md."""
    return {path.name: _with_runbooks(path.read_text(), runbook_url) for path in sorted(folder.glob("*.yaml"))}


def _with_runbooks(text: str, runbook_url: str) -> str:
    document = yaml.safe_load(text)
    for group in document["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                rule["annotations"]["runbook_url"] = f"{runbook_url}#{rule['alert'].lower()}"
    return yaml.safe_dump(document, sort_keys=False, width=120)
