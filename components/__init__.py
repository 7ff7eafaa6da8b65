"""The building blocks, one component a module. They know nothing of settings or of each other."""

from .network_policies import NetworkPolicies
from .object_store import ObjectStore
from .query import Query
from .receive import Receive

__all__ = ["NetworkPolicies", "ObjectStore", "Query", "Receive"]
