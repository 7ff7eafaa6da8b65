"""Grafana."""

import pytest
import yaml

from components import Grafana
from tests.components.args import GRAFANA
from tests.engine import build, texts

OIDC = {
    "name": "Company",
    "auth_url": "https://login.example/authorize",
    "token_url": "https://login.example/token",
    "api_url": "https://login.example/userinfo",
    "client_id": "grafana",
    "scopes": ["openid"],
    "role_attribute_path": None,
}


def grafana(**changes):
    return build(lambda: Grafana("eu-grafana", {**GRAFANA, **changes}))


def outputs(recording) -> dict:
    (found,) = (registered for urn, registered in recording.outputs.items() if urn.endswith("::eu-grafana"))
    return found


def template(recording) -> dict:
    return recording.one("StatefulSet").inputs["spec"]["template"]


def config(recording) -> dict:
    return recording.one("ConfigMap", "config").inputs["data"]


def volumes(recording) -> dict:
    return {volume.pop("name"): volume for volume in template(recording)["spec"]["volumes"]}


def test_another_dashboard_rolls_no_pod_and_keeps_the_name_of_its_config_map():
    other = grafana(dashboards={"other.json": '{"uid":"other"}'})
    assert template(other) == template(grafana())
    dashboards = other.one("ConfigMap", "dashboards").inputs
    assert dashboards["metadata"]["name"] == "eu-grafana-dashboards"
    assert dashboards["data"] == {"other.json": '{"uid":"other"}'}


def test_other_data_sources_roll_the_pod():
    other = grafana(tempos={"eu": "http://tempo.observability.svc:3200", "apac": "http://tempo.apac.example:3200"})
    assert template(other) != template(grafana())
    assert len(yaml.safe_load(config(other)["datasources.yaml"])["datasources"]) == 3


def test_every_file_that_is_mounted_alone_is_there():
    recording = grafana()
    mounts = template(recording)["spec"]["containers"][0]["volumeMounts"]
    alone = {mount["subPath"]: mount["mountPath"] for mount in mounts if "subPath" in mount}
    assert set(alone) == set(config(recording))
    assert all(path.endswith(f"/{name}") for name, path in alone.items())
    assert f"--config={alone['grafana.ini']}" in template(recording)["spec"]["containers"][0]["args"]


def test_dashboards_are_where_grafana_looks_for_them():
    recording = grafana()
    mounts = {
        mount["name"]: mount["mountPath"] for mount in template(recording)["spec"]["containers"][0]["volumeMounts"]
    }
    (provider,) = yaml.safe_load(config(recording)["dashboards.yaml"])["providers"]
    assert provider["options"]["path"] == mounts["dashboards"]


def test_secrets_are_where_grafana_ini_looks_for_them():
    recording = grafana(oidc=OIDC, oidc_client_secret="SECRET-OIDC")
    secret = recording.one("Secret").inputs["stringData"]
    mounts = {
        mount["name"]: mount["mountPath"] for mount in template(recording)["spec"]["containers"][0]["volumeMounts"]
    }
    for name in secret:
        assert f"$__file{{{mounts['secrets']}/{name}}}" in config(recording)["grafana.ini"]
    assert set(secret) == {"admin-password", "secret-key", "client-secret"}
    assert set(grafana().one("Secret").inputs["stringData"]) == {"admin-password", "secret-key"}


def test_its_secrets_are_in_its_secret_and_its_password_in_a_secret_output():
    recording = grafana(oidc=OIDC, oidc_client_secret="SECRET-OIDC")
    known = set(recording.one("Secret").inputs["stringData"].values())
    assert len(known) == 3
    for found in recording.resources:
        if found.kind not in ("Secret", "RandomId"):
            assert not [text for text in texts(found.inputs) if any(secret in text for secret in known)], found.name
    assert outputs(recording)["admin_password"] == recording.one("Secret").inputs["stringData"]["admin-password"]


def test_without_a_volume_it_keeps_nothing_and_with_one_it_has_a_claim():
    assert volumes(grafana())["data"] == {"emptyDir": {"sizeLimit": "1Gi"}}
    assert not grafana().of("PersistentVolumeClaim")
    kept = grafana(storage="5Gi", storage_class="gp3")
    assert "data" not in volumes(kept)
    claim = kept.one("PersistentVolumeClaim")
    assert claim.retained
    assert claim.inputs["spec"]["resources"]["requests"] == {"storage": "5Gi"}


def test_it_can_write_to_its_database_and_to_the_sockets_of_its_plugins_and_nowhere_else():
    container = template(grafana())["spec"]["containers"][0]
    assert {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")} == {
        "/var/lib/grafana",
        "/tmp",
    }
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_there_is_one_and_a_drain_may_take_it():
    assert grafana().one("StatefulSet").inputs["spec"]["replicas"] == 1
    assert grafana().one("PodDisruptionBudget").inputs["spec"]["maxUnavailable"] == 1


@pytest.mark.parametrize(
    ("changes", "root_url", "http_url"),
    [
        ({}, "http://localhost:3000/", "http://eu-grafana.observability.svc:3000"),
        ({"load_balancer": {"hostname": "g.example"}}, "http://g.example:3000/", "http://g.example:3000"),
        (
            {"load_balancer": {"hostname": "g.example"}, "root_url": "https://grafana.example"},
            "https://grafana.example",
            "http://g.example:3000",
        ),
    ],
)
def test_it_knows_the_address_that_people_write(changes, root_url, http_url):
    recording = grafana(**changes)
    assert f"root_url = {root_url}\n" in config(recording)["grafana.ini"]
    assert outputs(recording)["http_url"] == http_url


def test_dashboards_that_are_too_large_are_refused_before_anything_is_made():
    with pytest.raises(ValueError, match="must have at most 1048576"):
        grafana(dashboards={"a.json": "x" * 1024 * 1024})
