"""What holds for every object of every stack, in production and local. Goldens alone would freeze a nonsense value."""

import configparser
import json
import re

import kubernetes_validate
import pytest
import yaml

import labels
from tests.engine import ROOT, Recording, Resource, texts
from tests.stacks import built

KUBERNETES = "1.34"
#: Kinds that belong to no namespace.
CLUSTER_WIDE = ("Namespace", "PriorityClass")
#: Kinds that Kubernetes does not have of itself; their schemas are those of who brings them.
ARGO_CD = "argoproj.io/v1alpha1"
CUSTOM = ("cert-manager.io/v1", ARGO_CD)
#: Secrets that are there before the stack, or are filled by cert-manager.
GIVEN = {"gateway-tls"}
IMAGE = re.compile(r"[a-z0-9.-]+\.[a-z]+(/[a-z0-9-]+)+:(distroless-)?v?\d+\.\d+\.\d+(-alpine)?(@sha256:[0-9a-f]{64})?")


@pytest.fixture(params=built.ALL, ids=built.IDS)
def stack(request) -> Recording:
    return built.build(*request.param)


def workloads(stack: Recording) -> list[Resource]:
    found = [*stack.of("Deployment"), *stack.of("StatefulSet")]
    assert found, "a stack without workloads would pass every check on them"
    return found


def containers(stack: Recording) -> list[dict]:
    return [container for found in workloads(stack) for container in pod_spec(found)["containers"]]


def pod_spec(workload: Resource) -> dict:
    return workload.inputs["spec"]["template"]["spec"]


def test_every_object_is_valid_for_its_schema_with_no_unknown_field(stack):
    native = [found for found in stack.kubernetes() if found.inputs["apiVersion"] not in CUSTOM]
    assert native
    for found in native:
        kubernetes_validate.validate(found.manifest, KUBERNETES, strict=True)


def test_the_schema_check_notices_a_misspelt_field():
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "dada": {}}
    with pytest.raises(kubernetes_validate.ValidationError, match="dada"):
        kubernetes_validate.validate(config_map, KUBERNETES, strict=True)


def test_no_two_resources_share_a_urn(stack):
    urns = [found.urn for found in stack.resources]
    assert len(set(urns)) == len(urns)


def test_no_two_objects_share_kind_namespace_and_name(stack):
    keys = [
        (found.type, found.inputs["metadata"].get("namespace"), found.inputs["metadata"]["name"])
        for found in stack.kubernetes()
    ]
    assert len(set(keys)) == len(keys)


def test_every_object_goes_to_the_explicit_cluster_into_the_stacks_namespace(stack):
    namespace = stack.one("Namespace").inputs["metadata"]["name"]
    for found in stack.kubernetes():
        assert "::cluster::" in found.provider, f"{found.name} would go to whatever context is current"
        if found.kind not in CLUSTER_WIDE:
            wanted = "argocd" if found.inputs["apiVersion"] == ARGO_CD else namespace
            assert found.inputs["metadata"]["namespace"] == wanted, found.name


def test_every_object_carries_the_recommended_labels(stack):
    for found in stack.kubernetes():
        given = found.inputs["metadata"]["labels"]
        assert given.items() >= labels.OURS.items(), found.name
        # Argo CD takes the label of the instance for that of the Application which an object belongs to.
        if found.kind not in CLUSTER_WIDE and found.inputs["apiVersion"] != ARGO_CD:
            assert {"app.kubernetes.io/name", "app.kubernetes.io/component", "app.kubernetes.io/instance"} <= set(given)


def test_every_selector_finds_exactly_the_pods_of_one_workload(stack):
    pods = [found.inputs["spec"]["template"]["metadata"]["labels"] for found in workloads(stack)]
    selectors = [found.inputs["spec"]["selector"] for found in stack.of("Service")]
    selectors += [found.inputs["spec"]["selector"]["matchLabels"] for found in stack.of("PodDisruptionBudget")]
    selectors += [found.inputs["spec"]["selector"]["matchLabels"] for found in workloads(stack)]
    for selector in selectors:
        assert [selector.items() <= pod.items() for pod in pods].count(True) == 1, selector


def test_every_image_is_pinned_to_a_version(stack):
    for container in containers(stack):
        assert IMAGE.fullmatch(container["image"]), container["image"]


def test_every_flag_has_a_value_and_no_host_is_empty(stack):
    for container in containers(stack):
        for arg in container["args"]:
            assert not arg.endswith("="), arg
            assert "=:" not in arg, arg
            assert "//:" not in arg, arg


def test_every_address_that_is_published_has_a_host_and_a_port(stack):
    published = texts(stack.exports)
    assert [published[index - 1] for index, text in enumerate(published) if not text] == absent(stack)
    urls = [text for text in published if text.startswith("http")]
    assert urls
    for url in urls:
        assert re.match(r"http://[a-z0-9][a-z0-9.-]+:\d{2,5}(/|$)|https://[a-z0-9][a-z0-9.-]+(/|$)", url), url


