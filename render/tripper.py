"""How the Query Frontend talks to the Query behind it: --query-frontend.downstream-tripper-config-file."""

import yaml

#: Connections that are kept. All go to one host, for which Go keeps 2: a dashboard would open the others each time.
IDLE_CONNECTIONS = 100
#: Query gives up after 2 minutes and says why; with less the reason would be lost.
RESPONSE_HEADER_TIMEOUT = "2m10s"


def document() -> str:
    """The file; Thanos refuses keys that it does not know."""
    return yaml.safe_dump(
        {"max_idle_conns_per_host": IDLE_CONNECTIONS, "response_header_timeout": RESPONSE_HEADER_TIMEOUT},
        sort_keys=False,
    )
