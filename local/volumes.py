"""Volumes of the one-node cluster: a StorageClass, and the provisioner behind it, which gives each claim a folder.

Runs as a process of the node: `python -m local.volumes`. It does the work of a CSI driver and its resizer: claims are
bound, grow and are cleaned up. A folder has no size, so growing is a matter of record.
"""

import shutil
import sys
import time

from kubernetes import client, config

from local.answers import EXISTS, GONE, unless
from local.control_plane import KUBECONFIG
from local.node import Node
from local.paths import STATE
from render import units

STORAGE_CLASS = "standard"
PROVISIONER = "observability.local/folder"
FOLDERS = STATE / "volumes"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"


def start(node: Node) -> None:
    """Makes the StorageClass and starts the provisioner."""
    make_storage_class(client.StorageV1Api(config.new_client_from_config(str(KUBECONFIG))))
    node.spawn("volumes", [sys.executable, "-m", "local.volumes"])


def make_storage_class(api: client.StorageV1Api) -> None:
    metadata = client.V1ObjectMeta(
        name=STORAGE_CLASS, annotations={"storageclass.kubernetes.io/is-default-class": "true"}
    )
    storage_class = client.V1StorageClass(
        metadata=metadata,
        provisioner=PROVISIONER,
        volume_binding_mode="WaitForFirstConsumer",
        reclaim_policy="Delete",
        allow_volume_expansion=True,
    )
    with unless(EXISTS):
        api.create_storage_class(storage_class)


def provision(api: client.CoreV1Api) -> None:
    """One round: a volume for each waiting claim, more capacity for each that asks for it; each released volume and its
    folder removed.
    """
    for claim in api.list_persistent_volume_claim_for_all_namespaces().items:
        if claim.spec.storage_class_name != STORAGE_CLASS:
            continue
        chosen = (claim.metadata.annotations or {}).get("volume.kubernetes.io/selected-node")
        if claim.status.phase == "Pending" and chosen:
            _create(api, claim)
        if claim.status.phase == "Bound":
            with unless(GONE):
                _grow(api, claim)
    for volume in api.list_persistent_volume().items:
        ours = (volume.metadata.annotations or {}).get(_PROVISIONED_BY) == PROVISIONER
        if ours and volume.status.phase == "Released":
            shutil.rmtree(volume.spec.host_path.path, ignore_errors=True)
            with unless(GONE):
                api.delete_persistent_volume(volume.metadata.name)


def _create(api: client.CoreV1Api, claim: client.V1PersistentVolumeClaim) -> None:
    name = f"pvc-{claim.metadata.uid}"
    folder = FOLDERS / name
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)  # a folder of the host ignores a pod's fsGroup
    volume = client.V1PersistentVolume(
        metadata=client.V1ObjectMeta(name=name, annotations={_PROVISIONED_BY: PROVISIONER}),
        spec=client.V1PersistentVolumeSpec(
            capacity=claim.spec.resources.requests,
            access_modes=claim.spec.access_modes,
            storage_class_name=STORAGE_CLASS,
            persistent_volume_reclaim_policy="Delete",
            claim_ref=client.V1ObjectReference(
                kind="PersistentVolumeClaim",
                api_version="v1",
                name=claim.metadata.name,
                namespace=claim.metadata.namespace,
                uid=claim.metadata.uid,
            ),
            host_path=client.V1HostPathVolumeSource(path=str(folder), type="Directory"),
        ),
    )
    with unless(EXISTS):  # made in the round before; the claim is not bound yet
        api.create_persistent_volume(volume)


def _grow(api: client.CoreV1Api, claim: client.V1PersistentVolumeClaim) -> None:
    wanted, granted = claim.spec.resources.requests["storage"], claim.status.capacity["storage"]
    if units.quantity(wanted) <= units.quantity(granted):
        return
    # The volume first: to the kubelet a claim that is larger than its volume is an error.
    api.patch_persistent_volume(claim.spec.volume_name, {"spec": {"capacity": {"storage": wanted}}})
    api.patch_namespaced_persistent_volume_claim_status(
        claim.metadata.name, claim.metadata.namespace, {"status": {"capacity": {"storage": wanted}}}
    )


def main() -> None:
    api = client.CoreV1Api(config.new_client_from_config(str(KUBECONFIG)))
    while True:
        try:
            provision(api)
        except Exception as error:  # the API server may be away for a moment; the next round sees the same claims
            print(f"{type(error).__name__}: {error}", flush=True)
        time.sleep(1)


if __name__ == "__main__":
    main()
