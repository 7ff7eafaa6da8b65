"""A memcached server: its arguments, and the memory that its pod needs. Its clients: `render.caches`."""

import math

from render import units

PORT = 11211
#: Of the exporter beside it.
METRICS_PORT = 9150
#: Measured with memcached 1.6.18, filled far beyond -m of 64, 512 and 1,024 MiB:
#: - What it needs besides items and connections: 9 MiB at most, with items of all sizes up to 5 MB (slab classes may
#:   hold a page of 1 MiB more than -m). Two new classes of sizes could add some more, hence 48.
#: - The hash table, largest while it grows: 5 % of -m with values of 100 bytes, 2 % with values of about 1,000, nothing
#:   with chunks of 16 kB. A table that grows has 16 bytes an item, which is 10 % at 160 bytes, key and header included.
#: - A connection: 0.6 KiB while idle, 226 KiB with an answer of 1,000 keys on its way (`caches.KEYS_PER_REQUEST`).
_PROCESS_MEBI = 48
_HASH_TABLE_SHARE = 0.10
_CONNECTION_MEBI = 226 / 1024


def arguments(*, memory: str, max_item_size: str, connections: int) -> list[str]:
    """The server's arguments. `memory` is for items alone; both are quantities of whole Mi.

    It has to take items as large as its clients send (`caches.item_size`); by default it takes 1 MiB.
    """
    return [f"-m{mebibytes(memory)}", f"-I{mebibytes(max_item_size)}m", f"-c{connections}", f"-p{PORT}", "-U0"]


def pod_memory(*, memory: str, connections: int) -> str:
    """The memory of the container, request and limit alike, with every connection busy: "2527Mi" for 2Gi and 1024.

    memcached never gives memory back, so what it may take has to be there.
    """
    items = mebibytes(memory)
    return f"{math.ceil(items * (1 + _HASH_TABLE_SHARE) + connections * _CONNECTION_MEBI + _PROCESS_MEBI)}Mi"


def mebibytes(quantity: str) -> int:
    """A Kubernetes quantity as a number of mebibytes. ValueError unless it is a whole, positive one."""
    size, rest = divmod(units.quantity(quantity), 1024 * 1024)
    if rest or not size:
        raise ValueError(f"memcached counts in whole Mi, and {quantity} is none")
    return int(size)
