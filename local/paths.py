"""Where the local platform keeps things. Both folders are ignored by git."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: What can be made again: built and downloaded tools, images, plugins. `make down` leaves it.
CACHE = ROOT / ".cache"
#: What belongs to the running platform: etcd, volumes, Pulumi's state. `make down` removes it.
STATE = ROOT / ".state"
