"""Who talks to whom in a stack, by its settings."""

from render import network
from settings import GlobalSettings, RegionSettings
from settings.grafana import Grafana


def region(name: str, settings: RegionSettings, *, object_store: str, roles: bool) -> network.Network:
    """`object_store`: host or host:port; `roles`: pods get their keys to it by IAM roles."""
    return network.region(
        replication_protocol=settings.receive.replication_protocol,
        head_series_limit=settings.receive.limits.head_series > 0,
        prometheus_mode=settings.prometheus.mode,
        ruler_mode=settings.ruler.mode,
        store_cache=f"{name}-store-cache",
        query_cache=f"{name}-query-cache",
        redis=settings.caches.redis.address if settings.caches.redis else None,
        object_store=object_store,
        insecure=settings.object_store.insecure,
        roles=roles,
        alertmanagers=settings.alerting.alertmanagers,
        grafana=settings.grafana.enabled,
        tempo=settings.tempo.enabled,
        logins=_logins(settings.grafana),
    )


def over_regions(settings: GlobalSettings) -> network.Network:
    """Of the global stack."""
    return network.global_stack(
        grafana=settings.grafana.enabled,
        # Each region says whether it has one only when it is up.
        tempo=True,
        logins=_logins(settings.grafana),
    )


def _logins(settings: Grafana) -> list[str]:
    """Where Grafana asks who logs in."""
    return [settings.oidc.token_url, settings.oidc.api_url] if settings.oidc else []
