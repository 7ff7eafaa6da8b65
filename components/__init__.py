"""The building blocks, one component a module. They know nothing of settings or of each other."""

from .argo_cd import ArgoCd
from .compactor import Compactor
from .edge_access import EdgeAccess
from .gateway import Gateway
from .grafana import Grafana
from .memcached import Memcached
from .network_policies import NetworkPolicies
from .object_store import ObjectStore
from .prometheus import Prometheus
from .query import Query
from .query_frontend import QueryFrontend
from .receive import Receive
from .ruler import Ruler
from .store import Store
from .tempo import Tempo

__all__ = [
    "ArgoCd",
    "Compactor",
    "EdgeAccess",
    "Gateway",
    "Grafana",
    "Memcached",
    "NetworkPolicies",
    "ObjectStore",
    "Prometheus",
    "Query",
    "QueryFrontend",
    "Receive",
    "Ruler",
    "Store",
    "Tempo",
]
