"""The building blocks, one component a module. They know nothing of settings or of each other."""

from .compactor import Compactor
from .object_store import ObjectStore
from .prometheus import Prometheus
from .query import Query
from .receive import Receive
from .ruler import Ruler

__all__ = ["Compactor", "ObjectStore", "Prometheus", "Query", "Receive", "Ruler"]
