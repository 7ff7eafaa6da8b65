"""A real Kubernetes API without nodes: etcd, the API server and the controller manager, on free ports."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from kubernetes import client, config

from local import certificates, tools
from tests.binaries import free_ports

START_SECONDS = 90


@contextlib.contextmanager
def control_plane(folder: Path) -> Iterator[Path]:
    """Path of an administrator's kubeconfig for an API server that answers, and is ended at last."""
    etcd, peer, api, controllers = free_ports(4)
    certificates.create(folder, f"https://127.0.0.1:{api}", ["127.0.0.1"])
    address = "http://127.0.0.1"
    commands = [
        f"etcd --data-dir {folder}/etcd --unsafe-no-fsync"
        f" --listen-client-urls {address}:{etcd} --advertise-client-urls {address}:{etcd}"
        f" --listen-peer-urls {address}:{peer} --initial-advertise-peer-urls {address}:{peer}"
        f" --initial-cluster default={address}:{peer}",
        f"kube-apiserver --etcd-servers={address}:{etcd} --secure-port={api} --bind-address=127.0.0.1"
        f" --advertise-address=127.0.0.1 --endpoint-reconciler-type=none --service-cluster-ip-range=10.96.0.0/16"
        f" --tls-cert-file={folder}/api-server.crt --tls-private-key-file={folder}/api-server.key"
        f" --client-ca-file={folder}/ca.crt --authorization-mode=RBAC"
        f" --service-account-issuer=https://kubernetes.default.svc"
        f" --service-account-key-file={folder}/service-account.key"
        f" --service-account-signing-key-file={folder}/service-account.key",
        f"kube-controller-manager --kubeconfig={folder}/controller-manager.kubeconfig --leader-elect=false"
        f" --secure-port={controllers} --bind-address=127.0.0.1 --root-ca-file={folder}/ca.crt"
        f" --service-account-private-key-file={folder}/service-account.key --use-service-account-credentials",
    ]
    processes = []
    try:
        for command in commands:
            processes.append(_start(command.split(), folder))
            if command.startswith("kube-apiserver"):
                _wait_until_served(folder)
        yield folder / "admin.kubeconfig"
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(timeout=30)


def _start(command: list[str], folder: Path) -> subprocess.Popen:
    program = shutil.which(command[0], path=tools.search_path())
    assert program, f"{command[0]} is not on PATH; `make up` fetches it"
    with (folder / f"{command[0]}.log").open("wb") as log:
        return subprocess.Popen([program, *command[1:]], stdout=log, stderr=log)


def _wait_until_served(folder: Path) -> None:
    """Until the namespace that every test uses is there: the API server answers before it has made it."""
    from urllib3.exceptions import HTTPError

    deadline, reason = time.monotonic() + START_SECONDS, ""
    while time.monotonic() < deadline:
        configuration = client.Configuration()
        configuration.retries = 0
        with config.new_client_from_config(str(folder / "admin.kubeconfig"), client_configuration=configuration) as api:
            try:
                client.CoreV1Api(api).read_namespace("default")
                return
            except (client.ApiException, HTTPError) as error:
                reason = str(error)
        time.sleep(0.5)
    log = (folder / "kube-apiserver.log").read_text()[-2000:]
    raise AssertionError(f"the API server does not answer: {reason}\n{log}")
