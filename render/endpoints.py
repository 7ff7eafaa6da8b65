"""The file in which Query finds the Store APIs that it asks."""

from collections.abc import Iterable

import yaml

from render import thanos_flags

_BY_DNS = ("dns+", "dnssrv+", "dnssrvnoa+")


def document(endpoints: Iterable[str], strict_endpoints: Iterable[str], server_name: str | None = None) -> str:
    """endpoints.yaml for Store APIs. ValueError where Thanos would refuse the file.

    A strict endpoint stays in the set while it is down, so that its absence shows as a warning in every answer; any
    other Query forgets within seconds, and answers without its data, silently. Strict ones are host:port, since what is
    found by DNS cannot be strict; the others may be `dns+host:port` or `dnssrv+_port._tcp.service`, too.

    With a `server_name` every endpoint is asked by TLS and has to show a certificate of that name.
    """
    entries: list[dict[str, object]] = [{"address": _checked(address)} for address in endpoints]
    for address in strict_endpoints:
        if address.startswith(_BY_DNS):
            raise ValueError(f"the endpoint {address} is found by DNS, and such an endpoint cannot be strict")
        entries.append({"address": _checked(address), "strict": True})
    found: dict[str, object] = {"endpoints": entries}
    if server_name:
        # The default configuration: that of a single endpoint is ignored where its address is found by DNS.
        certificate = {
            "enabled": True,
            "cert_file": thanos_flags.TLS_CERT,
            "key_file": thanos_flags.TLS_KEY,
            "ca_file": thanos_flags.TLS_CA,
        }
        found["default_client_config"] = {"tls_config": certificate, "server_name": server_name}
    return yaml.safe_dump(found, sort_keys=False)


def _checked(address: str) -> str:
    host, _, port = address.rpartition(":")
    if not address.startswith(_BY_DNS) and not (host and port.isdigit()):
        raise ValueError(f"the endpoint {address!r} is not host:port")
    return address
