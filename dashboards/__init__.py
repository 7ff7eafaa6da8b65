"""The Grafana dashboards of the platform, as code. `python -m dashboards` writes them to dashboards/json.

Pure, and known to nobody who deploys: what is deployed is the JSON that is checked in.
"""

from pathlib import Path

#: Where the JSON is, one file a dashboard: <uid>.json.
FOLDER = Path(__file__).parent / "json"
