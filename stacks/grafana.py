"""Grafana of a stack, by its settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pulumi

from components import Grafana
from render import grafana as files
from render import units
from settings.edges import Edge
from settings.grafana import Grafana as Settings
from stack_file import GRAFANA_SECRET

from ._args import args

DASHBOARDS = Path(__file__).resolve().parent.parent / "dashboards" / "json"
#: Of edges whose stack file is another's.
SCRAPE_INTERVAL = Edge.model_fields["scrape_interval"].default


def make(
    name: str,
    settings: Settings,
    *,
    where: Mapping[str, object],
    thanos_url: pulumi.Input[str],
    scrape_intervals: Sequence[str] = (),
    tempos: Mapping[str, pulumi.Input[str]],
    alertmanagers: Sequence[str] = (),
    opts: pulumi.ResourceOptions,
) -> Grafana | None:
    """`where`: namespace, priority class and storage class. None, if the settings want no Grafana.

    `scrape_intervals`: of all who write, if they are known; `tempos`: URLs by region, empty where there is none.
    """
    if not settings.enabled:
        return None
    return Grafana(
        f"{name}-grafana",
        args(
            {
                "storage_class": None,
                **where,
                **settings.model_dump(exclude={"enabled"}),
                "oidc_client_secret": pulumi.Config().get_secret(GRAFANA_SECRET),
                "thanos_url": thanos_url,
                "scrape_interval": max(scrape_intervals or [SCRAPE_INTERVAL], key=units.duration),
                "tempos": dict(tempos),
                "alertmanagers": list(alertmanagers),
                "dashboards": files.load(DASHBOARDS),
            }
        ),
        opts,
    )


def url(made: Grafana | None) -> pulumi.Input[str]:
    """Its URL; empty without one."""
    return made.http_url if made else ""
