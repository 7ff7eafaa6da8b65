import datetime
from typing import Generic, Literal, TypeVar

from urllib3 import BaseHTTPResponse

T = TypeVar("T")

class ApiClient: ...

class ApiException(Exception):
    status: int | None
    reason: str | None
    body: str | None

class V1ObjectMeta:
    name: str
    uid: str
    labels: dict[str, str] | None
    annotations: dict[str, str] | None
    deletion_timestamp: datetime.datetime | None

class V1List(Generic[T]):
    items: list[T]

class V1StatefulSetSpec:
    replicas: int

class V1StatefulSet:
    metadata: V1ObjectMeta
    spec: V1StatefulSetSpec

class V1ConfigMap:
    metadata: V1ObjectMeta
    data: dict[str, str]

class V1PodCondition:
    type: str
    status: str

class V1PodStatus:
    phase: str
    conditions: list[V1PodCondition] | None

class V1Pod:
    metadata: V1ObjectMeta
    status: V1PodStatus

class V1Preconditions:
    def __init__(self, *, uid: str) -> None: ...

class V1DeleteOptions:
    def __init__(self, *, preconditions: V1Preconditions) -> None: ...

class CoreV1Api:
    def __init__(self, api_client: ApiClient) -> None: ...
    def read_namespaced_config_map(self, name: str, namespace: str, *, _request_timeout: float) -> V1ConfigMap: ...
    def list_namespaced_pod(self, namespace: str, *, label_selector: str, _request_timeout: float) -> V1List[V1Pod]: ...
    def delete_namespaced_pod(
        self, name: str, namespace: str, *, body: V1DeleteOptions, _request_timeout: float
    ) -> V1Pod: ...
    def connect_get_namespaced_pod_portforward(self, name: str, namespace: str, *, ports: str) -> str: ...
    def read_namespaced_pod_log(
        self,
        name: str,
        namespace: str,
        *,
        since_seconds: int,
        _preload_content: Literal[False],
        _request_timeout: float,
    ) -> BaseHTTPResponse: ...

class AppsV1Api:
    def __init__(self, api_client: ApiClient) -> None: ...
    def list_namespaced_stateful_set(
        self, namespace: str, *, label_selector: str, _request_timeout: float
    ) -> V1List[V1StatefulSet]: ...
