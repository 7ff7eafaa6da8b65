"""The provider: what the engine asks for, in terms of one cluster.

Inputs are an object's manifest, outputs the live object. An id is `namespace/name`, or `name` where there is none.
"""

import asyncio
import os
import random
from collections.abc import Awaitable
from typing import Any

from pulumi.provider.experimental import provider as rpc
from pulumi.provider.experimental.property_value import PropertyValue

from local.plugins.kubernetes import diffs, fields, objects, ready
from local.plugins.kubernetes.cluster import AbsentError, Cluster, Settings, UnknownKindError, UnreachableError
from local.plugins.kubernetes.fields import Object
from local.plugins.kubernetes.server import Engine, NotReadyError
from local.plugins.serving import RefusedError, token
from local.plugins.values import UNKNOWN, has_unknown, plain_map, wrap, wrap_map

Properties = dict[str, PropertyValue]
NO_AWAIT = "PULUMI_K8S_STAND_IN_AWAIT"
SKIP_AWAIT = "pulumi.com/skipAwait"
TIMEOUT_SECONDS = "pulumi.com/timeoutSeconds"
PROPAGATION = "pulumi.com/deletionPropagationPolicy"
DELETE_HINT = ". If the cluster is gone for good, run again with PULUMI_K8S_DELETE_UNREACHABLE=true"


