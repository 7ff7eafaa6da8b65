"""The Prometheus servers of the central cluster."""

import pytest
import yaml

from components import Prometheus
from tests.components.args import PROMETHEUS
from tests.engine import build, flag

TLS = {"secret": "grpc", "server_name": "thanos.example"}
REMOTE_WRITE = {"mode": "remoteWrite", "role_arn": None, "objstore_secret": None}


def prometheus(**changes):
    return build(lambda: Prometheus("eu-prometheus", {**PROMETHEUS, **changes}))


def pod(recording) -> dict:
    return recording.one("StatefulSet").inputs["spec"]["template"]["spec"]


def containers(recording) -> dict[str, dict]:
    return {container["name"]: container for container in pod(recording)["containers"]}


def configuration(recording) -> dict:
    return yaml.safe_load(recording.one("ConfigMap", "config").inputs["data"]["prometheus.yml"])


def config_maps(recording) -> dict[str, str]:
    """What each volume of configuration is filled with."""
    return {
        volume["name"]: volume["configMap"]["name"] for volume in pod(recording)["volumes"] if "configMap" in volume
    }


def outputs(recording) -> dict:
    (found,) = recording.outputs.values()
    return found


def test_new_rules_roll_the_pods_and_the_same_rules_do_not():
    changed = prometheus(rules={"stack.yaml": "groups: [{name: a, rules: []}]\n"})
    assert pod(prometheus()) == pod(prometheus())
    assert config_maps(changed)["rules"] != config_maps(prometheus())["rules"]
    assert config_maps(changed)["config"] == config_maps(prometheus())["config"]
    assert config_maps(changed)["rules"] == changed.one("ConfigMap", "rules").inputs["metadata"]["name"]


def test_a_new_configuration_rolls_the_pods():
    assert config_maps(prometheus(scrape_interval="15s"))["config"] != config_maps(prometheus())["config"]


def test_every_rule_file_is_read_whatever_its_name_ends_in():
    recording = prometheus(rules={"b.yml": "groups: []\n", "a.rules": "groups: []\n"})
    mounts = {mount["name"]: mount["mountPath"] for mount in containers(recording)["prometheus"]["volumeMounts"]}
    files = recording.one("ConfigMap", "rules").inputs["data"]
    assert configuration(recording)["rule_files"] == [f"{mounts['rules']}/{name}" for name in sorted(files)]
    assert flag(containers(recording)["prometheus"], "--config.file") == f"{mounts['config']}/prometheus.yml"


def test_a_sidecar_uploads_from_the_volume_of_its_prometheus():
    found = containers(prometheus())
    assert set(found) == {"prometheus", "sidecar"}
    assert flag(found["sidecar"], "--tsdb.path") == flag(found["prometheus"], "--storage.tsdb.path") == "/data"
    for container in found.values():
        assert {"name": "data", "mountPath": "/data"} in container["volumeMounts"]
    assert flag(found["sidecar"], "--prometheus.url").endswith(f":{found['prometheus']['ports'][0]['containerPort']}")


def test_only_the_sidecar_sees_the_object_store():
    found = containers(prometheus())
    seen = {name for name in found if any(mount["name"] == "objstore" for mount in found[name]["volumeMounts"])}
    assert seen == {"sidecar"}


def test_with_remote_write_there_is_no_sidecar_no_object_store_and_no_role():
    recording = prometheus(**REMOTE_WRITE)
    assert set(containers(recording)) == {"prometheus"}
    assert not [volume for volume in pod(recording)["volumes"] if "secret" in volume]
    assert "annotations" not in recording.one("ServiceAccount").inputs["metadata"]
    assert [target["url"] for target in configuration(recording)["remote_write"]] == [PROMETHEUS["remote_write_url"]]
    assert [port["name"] for port in recording.one("Service").inputs["spec"]["ports"]] == ["http"]


def test_with_a_sidecar_nothing_is_written_to_receive():
    assert "remote_write" not in configuration(prometheus()), "each sample would be in the bucket twice"


def test_another_mode_is_refused():
    with pytest.raises(ValueError, match="mode is 'agent' and must be one of sidecar, remoteWrite"):
        prometheus(mode="agent")


def test_no_port_name_occurs_twice_in_a_pod():
    names = [port["name"] for container in pod(prometheus())["containers"] for port in container["ports"]]
    assert len(set(names)) == len(names), "a probe or a Service could mean either"


def test_probes_ask_the_container_that_they_belong_to():
    for container in pod(prometheus())["containers"]:
        ports = {port["name"] for port in container["ports"]}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container[probe]["httpGet"]["port"] in ports


def test_a_long_replay_is_not_mistaken_for_a_hang_by_either_container():
    found = containers(prometheus())
    for container in found.values():
        assert container["startupProbe"]["periodSeconds"] * container["startupProbe"]["failureThreshold"] >= 1800
    assert flag(found["sidecar"], "--prometheus.ready_timeout") == "1800s"


def test_it_may_list_the_pods_of_its_namespace_and_nothing_else():
    recording = prometheus()
    assert recording.one("Role").inputs["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}
    ]
    assert recording.of("ClusterRole") == []
    binding = recording.one("RoleBinding").inputs
    assert binding["roleRef"]["name"] == recording.one("Role").inputs["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "prometheus", "namespace": "observability"}]
    assert pod(recording)["serviceAccountName"] == "prometheus"
    assert pod(recording)["automountServiceAccountToken"] is True


def test_the_pods_name_is_known_to_the_configuration():
    (variable,) = containers(prometheus())["prometheus"]["env"]
    wanted = f"${{{variable['name']}}}"
    assert configuration(prometheus())["global"]["external_labels"]["prometheus_replica"] == wanted


def test_tls_reaches_the_sidecar():
    recording = prometheus(tls=TLS)
    assert {"name": "tls", "secret": {"secretName": "grpc"}} in pod(recording)["volumes"]
    assert flag(containers(recording)["sidecar"], "--grpc-server-tls-cert") == "/etc/thanos/tls/tls.crt"
    assert not [volume for volume in pod(prometheus(tls=TLS, **REMOTE_WRITE))["volumes"] if "secret" in volume]


def test_every_server_has_a_claim_of_its_own():
    claims = prometheus(replicas=3.0).of("PersistentVolumeClaim")
    assert {claim.inputs["metadata"]["name"] for claim in claims} == {f"data-eu-prometheus-{n}" for n in range(3)}


def test_servers_and_sidecars_are_found_by_one_service():
    recording = prometheus()
    assert outputs(recording) == {
        "http_url": "http://eu-prometheus.observability.svc:9090",
        "grpc_endpoint": "dnssrv+_grpc._tcp.eu-prometheus.observability.svc",
    }
    service = recording.one("Service").inputs["spec"]
    assert service["clusterIP"] == "None"
    assert {port["name"]: port["port"] for port in service["ports"]} == {"http": 9090, "grpc": 10901}
    assert outputs(prometheus(**REMOTE_WRITE)) == outputs(recording)
