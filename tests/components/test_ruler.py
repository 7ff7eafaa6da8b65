"""Ruler."""

import pytest
import yaml

from components import Ruler
from tests.components.args import RULER
from tests.engine import build, flag

STATEFUL = {"mode": "stateful", "remote_write_url": None}


def ruler(**changes):
    return build(lambda: Ruler("eu-ruler", {**RULER, **changes}))


def pod(recording) -> dict:
    return recording.one("StatefulSet").inputs["spec"]["template"]["spec"]


def container(recording) -> dict:
    (found,) = pod(recording)["containers"]
    return found


def volumes(recording) -> dict[str, dict]:
    return {volume["name"]: volume for volume in pod(recording)["volumes"]}


def test_a_stateless_ruler_writes_to_receive_and_sees_no_bucket():
    recording = ruler()
    mounts = {mount["name"]: mount["mountPath"] for mount in container(recording)["volumeMounts"]}
    written = recording.one("ConfigMap", "remote-write").inputs
    assert flag(container(recording), "--remote-write.config-file") == f"{mounts['remote-write']}/remote-write.yaml"
    assert yaml.safe_load(written["data"]["remote-write.yaml"])["remote_write"][0]["url"] == RULER["remote_write_url"]
    assert volumes(recording)["remote-write"]["configMap"]["name"] == written["metadata"]["name"]
    assert not [arg for arg in container(recording)["args"] if arg.startswith("--objstore")]
    assert not [volume for volume in volumes(recording).values() if "secret" in volume]
    assert "annotations" not in recording.one("ServiceAccount").inputs["metadata"]


def test_a_stateless_ruler_is_bound_to_no_volume():
    recording = ruler()
    assert recording.of("PersistentVolumeClaim") == []
    assert "volumeClaimTemplates" not in recording.one("StatefulSet").inputs["spec"]
    assert "emptyDir" in volumes(recording)["data"]


def test_a_stateful_ruler_keeps_and_uploads_its_results():
    recording = ruler(**STATEFUL)
    assert len(recording.of("PersistentVolumeClaim")) == 2
    assert flag(container(recording), "--objstore.config-file") == "/etc/thanos/objstore/objstore.yml"
    assert volumes(recording)["objstore"]["secret"] == {"secretName": "objstore"}
    assert not [arg for arg in container(recording)["args"] if arg.startswith("--remote-write")], "it would upload none"
    annotations = recording.one("ServiceAccount").inputs["metadata"]["annotations"]
    assert annotations == {"eks.amazonaws.com/role-arn": RULER["role_arn"]}


def test_each_mode_has_a_set_of_its_own_because_claim_templates_cannot_change():
    one, other = ruler().one("StatefulSet"), ruler(**STATEFUL).one("StatefulSet")
    assert one.urn != other.urn
    assert one.inputs["metadata"]["name"] != other.inputs["metadata"]["name"]
    claims = {claim.inputs["metadata"]["name"] for claim in ruler(**STATEFUL).of("PersistentVolumeClaim")}
    assert claims == {f"data-{other.inputs['metadata']['name']}-{n}" for n in range(2)}


def test_another_mode_is_refused():
    with pytest.raises(ValueError, match="mode is 'remoteWrite' and must be one of stateless, stateful"):
        ruler(mode="remoteWrite")


def test_new_rules_roll_the_pods():
    changed = ruler(rules={"fleet.yaml": "groups: [{name: a, rules: []}]\n"})
    assert pod(ruler()) == pod(ruler())
    assert volumes(changed)["rules"] != volumes(ruler())["rules"]
    assert (
        volumes(changed)["rules"]["configMap"]["name"] == (changed.one("ConfigMap", "rules").inputs["metadata"]["name"])
    )


def test_every_rule_file_is_read():
    recording = ruler(rules={"b.yml": "groups: []\n", "a.yaml": "groups: []\n"})
    files = [arg.split("=")[1] for arg in container(recording)["args"] if arg.startswith("--rule-file=")]
    mounts = {mount["name"]: mount["mountPath"] for mount in container(recording)["volumeMounts"]}
    assert files == [f"{mounts['rules']}/a.yaml", f"{mounts['rules']}/b.yml"]


def test_it_asks_the_query_and_alerts_the_alertmanagers_that_it_is_given():
    args = container(ruler(alertmanagers=["http://a:9093", "https://b/eu"]))["args"]
    assert f"--query={RULER['query_url']}" in args
    assert f"--alert.query-url={RULER['alert_query_url']}" in args
    assert [arg for arg in args if arg.startswith("--alertmanagers")] == [
        "--alertmanagers.url=http://a:9093",
        "--alertmanagers.url=https://b/eu",
    ]


def test_results_of_two_rulers_differ_by_a_label_that_alerts_do_not_have():
    args = container(ruler())["args"]
    assert '--label=ruler_replica="$(POD_NAME)"' in args
    assert "--alert.label-drop=ruler_replica" in args
    assert [variable["name"] for variable in container(ruler())["env"]] == ["POD_NAME"]


@pytest.mark.parametrize(("interval", "seconds"), [("30s", 30), ("2m", 120)])
def test_in_a_rollout_an_alert_goes_on_firing(interval, seconds):
    assert ruler(evaluation_interval=interval).one("StatefulSet").inputs["spec"]["minReadySeconds"] == seconds


def test_query_finds_the_rulers_by_their_service():
    (outputs,) = ruler().outputs.values()
    assert outputs == {
        "grpc_endpoint": "dnssrv+_grpc._tcp.eu-ruler.observability.svc",
        "http_url": "http://eu-ruler.observability.svc:10902",
    }
    assert ruler().one("Service").inputs["spec"]["clusterIP"] == "None"
    assert ruler().one("StatefulSet").inputs["spec"]["serviceName"] == "eu-ruler"


def test_tls_reaches_its_server():
    recording = ruler(tls={"secret": "grpc", "server_name": "thanos.example"})
    assert volumes(recording)["tls"]["secret"] == {"secretName": "grpc"}
    assert flag(container(recording), "--grpc-server-tls-client-ca") == "/etc/thanos/tls/ca.crt"
