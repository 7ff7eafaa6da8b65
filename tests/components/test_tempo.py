"""Tempo."""

import yaml

from components import Tempo
from tests.components.args import TEMPO
from tests.engine import Recording, build, flag

BALANCER = {"hostname": "tempo.example", "annotations": {"a": "b"}}


def tempo(**changes) -> Recording:
    return build(lambda: Tempo("eu-tempo", {**TEMPO, **changes}))


def pod(recording: Recording) -> dict:
    return recording.one("StatefulSet").inputs["spec"]["template"]["spec"]


def config(recording: Recording) -> dict:
    return yaml.safe_load(recording.one("Secret").inputs["stringData"]["tempo.yaml"])


def outputs(recording: Recording) -> dict:
    (found,) = recording.outputs.values()
    return found


def test_there_is_one_and_it_is_gone_before_the_next_one_starts():
    recording = tempo()
    assert recording.one("StatefulSet").inputs["spec"]["replicas"] == 1
    assert recording.of("Deployment") == [], "two would schedule compactions of one bucket"


def test_a_drain_of_its_node_may_take_it():
    assert tempo().one("PodDisruptionBudget").inputs["spec"]["maxUnavailable"] == 1


def test_a_stop_that_hangs_is_short_and_one_that_does_not_has_the_time_it_needs():
    recording = tempo()
    stop = int(config(recording)["backend_worker"]["finish_on_shutdown_timeout"].removesuffix("s"))
    assert stop + 10 <= pod(recording)["terminationGracePeriodSeconds"] <= 60


def test_it_reads_its_file_and_writes_to_its_volume_alone():
    recording = tempo(storage="80Gi")
    (container,) = pod(recording)["containers"]
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert flag(container, "-config.file") == "/etc/tempo/tempo.yaml"
    (data,) = [path for path, mount in mounts.items() if not mount.get("readOnly")]
    document = config(recording)
    paths = [
        document["live_store"]["wal"]["path"],
        document["live_store"]["shutdown_marker_dir"],
        document["backend_scheduler"]["local_work_path"],
        document["metrics_generator"]["storage"]["path"],
        document["storage"]["trace"]["wal"]["path"],
    ]
    assert all(path.startswith(f"{data}/") for path in paths)
    claim = recording.one("PersistentVolumeClaim").inputs
    assert claim["metadata"]["name"] == "data-eu-tempo-0"
    assert claim["spec"]["resources"]["requests"]["storage"] == "80Gi"


def test_its_file_is_a_secret_and_other_content_rolls_the_pod():
    recording = tempo(access_key="AK", secret_key="SK")
    assert recording.one("Secret").secrets == ("stringData",)
    assert not recording.of("ConfigMap")
    (volume,) = pod(recording)["volumes"]
    assert volume["secret"]["secretName"] == recording.one("Secret").inputs["metadata"]["name"]
    keepers = [tempo(retention=hours).one("RandomId").inputs["keepers"] for hours in ("24h", "336h")]
    assert keepers[0] != keepers[1]


def test_it_runs_under_the_account_of_the_role_that_may_delete():
    recording = tempo(service_account="eu-tempo-account")
    account = recording.one("ServiceAccount").inputs["metadata"]
    assert account["name"] == pod(recording)["serviceAccountName"] == "eu-tempo-account"
    assert account["annotations"] == {"eks.amazonaws.com/role-arn": TEMPO["role_arn"]}


def test_numbers_from_the_wire_are_floats_and_work_all_the_same():
    limits = {limit: float(value) for limit, value in TEMPO["limits"].items()}
    generator = {**TEMPO["metrics_generator"], "max_active_series": 5000.0}
    floats = tempo(limits=limits, metrics_generator=generator, max_request_bytes=16777216.0)
    assert floats.one("Secret").inputs["stringData"] == tempo().one("Secret").inputs["stringData"]


def test_the_load_balancer_leads_to_questions_and_not_to_where_traces_are_taken_without_a_token():
    recording = tempo(load_balancer=BALANCER)
    services = {found.name: found.inputs["spec"] for found in recording.of("Service")}
    assert [port["port"] for port in services["eu-tempo-api"]["ports"]] == [3200]
    assert services["eu-tempo-api"]["type"] == "LoadBalancer"
    assert services["eu-tempo"]["clusterIP"] == "None"


def test_others_reach_it_by_its_load_balancer_and_the_clusters_own_pods_by_its_service():
    inside = "eu-tempo.observability.svc"
    assert outputs(tempo()) == {
        "otlp_host": inside,
        "http_url": f"http://{inside}:3200",
        "cluster_http_url": f"http://{inside}:3200",
    }
    balanced = outputs(tempo(load_balancer=BALANCER))
    assert balanced["http_url"] == "http://tempo.example:3200"
    assert balanced["cluster_http_url"] == f"http://{inside}:3200"
