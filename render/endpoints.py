"""The file in which Query finds the Store APIs that it asks."""

from collections.abc import Iterable, Mapping

import yaml

from render import thanos_flags


def document(endpoints: Iterable[Mapping[str, object]], server_name: str | None = None) -> str:
    """endpoints.yaml for entries {address, strict}. ValueError where Thanos would refuse the file.

    With a `server_name` every endpoint is asked by TLS and has to show a certificate of that name.

    A strict endpoint stays in the set while it is down, so that its absence shows as a warning in every answer;
    otherwise Query forgets it within seconds and answers without its data, silently. Addresses found by DNS cannot be
    strict.
    """
    entries = []
    for endpoint in endpoints:
        address, strict = str(endpoint["address"]), bool(endpoint["strict"])
        host, _, port = address.rpartition(":")
        by_dns = address.startswith(("dns+", "dnssrv+", "dnssrvnoa+"))
        if strict and by_dns:
            raise ValueError(f"the endpoint {address} is found by DNS, and such an endpoint cannot be strict")
        if not by_dns and not (host and port.isdigit()):
            raise ValueError(f"the endpoint {address!r} is not host:port")
        entries.append({"address": address, "strict": strict} if strict else {"address": address})
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
