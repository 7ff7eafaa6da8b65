"""The building blocks, one component a module. They know nothing of settings or of each other."""

from .memcached import Memcached
from .object_store import ObjectStore
from .query import Query
from .query_frontend import QueryFrontend
from .receive import Receive
from .store import Store

__all__ = ["Memcached", "ObjectStore", "Query", "QueryFrontend", "Receive", "Store"]
