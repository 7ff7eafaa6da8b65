"""etcd, the API server, the controller manager and the scheduler: their command lines, in the order in which they
start.
"""

import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path

from local import certificates, network, progress
from local.node import LOGS, Node
from local.paths import STATE
from local.tools import ETCD, KUBERNETES

CERTIFICATES = STATE / "certificates"
KUBECONFIG = CERTIFICATES / "admin.kubeconfig"


def start(node: Node) -> None:
    """Starts what does not run yet, and returns once the API server is ready."""
    addresses = sorted({node.address, "127.0.0.1", network.KUBERNETES_SERVICE})
    certificates.create(CERTIFICATES, node.api_server, addresses)
    with progress.step("control plane: etcd, API server, controller manager, scheduler"):
        node.spawn("etcd", _etcd())
        node.spawn("kube-apiserver", _api_server(node))
        _await_ready(node)
        node.spawn("kube-controller-manager", _controller_manager())
        node.spawn("kube-scheduler", _scheduler())


def _etcd() -> list[str]:
    client, peer = f"http://127.0.0.1:{network.ETCD_PORT}", f"http://127.0.0.1:{network.ETCD_PORT + 1}"
    return [
        ETCD.program("etcd"),
        f"--data-dir={STATE / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    ]


def _api_server(node: Node) -> list[str]:
    # On loopback there is no address that a pod could reach, and the API server refuses to publish one.
    reconciler = "lease" if node.isolated else "none"
    return [
        KUBERNETES.program("kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{network.ETCD_PORT}",
        f"--service-cluster-ip-range={network.SERVICES}",
        f"--advertise-address={node.address}",
        f"--bind-address={node.address}",
        f"--secure-port={network.API_PORT}",
        f"--tls-cert-file={CERTIFICATES / 'api-server.crt'}",
        f"--tls-private-key-file={CERTIFICATES / 'api-server.key'}",
        f"--client-ca-file={CERTIFICATES / 'ca.crt'}",
        f"--kubelet-client-certificate={CERTIFICATES / 'api-server-to-kubelet.crt'}",
        f"--kubelet-client-key={CERTIFICATES / 'api-server-to-kubelet.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={CERTIFICATES / 'service-account.key'}",
        f"--service-account-signing-key-file={CERTIFICATES / 'service-account.key'}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged",
        f"--endpoint-reconciler-type={reconciler}",
    ]


def _controller_manager() -> list[str]:
    return [
        KUBERNETES.program("kube-controller-manager"),
        f"--kubeconfig={CERTIFICATES / 'controller-manager.kubeconfig'}",
        f"--service-account-private-key-file={CERTIFICATES / 'service-account.key'}",
        f"--root-ca-file={CERTIFICATES / 'ca.crt'}",
        "--use-service-account-credentials",
        f"--cluster-cidr={network.PODS}",
        "--allocate-node-cidrs",
        "--leader-elect=false",
    ]


def _scheduler() -> list[str]:
    kubeconfig = CERTIFICATES / "scheduler.kubeconfig"
    return [KUBERNETES.program("kube-scheduler"), f"--kubeconfig={kubeconfig}", "--leader-elect=false"]


def _await_ready(node: Node, seconds: float = 90) -> None:
    context = ssl.create_default_context(cafile=CERTIFICATES / "ca.crt")
    context.load_cert_chain(CERTIFICATES / "admin.crt", CERTIFICATES / "admin.key")
    deadline = time.monotonic() + seconds
    answer = "no answer"
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{node.api_server}/readyz", context=context, timeout=5).close()
            return
        except OSError as error:
            answer = str(error)
        for name in ("etcd", "kube-apiserver"):
            if not node.running(name):
                raise RuntimeError(f"{name} ended:\n{tail(LOGS / f'{name}.log')}")
        time.sleep(0.5)
    raise RuntimeError(
        f"the API server is not ready after {seconds:.0f} s ({answer}); its log is {LOGS}/kube-apiserver.log"
    )


def tail(path: Path, lines: int = 10) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else "(no log)"