def absent(stack: Recording) -> list[str]:
    """The addresses of what the stack does not have."""
    there = {found.inputs["metadata"]["labels"]["app.kubernetes.io/component"] for found in workloads(stack)}
    possible = {"tempo_http_url": "tempo", "otlp_url": "tempo", "grafana_url": "grafana"}
    if "global" in stack.exports:
        possible = {"grafana_url": "grafana"}
    return [key for key, component in possible.items() if component not in there]


def test_service_ports_lead_to_container_ports(stack):
    for service in stack.of("Service"):
        selector = service.inputs["spec"]["selector"].items()
        (pod,) = [
            found
            for found in workloads(stack)
            if selector <= found.inputs["spec"]["template"]["metadata"]["labels"].items()
        ]
        ports = [port["name"] for container in pod_spec(pod)["containers"] for port in container["ports"]]
        for port in service.inputs["spec"]["ports"]:
            assert port["port"] > 0
            assert ports.count(port["targetPort"]) == 1, f"{service.name} leads nowhere, or to one of several"


def test_every_mounted_volume_exists(stack):
    config_maps = {found.inputs["metadata"]["name"] for found in stack.of("ConfigMap")}
    secrets = {found.inputs["metadata"]["name"] for found in stack.of("Secret")}
    for workload in workloads(stack):
        volumes = {volume["name"]: volume for volume in pod_spec(workload).get("volumes", [])}
        claims = {claim["metadata"]["name"] for claim in workload.inputs["spec"].get("volumeClaimTemplates", [])}
        mounts = {
            mount["name"]
            for container in pod_spec(workload)["containers"]
            for mount in container.get("volumeMounts", [])
        }
        assert mounts == set(volumes) | claims
        for volume in volumes.values():
            assert volume.get("configMap", {}).get("name") in config_maps | {None}
            assert volume.get("secret", {}).get("secretName") in secrets | GIVEN | {None}


