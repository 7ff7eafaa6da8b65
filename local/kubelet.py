"""What runs pods on the node: containerd, the kubelet, kube-proxy, the bridge network and cluster DNS."""

import json
import os
import time

import yaml

from local import network, progress
from local.control_plane import CERTIFICATES, tail
from local.images import CONTAINERD_SOCKET, PAUSE_IMAGE
from local.node import CGROUP, LOGS, Node
from local.paths import STATE
from local.tools import CNI_PLUGINS, CONTAINERD, COREDNS, KUBERNETES

NAME = "local"
CONFIG = STATE / "config"


def start_containerd(node: Node) -> None:
    """Returns once containerd answers."""
    _write("containerd.toml", _containerd_config())
    (CONFIG / "cni").mkdir(exist_ok=True)
    _write("cni/10-bridge.conflist", json.dumps(_cni_config(), indent=2))
    node.spawn("containerd", [CONTAINERD.program("containerd"), f"--config={CONFIG / 'containerd.toml'}"])
    for _ in range(200):
        if os.path.exists(node.outside(CONTAINERD_SOCKET)):
            return
        if not node.running("containerd"):
            break
        time.sleep(0.1)
    raise RuntimeError(f"containerd did not start:\n{tail(LOGS / 'containerd.log')}")


def start(node: Node) -> None:
    """Starts the kubelet and its helpers. The node becomes Ready a few seconds later."""
    with progress.step("node: kubelet, kube-proxy, CoreDNS"):
        _write("kubelet.yaml", yaml.safe_dump(_kubelet_config()))
        _write("Corefile", _corefile())
        node.spawn(
            "kubelet",
            [
                KUBERNETES.program("kubelet"),
                f"--config={CONFIG / 'kubelet.yaml'}",
                f"--kubeconfig={CERTIFICATES / 'kubelet.kubeconfig'}",
                f"--hostname-override={NAME}",
                f"--node-ip={node.address}",
            ],
        )
        node.spawn(
            "kube-proxy",
            [
                KUBERNETES.program("kube-proxy"),
                f"--kubeconfig={CERTIFICATES / 'kube-proxy.kubeconfig'}",
                f"--cluster-cidr={network.PODS}",
                f"--hostname-override={NAME}",
                "--conntrack-max-per-core=0",
                # Answers between two pods of one bridge would bypass the address translation.
                "--masquerade-all",
            ],
        )
        node.spawn("coredns", [COREDNS.program("coredns"), f"-conf={CONFIG / 'Corefile'}"])


def _containerd_config() -> str:
    return f"""\
version = 2
root = "{STATE / "containerd"}"
state = "/run/containerd/state"
disabled_plugins = ["io.containerd.internal.v1.opt"]

[grpc]
address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE_IMAGE}"
# Without CAP_SYS_RESOURCE a process may not lower its score, and runc fails with "EOF" if it is asked to.
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{CNI_PLUGINS.folder}"
conf_dir = "{CONFIG / "cni"}"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
"""


def _cni_config() -> dict:
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": network.NODE_PODS}]],
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": "/run/containerd/cni-addresses",
        },
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": "observability-local", "plugins": [bridge, portmap]}


def _kubelet_config() -> dict:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": False},
            "x509": {"clientCAFile": str(CERTIFICATES / "ca.crt")},
        },
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{CGROUP}",
        "clusterDNS": [network.BRIDGE],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "enforceNodeAllocatable": [],
        # A laptop's disk is often nearly full; the platform writes little.
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "failSwapOn": False,
        "podCIDR": network.NODE_PODS,
        "resolvConf": str(STATE / "resolv.conf"),
        "syncFrequency": "10s",
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
    }


def _corefile() -> str:
    return f"""\
.:53 {{
    bind {network.BRIDGE}
    kubernetes cluster.local {{
        kubeconfig {CERTIFICATES / "admin.kubeconfig"}
        ttl 5
    }}
    cache 5
}}
"""


def _write(name: str, content: str) -> None:
    CONFIG.mkdir(parents=True, exist_ok=True)
    (CONFIG / name).write_text(content)
