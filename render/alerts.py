"""Alert and recording rules, from plain files.

alerts/prometheus/   evaluated by the pair of Prometheus servers: the stack itself, also while Thanos is down
alerts/ruler/        evaluated by the Ruler: the edges, over the whole region
alerts/tests/        promtool's unit tests of both
"""

from pathlib import Path

import yaml


def load(folder: Path, runbook_url: str) -> dict[str, str]:
    """The rule files of a folder, by name, each alert with the address of its heading in docs/runbooks.md.

    The Ruler's (in a folder named ruler) are evaluated on partial data too. By default one Store that is down makes
    every rule fail, while what they ask for, the last minutes, is in the ingesters.
    """
    return {path.name: _rendered(path, runbook_url) for path in sorted(folder.glob("*.yaml"))}


def _rendered(path: Path, runbook_url: str) -> str:
    document = yaml.safe_load(path.read_text())
    for group in document["groups"]:
        if path.parent.name == "ruler":
            # Only Thanos knows this field: promtool refuses it, so it is not in the file.
            group["partial_response_strategy"] = "warn"
        for rule in group["rules"]:
            if "alert" in rule:
                rule["annotations"]["runbook_url"] = f"{runbook_url}#{rule['alert'].lower()}"
    return yaml.safe_dump(document, sort_keys=False, width=120)
