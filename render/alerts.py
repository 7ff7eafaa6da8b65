"""stub"""

from pathlib import Path


def load(folder: Path, runbook_url: str) -> dict[str, str]:
    return {"a.yaml": "groups: []\n"}
