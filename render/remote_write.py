"""How Prometheus and the Ruler write to Receive."""

import yaml

from render import Document

#: Samples per request, Prometheus 3's own default; older ones send 500, at four times the requests.
SAMPLES_PER_SEND = 2000
#: Connections of one sender. At 0.1 s a request they carry 200,000 samples a second, enough to catch up on an outage,
#: and routers that have just come back are not met by the 200 of older Prometheus servers.
MAX_SHARDS = 10


def target(url: str) -> Document:
    """One entry of `remote_write`."""
    return {
        "url": url,
        "queue_config": {
            "max_samples_per_send": SAMPLES_PER_SEND,
            # In memory, per connection: enough to fill the next requests while one is on its way.
            "capacity": 5 * SAMPLES_PER_SEND,
            "max_shards": MAX_SHARDS,
        },
    }


def document(url: str) -> str:
    """The Ruler's file."""
    return yaml.safe_dump({"remote_write": [target(url)]}, sort_keys=False)
