"""How the kubelet knows that a container has started, takes work, and hangs."""

from ._manifest import Manifest


def http(
    port: str = "http", *, ready: str = "/-/ready", healthy: str = "/-/healthy", startup_seconds: int = 120
) -> dict[str, Manifest]:
    """Probes by HTTP, on the paths of Thanos and Prometheus. The others wait until the process is ready, for at most
    `startup_seconds`.
    """
    takes_work, lives = ({"httpGet": {"path": path, "port": port}} for path in (ready, healthy))
    return _all(takes_work, lives, startup_seconds)


def tcp(port: str, *, startup_seconds: int = 120) -> dict[str, Manifest]:
    """Probes of a process that only takes connections."""
    connects = {"tcpSocket": {"port": port}}
    return _all(connects, connects, startup_seconds)


def _all(ready: Manifest, healthy: Manifest, startup_seconds: int) -> dict[str, Manifest]:
    def probe(check: Manifest, period: int, failures: int) -> Manifest:
        return {**check, "periodSeconds": period, "timeoutSeconds": 3, "failureThreshold": failures}

    return {
        "startupProbe": probe(ready, 5, startup_seconds // 5),
        "readinessProbe": probe(ready, 5, 3),
        "livenessProbe": probe(healthy, 10, 6),
    }
