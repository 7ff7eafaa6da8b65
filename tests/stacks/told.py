"""Which connections the programs of a stack need: derived from what they are told, and from nothing else."""

import configparser
import json
import re
from collections.abc import Iterator

import yaml

from tests.engine import Recording, texts
from tests.stacks.pods import OUTSIDE, Connection, Pod, pods, reached

_ADDRESS = re.compile(
    r"((?P<lookup>dns|dnssrv|dnssrvnoa)\+)?((?P<scheme>https?)://)?(?P<host>[A-Za-z0-9][\w.-]*|_[\w.-]+)(:(?P<port>\d+))?(/\S*)?"
)
#: Flags whose address people open, not the program.
_LINKS = ("--alert.query-url",)
#: One's own pod.
_OWN = ("0.0.0.0", "127.0.0.1", "localhost")
_DNS = {(OUTSIDE.workload, 53, "UDP"), (OUTSIDE.workload, 53, "TCP")}
#: The Service of the API server and the usual port behind it: a network may look before or after the translation.
_API_SERVER = {443, 6443}


def needed(stack: Recording) -> set[Connection]:
    """All connections: from pods to what they are told, with names looked up, and from outside to what is published."""
    found = set()
    for pod in pods(stack):
        own = {Connection(pod.workload, *target) for target in _targets(stack, pod)}
        if own:
            own |= {Connection(pod.workload, *server) for server in _DNS}
        found |= own
    return found | {Connection(OUTSIDE.workload, *target) for target in _published(stack)}


def files(stack: Recording, pod: Pod) -> dict[str, str]:
    """What a pod's containers find in mounted ConfigMaps and Secrets, by path."""
    content = {
        (kind, found.inputs["metadata"]["name"]): found.inputs.get("data") or found.inputs.get("stringData", {})
        for kind in ("ConfigMap", "Secret")
        for found in stack.of(kind)
    }
    volumes = {}
    for volume in pod.spec.get("volumes", []):
        if "configMap" in volume:
            volumes[volume["name"]] = content[("ConfigMap", volume["configMap"]["name"])]
        elif "secret" in volume:
            # A Secret that is there already is none of the stack's.
            volumes[volume["name"]] = content.get(("Secret", volume["secret"]["secretName"]), {})
    return {
        (mount["mountPath"] if "subPath" in mount else f"{mount['mountPath']}/{key}"): text
        for container in pod.spec["containers"]
        for mount in container.get("volumeMounts", [])
        for key, text in volumes.get(mount["name"], {}).items()
        if mount.get("subPath", key) == key
    }


def _targets(stack: Recording, pod: Pod) -> Iterator[tuple[str, int]]:
    flags = [arg for container in pod.spec["containers"] for arg in container.get("args", [])]
    for arg in flags:
        if not arg.startswith(_LINKS):
            yield from _addresses(stack, arg.partition("=")[2])
    for path, text in files(stack, pod).items():
        if path.endswith("grafana.ini"):
            yield from _logging_in(stack, text)
            continue
        if "/dashboards/" in path:
            continue  # Dashboards have links for people alone.
        document = yaml.safe_load(text)
        if path.endswith("hashrings.json"):
            yield from _ring(stack, json.loads(text), capnproto="--receive.replication-protocol=capnproto" in flags)
        elif path.endswith("objstore.yml"):
            yield from _bucket(stack, document["config"])
        elif path.endswith("/etc/tempo/tempo.yaml"):
            yield from _tempo(stack, document)
        elif isinstance(document, dict) and "scrape_configs" in document:
            yield from _scraped(stack, document)
        elif isinstance(document, dict) and "static_resources" in document:
            yield from _proxied(stack, document["static_resources"]["clusters"])
        elif not (isinstance(document, dict) and "groups" in document):  # Rules have links for people alone.
            for value in texts(document):
                yield from _addresses(stack, value)


def _addresses(stack: Recording, text: str) -> Iterator[tuple[str, int]]:
    """Where a text leads to: a URL, host:port, or a name to look up; nothing, if it is none of them."""
    match = _ADDRESS.fullmatch(text)
    if not match or match["host"] in _OWN or not (match["scheme"] or match["port"] or match["lookup"]):
        return
    port = int(match["port"]) if match["port"] else {"http": 80, "https": 443, None: None}[match["scheme"]]
    yield from reached(stack, match["host"], port, srv=(match["lookup"] or "").startswith("dnssrv"))


def _ring(stack: Recording, rings: list[dict], *, capnproto: bool) -> Iterator[tuple[str, int]]:
    for ring in rings:
        for endpoint in ring["endpoints"]:
            yield from _addresses(stack, endpoint["capnproto_address" if capnproto else "address"])


def _bucket(stack: Recording, config: dict) -> Iterator[tuple[str, int]]:
    host, _, port = config["endpoint"].partition(":")
    yield from reached(stack, host, int(port or (80 if config.get("insecure") else 443)))
    if config.get("aws_sdk_auth"):
        yield OUTSIDE.workload, 443  # STS