def test_pods_pass_the_restricted_pod_security_standard(stack):
    for workload in workloads(stack):
        spec = pod_spec(workload)
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
        assert all(set(volume) - {"name"} <= {"configMap", "secret", "emptyDir"} for volume in spec.get("volumes", []))
        for container in spec["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert not any("hostPort" in port for port in container["ports"])


def test_pods_have_a_priority_that_the_stack_defines(stack):
    defined = {found.inputs["metadata"]["name"]: found.inputs["value"] for found in stack.of("PriorityClass")}
    for workload in workloads(stack):
        assert 0 < defined[pod_spec(workload)["priorityClassName"]] < 1_000_000_000


def test_every_workload_has_a_service_account_of_its_own(stack):
    accounts = {found.inputs["metadata"]["name"] for found in stack.of("ServiceAccount")}
    used = [pod_spec(workload)["serviceAccountName"] for workload in workloads(stack)]
    assert set(used) == accounts
    assert len(used) == len(accounts)


def test_every_volume_of_a_stateful_set_is_a_claim_that_can_grow_and_stays(stack):
    claims = {found.inputs["metadata"]["name"]: found for found in stack.of("PersistentVolumeClaim")}
    wanted = set()
    for found in stack.of("StatefulSet"):
        for template in found.inputs["spec"].get("volumeClaimTemplates", []):
            for ordinal in range(found.inputs["spec"]["replicas"]):
                name = f"{template['metadata']['name']}-{found.inputs['metadata']['name']}-{ordinal}"
                assert claims[name].inputs["spec"] == template["spec"]
                wanted.add(name)
            assert found.ignore_changes == ("spec.volumeClaimTemplates",), "a new size would replace the set"
    assert wanted == set(claims)
    assert all(claim.retained for claim in claims.values())


def test_no_pod_but_prometheus_which_looks_for_pods_has_a_token_of_the_api_server(stack):
    for found in workloads(stack):
        component = found.inputs["metadata"]["labels"]["app.kubernetes.io/component"]
        assert pod_spec(found)["automountServiceAccountToken"] is (component == "prometheus"), found.name
    assert all(found.inputs["automountServiceAccountToken"] is False for found in stack.of("ServiceAccount"))


def test_a_token_is_good_for_reading_pods_of_the_namespace_and_nothing_else(stack):
    assert stack.of("ClusterRole") == stack.of("ClusterRoleBinding") == []
    for role in stack.kubernetes():
        if role.kind == "Role":
            assert role.inputs["rules"] == [
                {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}
            ]


def test_pods_have_probes_a_memory_limit_and_no_cpu_limit(stack):
    for container in containers(stack):
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        assert set(container["resources"]["limits"]) == {"memory"}


def test_a_pod_may_finish_its_requests_before_it_is_killed(stack):
    for workload in workloads(stack):
        grace = pod_spec(workload)["terminationGracePeriodSeconds"]
        if workload.inputs["metadata"]["labels"]["app.kubernetes.io/name"] == "tempo":
            assert 20 <= grace <= 60, "it may hang when it is asked to stop, and takes nothing until it is killed"
        else:
            assert grace >= 150, "Thanos waits two minutes for requests in flight"


def test_a_pod_stops_only_when_query_has_found_out_that_it_goes(stack):
    [query] = [found for found in stack.of("Deployment") if found.name.endswith("-query")]
    flags = dict(flag.split("=", 1) for flag in pod_spec(query)["containers"][0]["args"] if "=" in flag)
    looked_up = int(flags["--store.sd-dns-interval"].removesuffix("s"))
    names = re.findall(
        r"dnssrv\+_grpc\._tcp\.([a-z0-9-]+)\.", "\n".join(texts([each.inputs for each in stack.of("ConfigMap")]))
    )
    asked = [found for found in stack.of("StatefulSet") if found.inputs["spec"]["serviceName"] in names]

    regional = any("ingester" in found.name for found in stack.of("StatefulSet"))
    assert bool(asked) == regional, "the global Query knows regions by name"
    for workload in asked:
        for container in pod_spec(workload)["containers"]:
            pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
            assert pause >= looked_up + 5 + 5, f"{workload.name}: a name is cached for 5 s, and Query looks every 5 s"


def test_every_workload_can_be_drained_and_is_spread_over_nodes(stack):
    budgets = [found.inputs["spec"]["selector"]["matchLabels"] for found in stack.of("PodDisruptionBudget")]
    for workload in workloads(stack):
        assert workload.inputs["spec"]["selector"]["matchLabels"] in budgets
        spread = {
            rule["topologyKey"]: rule["whenUnsatisfiable"] for rule in pod_spec(workload)["topologySpreadConstraints"]
        }
        assert spread == {
            "kubernetes.io/hostname": "DoNotSchedule",
            "topology.kubernetes.io/zone": "ScheduleAnyway",
        }
    for budget in stack.of("PodDisruptionBudget"):
        assert budget.inputs["spec"]["maxUnavailable"] >= 1, "a drain of nodes would wait for ever"


def test_no_pod_rolls_for_a_file_that_is_reloaded(stack):
    for workload in workloads(stack):
        assert "annotations" not in workload.inputs["spec"]["template"]["metadata"], "a checksum would roll the pods"


def test_no_secret_is_in_anything_but_secrets_and_their_revision(stack):
    for found in stack.resources:
        if found.kind == "Secret":
            assert found.secrets == ("stringData",)
        elif found.kind == "RandomId":
            assert found.secrets in ((), ("keepers",))
        else:
            assert found.secrets == (), f"{found.type} {found.name} got a secret"
            assert not any(known in text for text in texts(found.inputs) for known in secrets(stack)), found.name


def test_tokens_are_exported_for_those_who_deploy_agents_and_no_other_secret_is(stack):
    exports = dict(stack.exports)
    edges, password = exports.pop("edges", {}), exports.pop("grafana_admin_password", None)
    assert {password} - {None} <= secrets(stack)
    assert not any(known in text for text in texts(exports) for known in secrets(stack))
    assert {edge: set(credential) for edge, credential in edges.items()} == {edge: {"url", "token"} for edge in edges}
    assert not any(key in text for text in texts(edges) for key in built.KEYS.values())


def secrets(stack: Recording) -> set[str]:
    """Keys and tokens that the stack knows."""
    routes = [text for found in stack.of("Secret", "routes") for text in texts(found.inputs["stringData"])]
    tokens = set(re.findall(r"Bearer (\w+)", "".join(routes)))
    assert bool(tokens) == bool(stack.exports.get("edges"))
    grafana = [text for found in stack.of("Secret", "grafana") for text in found.inputs["stringData"].values()]
    return {*built.KEYS.values(), *tokens, *grafana}


def test_only_the_compactor_and_tempo_may_delete_objects_each_in_its_bucket(stack):
    allowed = set()
    for policy in stack.of("RolePolicy"):
        actions = [
            action for statement in json.loads(policy.inputs["policy"])["Statement"] for action in statement["Action"]
        ]
        assert actions
        assert not any("*" in action for action in actions), policy.name
        if any("Delete" in action for action in actions):
            allowed.add(policy.name)
    owners = [*stack.of("RolePolicy", "metrics-compactor"), *stack.of("RolePolicy", "traces-tempo")]
    assert allowed == {found.name for found in owners}
    assert len(allowed) == len(stack.of("Bucket"))


def test_documents_in_config_maps_parse(stack):
    for config_map in stack.of("ConfigMap"):
        for name, text in config_map.inputs["data"].items():
            if name.endswith(".ini"):
                configparser.RawConfigParser().read_string(text)
            else:
                assert yaml.safe_load(text)


@pytest.mark.parametrize("stack_name", built.STACKS)
def test_committed_stack_files_hold_no_secret(stack_name):
    for folder in ("", "local/"):
        text = (ROOT / f"{folder}Pulumi.{stack_name}.yaml").read_text()
        assert not re.search(r"\bsecure:", text)
        assert "encryptionsalt" not in text
