"""The pods of a recorded stack, and what Kubernetes lets them do: names, addresses, network policies."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from tests.engine import Recording

#: A port that no program listens on: it stands for all others.
ANY_OTHER_PORT = 65000


@dataclass(frozen=True)
class Pod:
    """Any pod of one workload."""

    workload: str
    labels: dict[str, str]
    spec: dict

    @property
    def ports(self) -> dict[str, int]:
        return {
            port["name"]: port["containerPort"]
            for container in self.spec["containers"]
            for port in container.get("ports", [])
        }


#: All that is not a pod of the stack; no policy of its own.
OUTSIDE = Pod("outside", {}, {"containers": []})


@dataclass(frozen=True, order=True)
class Connection:
    """From a pod of one workload to a port of a pod of another, or of the same."""

    source: str
    target: str
    port: int
    protocol: str = "TCP"


def pods(stack: Recording) -> list[Pod]:
    return [
        Pod(found.inputs["metadata"]["name"], template["metadata"]["labels"], template["spec"])
        for kind in ("Deployment", "StatefulSet")
        for found in stack.of(kind)
        for template in [found.inputs["spec"]["template"]]
    ]


def policies(stack: Recording) -> list[dict]:
    return [found.inputs["spec"] for found in stack.of("NetworkPolicy")]


def selects(selector: dict, pod: Pod) -> bool:
    assert set(selector) <= {"matchLabels"}, f"not understood: {selector}"
    return pod is not OUTSIDE and selector.get("matchLabels", {}).items() <= pod.labels.items()


def allowed(stack: Recording) -> set[Connection]:
    """Every connection that the stack's network policies let happen, those with the outside included."""
    rules, ends = policies(stack), [*pods(stack), OUTSIDE]
    numbers = {port for end in ends for port in end.ports.values()} | set(_numbers(rules)) | {ANY_OTHER_PORT}
    return {
        Connection(source.workload, target.workload, port, protocol)
        for source, target in itertools.product(ends, ends)
        if not source is target is OUTSIDE
        for port, protocol in itertools.product(numbers, ("TCP", "UDP"))
        if _lets(rules, "Egress", source, target, target, port, protocol)
        and _lets(rules, "Ingress", target, source, target, port, protocol)
    }


def _lets(rules: list[dict], direction: str, pod: Pod, peer: Pod, target: Pod, port: int, protocol: str) -> bool:
    """A pod that no policy selects is open; one that several select has the rules of all."""
    own = [policy for policy in rules if direction in policy["policyTypes"] and selects(policy["podSelector"], pod)]
    if not own:
        return True
    return any(
        _peer_matches(rule.get("from" if direction == "Ingress" else "to"), peer)
        and _port_matches(rule.get("ports"), target, port, protocol)
        for policy in own
        for rule in policy.get(direction.lower(), [])
    )


def _peer_matches(peers: list[dict] | None, pod: Pod) -> bool:
    assert all(set(peer) == {"podSelector"} for peer in peers or []), f"not understood: {peers}"
    return not peers or any(selects(peer["podSelector"], pod) for peer in peers)


def _port_matches(ports: list[dict] | None, target: Pod, port: int, protocol: str) -> bool:
    assert all(set(entry) == {"port", "protocol"} for entry in ports or []), f"not understood: {ports}"
    return not ports or any(
        entry["protocol"] == protocol and target.ports.get(entry["port"], entry["port"]) == port for entry in ports
    )


def _numbers(rules: list[dict]) -> Iterator[int]:
    for policy in rules:
        for rule in (*policy.get("ingress", []), *policy.get("egress", [])):
            yield from (entry["port"] for entry in rule.get("ports", []) if isinstance(entry["port"], int))


def reached(stack: Recording, host: str, port: int | None, *, srv: bool = False) -> set[tuple[str, int]]:
    """(workload, port of its pods) behind a name as Kubernetes serves it; with `srv` the name says the port.

    OUTSIDE, if the name is none of the stack's namespace. AssertionError if it leads to no pod there.
    """
    name, _, domain = host.removesuffix(".cluster.local").partition(".")
    port_name = None
    if srv:
        port_name, name, domain = name.removeprefix("_"), *domain.removeprefix("_tcp.").split(".", 1)
    services = {_host(found.inputs): found.inputs["spec"] for found in stack.of("Service")}
    if f"{name}.{domain}" in services:
        spec, pod_name = services[f"{name}.{domain}"], None
    elif domain in services:
        # The name of one pod, below that of its headless Service.
        spec, pod_name = services[domain], name
    else:
        namespace = stack.one("Namespace").inputs["metadata"]["name"]
        assert not f"{name}.{domain}".endswith(f".{namespace}.svc"), f"{host} is the name of no Service"
        return {(OUTSIDE.workload, port)}
    found = [pod for pod in pods(stack) if selects({"matchLabels": spec["selector"]}, pod)]
    if pod_name:
        found = [pod for pod in found if pod.workload == pod_name.rpartition("-")[0]]
    (entry,) = (entry for entry in spec["ports"] if (entry["name"] == port_name if srv else entry["port"] == port))
    assert found, f"{host} leads to no pod"
    return {(pod.workload, pod.ports.get(entry["targetPort"], entry["targetPort"])) for pod in found}


def _host(service: dict) -> str:
    return f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc"
