"""What a region's cluster shows, and the one thing that is done to it directly: a pod is deleted to be made anew.

Metrics are read through `kubectl port-forward`'s own door, which ends inside the pod: network policies refuse
everybody else.
"""

import contextlib
import http.client
import json
import urllib.parse
from collections.abc import Generator, Mapping
from dataclasses import dataclass

import urllib3
from kubernetes import client, config
from kubernetes.stream import portforward

import labels
from ops import interruption
from ops.errors import OperationError, UnreachableError
from ops.evidence import Metrics
from render import network
from render.thanos_flags import HTTP_PORT

#: Seconds for one answer of the API server, or of a pod.
TIMEOUT = 15


@dataclass(frozen=True)
class Pod:
    """A pod as it is now."""

    name: str
    uid: str
    ready: bool
    """False also for one that is about to end."""


class Cluster:
    """One region's namespace."""

    def __init__(self, context: str, namespace: str, region: str) -> None:
        try:
            api = config.new_client_from_config(context=context)
        except config.ConfigException as error:
            raise OperationError(f"the kubeconfig has no usable context {context!r}: {error}") from None
        self.where = f"context {context}, namespace {namespace}"
        self._core, self._apps = client.CoreV1Api(api), client.AppsV1Api(api)
        self._namespace, self._receive = namespace, f"{region}-receive"

    def ingester_sets(self) -> dict[str, int]:
        """The StatefulSets of ingesters: name -> pods asked for."""
        with explained("list statefulsets", self.where):
            found = self._apps.list_namespaced_stateful_set(
                self._namespace,
                label_selector=_selector(labels.selector(network.INGESTER, self._receive)),
                _request_timeout=TIMEOUT,
            )
        return {item.metadata.name: item.spec.replicas for item in found.items}

    def ring_file(self) -> str | None:
        """The file that routers are given; None: there is none."""
        with explained("get configmaps", self.where):
            try:
                found = self._core.read_namespaced_config_map(
                    f"{self._receive}-hashring", self._namespace, _request_timeout=TIMEOUT
                )
            except client.ApiException as error:
                if error.status == http.client.NOT_FOUND:
                    return None
                raise
        (text,) = found.data.values()
        return text

    def ingesters(self) -> list[Pod]:
        return self._pods(labels.selector(network.INGESTER, self._receive))

    def routers(self) -> list[Pod]:
        """All that may still forward a sample, those about to end as well."""
        return self._pods(labels.selector(network.ROUTER, self._receive))

    def stores(self) -> list[Pod]:
        """The Stores of all groups."""
        return self._pods({**labels.OURS, network.COMPONENT: network.STORE})

    def metrics(self, pod: str) -> Metrics:
        """What the pod says of itself."""
        status, text = self._request(pod, "GET", "/metrics")
        if status != http.client.OK:
            raise UnreachableError(f"{pod} answers {status} to GET /metrics")
        return Metrics(text)

    def restart(self, pod: Pod) -> None:
        """Deletes exactly this pod, with its grace period; its StatefulSet makes it anew on the same volume."""
        only = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid=pod.uid))
        with explained("delete pods", self.where):
            try:
                self._core.delete_namespaced_pod(pod.name, self._namespace, body=only, _request_timeout=TIMEOUT)
            except client.ApiException as error:
                if error.status not in (http.client.NOT_FOUND, http.client.CONFLICT):  # it is another already
                    raise

    def _request(
        self, pod: str, method: str, path: str, form: Mapping[str, str] | None = None, timeout: float = TIMEOUT
    ) -> tuple[int, str]:
        """Status and text of an answer of the pod's HTTP port."""
        with explained("get and create pods/portforward", self.where):
            forward = portforward(
                self._core.connect_get_namespaced_pod_portforward, pod, self._namespace, ports=str(HTTP_PORT)
            )
        # http.client takes any socket.
        connection = http.client.HTTPConnection(pod, HTTP_PORT)
        connection.sock = forward.socket(HTTP_PORT)
        body = urllib.parse.urlencode(form) if form else None
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        try:
            connection.sock.settimeout(timeout)
            connection.request(method, path, body, {"Connection": "close", **kind})
            response = connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(f"{pod} does not answer: {forward.error(HTTP_PORT) or repr(error)}") from None
        finally:
            forward.close()

    def _pods(self, selector: dict[str, str]) -> list[Pod]:
        with explained("list pods", self.where):
            found = self._core.list_namespaced_pod(
                self._namespace, label_selector=_selector(selector), _request_timeout=TIMEOUT
            )
        return [
            Pod(item.metadata.name, item.metadata.uid, _is_ready(item))
            for item in sorted(found.items, key=lambda item: item.metadata.name)
            if item.status.phase not in ("Succeeded", "Failed")
        ]


def members(ring_file: str) -> int:
    """How many ingesters a ring has."""
    return sum(len(ring["endpoints"]) for ring in json.loads(ring_file))


def _is_ready(pod: client.V1Pod) -> bool:
    conditions = {condition.type: condition.status for condition in pod.status.conditions or []}
    return conditions.get("Ready") == "True" and pod.metadata.deletion_timestamp is None


def _selector(pairs: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in pairs.items())


@contextlib.contextmanager
def explained(verb: str, where: str) -> Generator[None]:
    """OperationError for what a person has to change, UnreachableError for what may pass."""
    try:
        yield
    except (client.ApiException, AttributeError) as raised:
        # Where a port-forward fails before there is an answer, the client stumbles over its own error.
        error = raised if isinstance(raised, client.ApiException) else raised.__context__
        if not isinstance(error, client.ApiException):
            raise
        interruption.check()
        if error.status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN) or "403" in str(error.reason):
            raise OperationError(
                f"the API server ({where}) refuses: you need the right to {verb}. {error.reason}"
            ) from None
        raise UnreachableError(f"the API server ({where}) answers {error.status}: {error.reason}") from None
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise UnreachableError(f"the API server ({where}) does not answer: {error}") from None
