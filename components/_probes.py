"""How the kubelet knows that a container has started, takes work, and hangs."""


def http(
    port: str = "http", *, ready: str = "/-/ready", healthy: str = "/-/healthy", startup_seconds: int = 120
) -> dict[str, dict]:
    """Probes by HTTP, on the paths of Thanos and Prometheus. The others wait until the process is ready, for at most
    `startup_seconds`.
    """
    checks = ({"httpGet": {"path": path, "port": port}} for path in (ready, healthy))
    return _all(*checks, startup_seconds)


def tcp(port: str, *, startup_seconds: int = 120) -> dict[str, dict]:
    """Probes of a process that only takes connections."""
    connects = {"tcpSocket": {"port": port}}
    return _all(connects, connects, startup_seconds)


def _all(ready: dict, healthy: dict, startup_seconds: int) -> dict[str, dict]:
    def probe(check: dict, period: int, failures: int) -> dict:
        return {**check, "periodSeconds": period, "timeoutSeconds": 3, "failureThreshold": failures}

    return {
        "startupProbe": probe(ready, 5, startup_seconds // 5),
        "readinessProbe": probe(ready, 5, 3),
        "livenessProbe": probe(healthy, 10, 6),
    }