class Kubernetes(rpc.Provider):
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._settings = Settings()
        self._connection: asyncio.Task[Cluster | UnreachableError] | None = None
        self._warned = False
        self._cancelled = asyncio.Event()
        self._awaits = os.environ.get(NO_AWAIT, "").lower() != "false"

    async def diff_config(self, request: rpc.DiffRequest) -> rpc.DiffResponse:
        # The engine finds out what changes: the SDK's server passes `changes=True` on as the protocol's "none".
        replaces = diffs.moved(plain_map(request.old_state), plain_map(request.new_inputs))
        return rpc.DiffResponse(replaces=replaces)

    async def configure(self, request: rpc.ConfigureRequest) -> rpc.ConfigureResponse:
        given = plain_map(request.args)
        unknown = has_unknown(given)
        if not unknown:
            self._settings = Settings(
                kubeconfig=given.get("kubeconfig") or "",
                context=given.get("context") or "",
                namespace=given.get("namespace") or "",
                config_map_mutable=_switch(given, "enableConfigMapMutable", "ENABLE_CONFIGMAP_MUTABLE"),
                secret_mutable=_switch(given, "enableSecretMutable", "ENABLE_SECRET_MUTABLE"),
                takes_over=_switch(given, "upsertExistingObjects", "UPSERT_EXISTING_OBJECTS"),
                deletes_unreachable=_switch(given, "deleteUnreachable", "DELETE_UNREACHABLE"),
                skips_unreachable=_switch(given, "skipUpdateUnreachable", "SKIP_UPDATE_UNREACHABLE"),
            )
        # Connecting takes a second or two; the program goes on meanwhile.
        self._connection = asyncio.create_task(self._connect(unknown))
        return rpc.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: rpc.CheckRequest) -> rpc.CheckResponse:
        if self._settings.skips_unreachable and not await self._reached():
            await self._engine.warn("the cluster is unreachable: not updated (skipUpdateUnreachable)", request.urn)
            return rpc.CheckResponse(inputs=request.old_inputs)
        inputs = dict(request.new_inputs)
        obj = objects.without_nulls(plain_map(inputs))
        if problem := objects.unsupported(token(request.urn), obj):
            return rpc.CheckResponse(inputs=inputs, failures=[rpc.CheckFailure("kind", problem)])
        metadata = obj.get("metadata", {})
        if metadata is not UNKNOWN and "generateName" in metadata:
            reason = "is not supported; without metadata.name a name is made up"
            return rpc.CheckResponse(inputs=inputs, failures=[rpc.CheckFailure("metadata.generateName", reason)])
        try:
            namespaced = await self._is_namespaced(obj)
        except UnknownKindError as error:
            return rpc.CheckResponse(inputs=inputs, failures=[rpc.CheckFailure("kind", str(error))])
        if metadata is not UNKNOWN:
            inputs["metadata"] = wrap(self._completed(request, metadata, namespaced), inputs.get("metadata"))
        for key in objects.secret_keys(obj) & inputs.keys():
            inputs[key] = inputs[key].with_secret(True)
        return rpc.CheckResponse(inputs=inputs)

    async def diff(self, request: rpc.DiffRequest) -> rpc.DiffResponse:
        old = objects.without_nulls(plain_map(request.old_state))
        new = objects.without_nulls(plain_map(request.new_inputs))
        namespace, _ = objects.parse_id(request.resource_id)
        for obj in (old, new):
            # Whether a custom kind has a namespace may not have been known when either was checked.
            if namespace and isinstance(obj.get("metadata"), dict) and not fields.is_built_in(fields.group(obj)):
                obj["metadata"].setdefault("namespace", namespace)
        return diffs.response(old, new, self._settings)

    async def create(self, request: rpc.CreateRequest) -> rpc.CreateResponse:
        obj = objects.without_nulls(plain_map(request.properties))
        if request.preview:
            cluster = await self._reached()
            if cluster and not has_unknown(obj):
                await self._dry_run(cluster.try_create, cluster, obj, request.properties)
            return rpc.CreateResponse(properties={**request.properties, "status": wrap(UNKNOWN)})
        cluster = await self._required()
        obj = await asyncio.to_thread(cluster.located, obj)
        name = objects.make_id(obj)
        if not self._settings.takes_over and await asyncio.to_thread(cluster.get, *objects.address(obj)):
            raise RefusedError(f"{obj['kind']} {name} exists already in the cluster. Import it, or delete it first.")
        live = await self._redacted(asyncio.to_thread(cluster.apply, obj), request.properties)
        outputs = await self._settled(cluster, live, request)
        return rpc.CreateResponse(resource_id=name, properties=outputs)

    async def update(self, request: rpc.UpdateRequest) -> rpc.UpdateResponse:
        obj = objects.without_nulls(plain_map(request.news))
        if request.preview:
            cluster, live = await self._reached(), None
            if cluster and not has_unknown(obj):
                live = await self._dry_run(lambda o: cluster.apply(o, dry_run=True), cluster, obj, request.news)
            outputs = objects.outputs(live, request.news) if live else {**request.olds, **request.news}
            return rpc.UpdateResponse(properties=outputs)
        cluster = await self._required()
        obj = await asyncio.to_thread(cluster.located, obj)
        live = await self._redacted(asyncio.to_thread(cluster.apply, obj), request.news)
        return rpc.UpdateResponse(properties=await self._settled(cluster, live, request))

    async def read(self, request: rpc.ReadRequest) -> rpc.ReadResponse:
        if await self._forgotten():
            return rpc.ReadResponse(resource_id="")
        if self._settings.skips_unreachable and not await self._reached():
            return rpc.ReadResponse(
                resource_id=request.resource_id, properties=request.properties, inputs=request.inputs
            )
        cluster = await self._required(DELETE_HINT)
        api_version, kind = objects.split_token(token(request.urn))
        namespace, name = objects.parse_id(request.resource_id)
        try:
            live = await asyncio.to_thread(cluster.get, api_version, kind, namespace, name)
        except UnknownKindError:
            live = None
        if live is None:
            return rpc.ReadResponse(resource_id="")
        old = objects.without_nulls(plain_map(request.inputs))
        if not old:
            imported = objects.importable(live)
            inputs = wrap_map(imported, secret=objects.secret_keys(live))
        else:
            try:
                applied = await asyncio.to_thread(lambda: cluster.apply(cluster.located(old), dry_run=True))
            except RefusedError:
                applied = old
            seen = objects.observed_inputs(old, live, applied)
            inputs = request.inputs if seen == old else wrap_map(seen, request.inputs, secret=objects.secret_keys(live))
        outputs = objects.outputs(live, inputs)
        return rpc.ReadResponse(resource_id=request.resource_id, properties=outputs, inputs=inputs)

    async def delete(self, request: rpc.DeleteRequest) -> None:
        if await self._forgotten():
            return
        cluster = await self._required(DELETE_HINT)
        api_version, kind = objects.split_token(token(request.urn))
        namespace, name = objects.parse_id(request.resource_id)
        try:
            live = await asyncio.to_thread(cluster.get, api_version, kind, namespace, name)
        except UnknownKindError:
            # Its definition is gone, and took its objects along.
            return
        if live is None:
            return
        # In the foreground a workload outlives its pods, so that a replacement of the same name starts from nothing.
        default = "Foreground" if self._awaits and fields.group(live) in ("apps", "batch") else "Background"
        propagation = objects.annotations(live).get(PROPAGATION, default).capitalize()
        await asyncio.to_thread(cluster.delete, live, propagation)
        if self._awaits:
            await ready.until_gone(cluster, live, request.timeout or ready.DEFAULT_TIMEOUT, self._cancelled)

    async def cancel(self) -> None:
        self._cancelled.set()

    async def _connect(self, unknown: bool) -> Cluster | UnreachableError:
        if unknown:
            return UnreachableError("the provider's configuration is not known yet")
        try:
            return await asyncio.to_thread(Cluster, self._settings)
        except UnreachableError as error:
            return error

    async def _reached(self) -> Cluster | None:
        """The cluster, or None and a warning, once, that objects go unchecked."""
        connected = await self._connection if self._connection else None
        if isinstance(connected, Cluster):
            return connected
        if not self._warned:
            self._warned = True
            await self._engine.warn(f"Kubernetes objects are not validated by a dry run: {connected}")
        return None

    async def _required(self, hint: str = "") -> Cluster:
        connected = await self._connection if self._connection else None
        if isinstance(connected, Cluster):
            return connected
        raise RefusedError(f"no Kubernetes cluster to work on: {connected}{hint}")

    async def _forgotten(self) -> bool:
        """Whether an object counts as gone because its cluster is."""
        return self._settings.deletes_unreachable and not await self._reached()

    async def _is_namespaced(self, obj: Object) -> bool | None:
        """None where only a cluster could tell. Raises UnknownKindError for a built-in kind that the cluster lacks."""
        cluster = await self._reached()
        built_in = fields.is_built_in(fields.group(obj))
        try:
            from_server = await asyncio.to_thread(cluster.is_namespaced, obj) if cluster else None
        except UnknownKindError:
            # The definition of a custom kind may be made by the same update.
            if built_in:
                raise
            return None
        return fields.is_namespaced(obj) if built_in else from_server

    def _completed(self, request: rpc.CheckRequest, metadata: Object, namespaced: bool | None) -> Object:
        """The metadata with a name and, if the kind has one, a namespace."""
        metadata = dict(metadata)
        if not metadata.get("name"):
            old = plain_map(request.old_inputs)
            if old and objects.is_autonamed(old):
                metadata["name"] = old["metadata"]["name"]
            else:
                suffix = random.Random(request.random_seed).randbytes(4).hex()
                metadata["name"] = f"{request.name}-{suffix}".lower()
            metadata["annotations"] = {**objects.annotations({"metadata": metadata}), objects.AUTONAMED: "true"}
        if namespaced is False:
            metadata.pop("namespace", None)
        elif namespaced and not metadata.get("namespace"):
            metadata["namespace"] = self._default_namespace()
        return metadata

    def _default_namespace(self) -> str:
        connected = self._connection.result() if self._connection else None
        return connected.namespace if isinstance(connected, Cluster) else self._settings.namespace or "default"

    async def _dry_run(self, attempt: Any, cluster: Cluster, obj: Object, properties: Properties) -> Object | None:
        """What the API server would make of the object; None if it cannot tell yet."""
        try:
            located = await asyncio.to_thread(cluster.located, obj)
            return await self._redacted(asyncio.to_thread(attempt, located), properties)
        except (UnknownKindError, AbsentError):
            return None

    async def _redacted(self, answer: Awaitable[Object], properties: Properties) -> Object:
        """API servers quote the values that they reject, so secrets are taken out of the message."""
        try:
            return await answer
        except RefusedError as error:
            raise type(error)(objects.redacted(str(error), properties)) from error

    async def _settled(self, cluster: Cluster, live: Object, request: Any) -> Properties:
        """The outputs of the object once it is ready. Raises NotReadyError."""
        inputs = request.properties if isinstance(request, rpc.CreateRequest) else request.news
        annotations = objects.annotations(live)
        if not self._awaits or annotations.get(SKIP_AWAIT) == "true":
            return objects.outputs(live, inputs)
        seconds = request.timeout or float(annotations.get(TIMEOUT_SECONDS) or ready.DEFAULT_TIMEOUT)

        async def say(message: str) -> None:
            await self._engine.status(request.urn, message)

        live, problems = await ready.until_ready(cluster, live, seconds, self._cancelled, say)
        outputs = objects.outputs(live, inputs)
        if problems:
            name = objects.make_id(live)
            raise NotReadyError(name, outputs, [f"{live['kind']} {name}: {problems[0]}", *problems[1:]])
        return outputs


def _switch(given: dict, key: str, variable: str) -> bool:
    """A provider's option, else the environment's."""
    value = given.get(key)
    return (os.environ.get(f"PULUMI_K8S_{variable}") if value is None else value) in (True, "true")
