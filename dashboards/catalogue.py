"""All dashboards, and their JSON."""

import json

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import compactor, cost, fleet, overview, query, receive, tempo

_ALL = (overview, fleet, receive, compactor, query, tempo, cost)


def documents() -> dict[str, str]:
    """uid -> JSON of the classic schema, the same text each time."""
    found: dict[str, str] = {}
    for module in _ALL:
        built = module.dashboard().build()
        for number, panel in enumerate(built.panels, 1):
            panel.id_val = number
        for link in built.links:
            link.placement = None  # in sight, not in a menu, which is the builder's default
        if built.uid in found:
            raise ValueError(f"two dashboards have the uid {built.uid!r}")
        found[built.uid] = json.dumps(built, cls=JSONEncoder, sort_keys=True, indent=2) + "\n"
    return found
