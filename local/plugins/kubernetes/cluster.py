"""One API server: where it is, and the few requests that the plugin makes. Every call here blocks.

The client library is imported where it is used: that takes a second, which the plugin's start should not.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import yaml

from local.plugins.kubernetes.fields import Object
from local.plugins.kubernetes.objects import without_nulls
from local.plugins.serving import RefusedError

FIELD_MANAGER = "pulumi-kubernetes"
# Seconds to connect and to answer. An address behind a firewall that drops packets must not hold up a preview.
TIMEOUT = (3, 60)
NO_CACHE = "/dev/null/none"


class UnreachableError(Exception):
    """The API server cannot be used; the text says which one and why."""


class UnknownKindError(RefusedError):
    """The API server does not serve this kind (yet)."""


class AbsentError(RefusedError):
    """The object, or the namespace it should be in, does not exist."""


class ConflictError(RefusedError):
    """An object of that name exists already."""


@dataclass(frozen=True)
class Settings:
    """The provider's configuration.

    kubeconfig: a path, the contents, or "" for KUBECONFIG and the usual place. takes_over: an object that exists
    already is updated instead of refused. deletes_unreachable: what is in a cluster that is away counts as gone.
    skips_unreachable: it stays as it is recorded.
    """

    kubeconfig: str = ""
    context: str = ""
    namespace: str = ""
    config_map_mutable: bool = False
    secret_mutable: bool = False
    takes_over: bool = False
    deletes_unreachable: bool = False
    skips_unreachable: bool = False

    @property
    def place(self) -> str:
        """Names the cluster for messages."""
        if self._is_contents:
            source = "the kubeconfig given to the provider"
        else:
            source = f"kubeconfig {self.kubeconfig or os.environ.get('KUBECONFIG') or '~/.kube/config'}"
        return f"context {json.dumps(self.context)} of {source}" if self.context else f"the current context of {source}"

    @property
    def _is_contents(self) -> bool:
        return "\n" in self.kubeconfig or self.kubeconfig.lstrip().startswith("{")

    def client(self) -> tuple[Any, str]:
        """An API client and the context's namespace.

        Raises UnreachableError for a kubeconfig that is missing, malformed, or lacks the context.
        """
        from kubernetes import client, config

        configuration = client.Configuration()
        configuration.retries = 1
        common = {"context": self.context or None, "client_configuration": configuration, "persist_config": False}
        try:
            if self._is_contents:
                document = yaml.safe_load(self.kubeconfig)
                api = config.new_client_from_config_dict(document, **common)
                current, contexts = document.get("current-context"), document["contexts"]
            else:
                path = os.path.expanduser(self.kubeconfig) or None
                api = config.new_client_from_config(path, **common)
                contexts, active = config.list_kube_config_contexts(path)
                current = active["name"]
        # The loader has no common exception: a malformed file surfaces as whatever its parser tripped over.
        except Exception as error:
            raise UnreachableError(f"{self.place} cannot be used: {error}") from error
        wanted = self.context or current
        namespace = next((c["context"].get("namespace") for c in contexts if c["name"] == wanted), None)
        return api, namespace or ""


class Cluster:
    def __init__(self, settings: Settings) -> None:
        """Connects. Raises UnreachableError."""
        from kubernetes.client import ApiException, VersionApi
        from kubernetes.dynamic import DynamicClient
        from urllib3.exceptions import HTTPError

        api, namespace = settings.client()
        self.place = settings.place
        self.namespace = settings.namespace or namespace or "default"
        self._discovery = threading.Lock()
        try:
            # Discovery has no time limit of its own, so something with a limit comes first.
            VersionApi(api).get_code(_request_timeout=TIMEOUT)
            # No discovery cache on disk: it would describe the last cluster that had this address.
            self._client = DynamicClient(api, cache_file=NO_CACHE)
        except ApiException as error:
            raise UnreachableError(f"{self.place} refuses: {_message(error)}") from error
        except HTTPError as error:
            cause = getattr(error, "reason", None) or error
            raise UnreachableError(f"{self.place} does not answer at {api.configuration.host}: {cause}") from error

    def is_namespaced(self, obj: Object) -> bool:
        """Raises UnknownKindError."""
        return self._resource(obj["apiVersion"], obj["kind"]).namespaced

    def located(self, obj: Object) -> Object:
        """The object with the namespace that it will be in: the default if it names none, none for a cluster's kind."""
        metadata = {"namespace": self.namespace, **obj["metadata"]}
        if not self.is_namespaced(obj):
            del metadata["namespace"]
        return {**obj, "metadata": metadata}

    def get(self, api_version: str, kind: str, namespace: str | None, name: str) -> Object | None:
        """The live object, or None."""
        resource = self._resource(api_version, kind)
        try:
            return self._call(self._client.get, resource, name=name, namespace=_of(resource, namespace))
        except AbsentError:
            return None

    def find(self, api_version: str, kind: str, namespace: str | None, **selectors: str) -> list[Object]:
        resource = self._resource(api_version, kind)
        return self._call(self._client.get, resource, namespace=_of(resource, namespace), **selectors)["items"]

    def apply(self, obj: Object, *, dry_run: bool = False) -> Object:
        """Server-side apply under the plugin's field manager, which takes over fields that others hold.

        A field that an earlier apply set and this one leaves out is removed. Unknown and duplicate fields are errors.
        """
        resource = self._resource(obj["apiVersion"], obj["kind"])
        metadata = obj["metadata"]
        options = {"dry_run": "All"} if dry_run else {}
        return self._call(
            self._client.server_side_apply,
            resource,
            body=obj,
            name=metadata["name"],
            namespace=_of(resource, metadata.get("namespace")),
            force_conflicts=True,
            field_manager=FIELD_MANAGER,
            query_params=[("fieldValidation", "Strict")],
            **options,
        )

    def try_create(self, obj: Object) -> Object | None:
        """Has the API server validate a new object without keeping it.

        Returns what it would make of it. None if that cannot be told: the object exists (and may be about to be
        replaced), or its namespace does not. Raises RefusedError for what the server rejects.
        """
        metadata = obj["metadata"]
        if self.get(obj["apiVersion"], obj["kind"], metadata.get("namespace"), metadata["name"]):
            # Not an apply: that would complain of immutable fields that differ from the existing object's.
            self._try_post(obj)
            return None
        try:
            return self.apply(obj, dry_run=True)
        except AbsentError:
            if metadata.get("namespace") in (None, "default"):
                raise
        # The namespace is probably made by the same update. The schema can be checked in another one.
        self.try_create({**obj, "metadata": {**metadata, "namespace": "default"}})
        return None

    def _try_post(self, obj: Object) -> None:
        resource, namespace = self._resource(obj["apiVersion"], obj["kind"]), obj["metadata"].get("namespace")
        query = [("fieldValidation", "Strict")]
        # That the name is taken is found out after everything else has been validated.
        with suppress(ConflictError):
            self._call(self._client.create, resource, body=obj, namespace=namespace, dry_run="All", query_params=query)

    def delete(self, obj: Object, propagation: str) -> None:
        """Asks for deletion; an object that is gone already is fine."""
        resource = self._resource(obj["apiVersion"], obj["kind"])
        metadata = obj["metadata"]
        with suppress(AbsentError):
            self._call(
                self._client.delete,
                resource,
                name=metadata["name"],
                namespace=_of(resource, metadata.get("namespace")),
                propagation_policy=propagation,
            )

    def _resource(self, api_version: str, kind: str) -> Any:
        from kubernetes.dynamic.exceptions import ResourceNotFoundError

        api_group, _, version = api_version.rpartition("/")
        # The look-up asks the server about every group unless one is named. The discoverer is not thread-safe.
        where = {"prefix": "apis", "group": api_group} if api_group else {"prefix": "api"}
        try:
            with self._discovery, self._refusals():
                return self._client.resources.get(**where, api_version=version, kind=kind)
        except ResourceNotFoundError as error:
            hint = " (is its CustomResourceDefinition installed?)" if "." in api_group else ""
            raise UnknownKindError(f"the API server knows no kind {kind} in {api_version}{hint}") from error

    def _call(self, method: Callable, *args: Any, **kwargs: Any) -> Any:
        with self._refusals():
            return method(*args, **kwargs, serializer=_serialized, _request_timeout=TIMEOUT)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Turns the client's exceptions into ours."""
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except ApiException as error:
            raise {404: AbsentError, 409: ConflictError}.get(error.status, RefusedError)(_message(error)) from error
        except HTTPError as error:
            raise RefusedError(f"{self.place} does not answer: {getattr(error, 'reason', None) or error}") from error


def _serialized(_: Any, document: Any) -> Any:
    # A status may say `conditions: null` where every reader expects a list or nothing.
    return without_nulls(document)


def _of(resource: Any, namespace: str | None) -> str | None:
    return namespace if resource.namespaced else None


def _message(error: Any) -> str:
    """The API server's own message."""
    try:
        return json.loads(error.body)["message"]
    except (ValueError, KeyError, TypeError):
        return f"{error.status} {error.reason}"