def _logging_in(stack: Recording, text: str) -> Iterator[tuple[str, int]]:
    """grafana.ini: what Grafana itself asks of who lets people in. They are sent elsewhere by their browsers."""
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    for key in ("token_url", "api_url"):
        yield from _addresses(stack, parser.get("auth.generic_oauth", key, fallback=""))


def _tempo(stack: Recording, document: dict) -> Iterator[tuple[str, int]]:
    s3 = document["storage"]["trace"]["s3"]
    yield from _bucket(stack, {**s3, "aws_sdk_auth": "access_key" not in s3})
    for value in texts({**document, "storage": None}):
        yield from _addresses(stack, value)


def _proxied(stack: Recording, clusters: list[dict]) -> Iterator[tuple[str, int]]:
    """Envoy's clusters; a pipe leads to Envoy itself."""
    for cluster in clusters:
        for locality in cluster["load_assignment"]["endpoints"]:
            for endpoint in locality["lb_endpoints"]:
                if address := endpoint["endpoint"]["address"].get("socket_address"):
                    yield from reached(stack, address["address"], address["port_value"])


def _scraped(stack: Recording, document: dict) -> Iterator[tuple[str, int]]:
    """prometheus.yml: the pods that it finds and keeps, and every address in the rest of it."""
    for job in document["scrape_configs"]:
        discoveries = job.get("kubernetes_sd_configs", [])
        assert all(discovery["role"] == "pod" for discovery in discoveries), "only the role pod is understood"
        if discoveries:
            yield from ((OUTSIDE.workload, port) for port in _API_SERVER)
            for pod in pods(stack):
                yield from _kept(stack, pod, job.get("relabel_configs", []))
    # A target without a port has that of the scheme.
    for alertmanager in document.get("alerting", {}).get("alertmanagers", []):
        for target in texts([found["targets"] for found in alertmanager.get("static_configs", [])]):
            yield from _addresses(stack, f"{alertmanager.get('scheme', 'http')}://{target}")
    rest = [{**job, "relabel_configs": None, "metric_relabel_configs": None} for job in document["scrape_configs"]]
    for value in texts({**document, "scrape_configs": rest, "alerting": None}):
        yield from _addresses(stack, value)


def _kept(stack: Recording, pod: Pod, rules: list[dict]) -> Iterator[tuple[str, int]]:
    prefix = "__meta_kubernetes"
    namespace = stack.one("Namespace").inputs["metadata"]["name"]
    of_pod = {f"{prefix}_namespace": namespace, f"{prefix}_pod_phase": "Running", f"{prefix}_pod_ready": "true"}
    for name, value in pod.labels.items():
        clean = re.sub(r"\W", "_", name)
        of_pod |= {f"{prefix}_pod_label_{clean}": value, f"{prefix}_pod_labelpresent_{clean}": "true"}
    for container in pod.spec["containers"]:
        for port in container.get("ports", []):
            target = of_pod | {
                "__address__": f"pod:{port['containerPort']}",
                f"{prefix}_pod_ip": "pod",
                f"{prefix}_pod_container_name": container["name"],
                f"{prefix}_pod_container_port_name": port["name"],
                f"{prefix}_pod_container_port_number": str(port["containerPort"]),
                f"{prefix}_pod_container_port_protocol": "TCP",
            }
            if (relabelled := _relabel(target, rules)) is not None:
                yield pod.workload, int(relabelled["__address__"].rpartition(":")[2])


def _relabel(target: dict[str, str], rules: list[dict]) -> dict[str, str] | None:
    """What is left of a target, or None if a rule drops it. Rules that only name labels for people change nothing."""
    target = dict(target)
    for rule in rules:
        value = rule.get("separator", ";").join(target.get(label, "") for label in rule.get("source_labels", []))
        match = re.fullmatch(rule.get("regex", "(.*)"), value, re.DOTALL)
        action = rule.get("action", "replace")
        assert action in ("keep", "drop", "replace", "labelmap", "labeldrop", "labelkeep"), f"not understood: {rule}"
        if (action == "keep" and not match) or (action == "drop" and match):
            return None
        if action == "replace" and match:
            replacement = re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", rule.get("replacement", "$1"))
            target[rule["target_label"]] = match.expand(replacement)
    return target


def _published(stack: Recording) -> Iterator[tuple[str, int]]:
    """What the stack's outputs promise to others: by a Service's own name, or by that of its load balancer."""
    balanced = {
        annotations["external-dns.alpha.kubernetes.io/hostname"]: f"{found.inputs['metadata']['name']}."
        f"{found.inputs['metadata']['namespace']}.svc"
        for found in stack.of("Service")
        if (annotations := found.inputs["metadata"].get("annotations"))
    }
    for text in texts(stack.exports):
        for host, name in balanced.items():
            text = re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w.-])", name, text)
        yield from _addresses(stack, text)
