"""The file in which Query finds the Store APIs that it asks."""

from collections.abc import Iterable, Mapping

import yaml


def document(endpoints: Iterable[Mapping[str, object]]) -> str:
    """endpoints.yaml for entries {address, strict}. ValueError where Thanos would refuse the file.

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
    return yaml.safe_dump({"endpoints": entries}, sort_keys=False)
