"""grafana.ini, data sources and dashboards.

Grafana ignores a key that it does not know. So what is rendered is held against models of its documentation, in which
an unknown key is an error; each model is shown to notice one.
"""

import configparser
import json
import re
from typing import Annotated, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from render import grafana

FILES: grafana.Secrets = {"admin_password": "/s/admin", "secret_key": "/s/key", "client_secret": "/s/client"}
LOGIN: grafana.Login = {
    "name": "Company",
    "auth_url": "https://login.example/authorize",
    "token_url": "https://login.example/token",
    "api_url": "https://login.example/userinfo",
    "client_id": "grafana",
    "scopes": ["openid", "email"],
    "role_attribute_path": None,
}
SOURCES = {
    "thanos_url": "http://query-frontend.observability.svc:10902",
    "scrape_interval": "1m30s",
    "tempos": {"apac": "http://tempo.apac.example:3200", "eu": "http://tempo.eu.example:3200", "us": ""},
    "alertmanagers": ["http://one.example:9093", "https://two.example/prefix"],
}
#: Sections and keys of grafana.ini (docs/sources/setup-grafana/configure-grafana) that there is a reason to set here.
INI = {
    "server": {"protocol", "http_addr", "http_port", "domain", "enforce_domain", "root_url", "serve_from_sub_path"},
    "log": {"mode", "level", "filters"},
    "security": {
        "disable_initial_admin_creation",
        "admin_user",
        "admin_password",
        "admin_email",
        "secret_key",
        "disable_gravatar",
        "cookie_secure",
        "cookie_samesite",
        "allow_embedding",
        "strict_transport_security",
        "content_security_policy",
    },
    "users": {"allow_sign_up", "allow_org_create", "auto_assign_org", "auto_assign_org_role", "default_theme"},
    "auth.anonymous": {"enabled", "org_name", "org_role", "hide_version"},
    "auth.generic_oauth": {
        "enabled",
        "name",
        "icon",
        "allow_sign_up",
        "auto_login",
        "client_id",
        "client_secret",
        "scopes",
        "auth_url",
        "token_url",
        "api_url",
        "use_pkce",
        "email_attribute_path",
        "login_attribute_path",
        "name_attribute_path",
        "role_attribute_path",
        "role_attribute_strict",
        "allow_assign_grafana_admin",
        "skip_org_role_sync",
        "tls_skip_verify_insecure",
    },
    "unified_alerting": {"enabled", "execute_alerts", "min_interval", "evaluation_timeout"},
    "analytics": {"reporting_enabled", "check_for_updates", "check_for_plugin_updates", "feedback_links_enabled"},
    "news": {"news_feed_enabled"},
    "snapshots": {"enabled", "external_enabled", "public_mode"},
    "plugins": {
        "plugin_admin_enabled",
        "preinstall",
        "preinstall_disabled",
        "preinstall_auto_update",
        "disable_plugins",
        "allow_loading_unsigned_plugins",
    },
}


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


#: Grafana puts a variable of the environment in the place of `$name` and `${name}`, and `$` in that of `$$`.
Literally = Annotated[str, Field(pattern=r"^([^$]|\$\$)*$")]
Seconds = Annotated[str, Field(pattern=r"^\d+s$")]
Shift = Annotated[str, Field(pattern=r"^-?\d+[smhd]$")]


class Exemplar(Strict):
    name: str
    datasourceUid: str  # noqa: N815
    urlDisplayLabel: str  # noqa: N815


class PrometheusData(Strict):
    prometheusType: Literal["Prometheus", "Cortex", "Mimir", "Thanos"]  # noqa: N815
    httpMethod: Literal["GET", "POST"]  # noqa: N815
    timeInterval: Seconds  # noqa: N815
    customQueryParameters: Literally  # noqa: N815
    manageAlerts: bool  # noqa: N815
    allowAsRecordingRulesTarget: bool  # noqa: N815
    alertmanagerUid: str | None = None  # noqa: N815
    exemplarTraceIdDestinations: list[Exemplar]  # noqa: N815


class Tag(Strict):
    key: str
    value: str


class Query(Strict):
    name: str
    query: Literally


class TracesToMetrics(Strict):
    datasourceUid: str  # noqa: N815
    spanStartTimeShift: Shift  # noqa: N815
    spanEndTimeShift: Shift  # noqa: N815
    tags: list[Tag]
    queries: list[Query]


class ServiceMap(Strict):
    datasourceUid: str  # noqa: N815


class NodeGraph(Strict):
    enabled: bool


class Streaming(Strict):
    search: bool
    metrics: bool


class TempoData(Strict):
    tracesToMetrics: TracesToMetrics  # noqa: N815
    serviceMap: ServiceMap  # noqa: N815
    nodeGraph: NodeGraph  # noqa: N815
    streamingEnabled: Streaming  # noqa: N815


class AlertmanagerData(Strict):
    implementation: Literal["mimir", "cortex", "prometheus"]
    handleGrafanaManagedAlerts: bool  # noqa: N815


class Source(Strict):
    name: str
    uid: str = Field(pattern="^[a-zA-Z0-9-]{1,40}$")
    access: Literal["proxy"]
    url: str = Field(pattern="^https?://[^$]+$")
    editable: bool
    isDefault: bool = False  # noqa: N815


class Prometheus(Source):
    type: Literal["prometheus"]
    jsonData: PrometheusData  # noqa: N815


class Tempo(Source):
    type: Literal["tempo"]
    jsonData: TempoData  # noqa: N815


class Alertmanager(Source):
    type: Literal["alertmanager"]
    jsonData: AlertmanagerData  # noqa: N815


class DataSources(Strict):
    apiVersion: Literal[1]  # noqa: N815
    prune: bool
    datasources: list[Annotated[Prometheus | Tempo | Alertmanager, Field(discriminator="type")]]


class Options(Strict):
    path: str = Field(pattern="^/")
    foldersFromFilesStructure: bool  # noqa: N815


class Provider(Strict):
    name: str
    orgId: int  # noqa: N815
    folder: str
    folderUid: str = Field(pattern="^[a-z0-9-]+$")  # noqa: N815
    type: Literal["file"]
    disableDeletion: bool  # noqa: N815
    allowUiUpdates: bool  # noqa: N815
    updateIntervalSeconds: int = Field(gt=10)  # noqa: N815
    options: Options


class Providers(Strict):
    apiVersion: Literal[1]  # noqa: N815
    providers: list[Provider]


def ini(root_url: str = "https://grafana.example/", login: grafana.Login | None = None) -> dict[str, dict[str, str]]:
    """As Grafana reads it: a value in three quotes is what is between them."""
    parser = configparser.RawConfigParser(strict=True)
    parser.read_string(grafana.ini(root_url=root_url, files=FILES, login=login))
    return {
        section: {key: re.sub('^"""(.*)"""$', r"\1", value) for key, value in parser[section].items()}
        for section in parser.sections()
    }


def strangers(found: dict[str, dict[str, str]]) -> list[str]:
    return [f"{section}.{key}" for section, keys in found.items() for key in keys if key not in INI.get(section, set())]


def sources(**changes) -> dict[str, dict]:
    """By uid, as Grafana has them: `$$` is `$`."""
    document = grafana.datasources(**{**SOURCES, **changes})
    DataSources.model_validate(yaml.safe_load(document))
    return {found["uid"]: found for found in yaml.safe_load(document.replace("$$", "$"))["datasources"]}


# grafana.ini


def test_every_key_of_grafana_ini_is_one_that_grafana_knows():
    assert strangers(ini()) == strangers(ini(login={**LOGIN, "role_attribute_path": "role"})) == []


@pytest.mark.parametrize("wrong", [("plugins", "preinstall_disable"), ("auth.generic-oauth", "enabled")])
def test_a_misspelt_key_of_grafana_ini_is_noticed(wrong):
    section, key = wrong
    assert strangers({**ini(), section: {key: "true"}}) == [f"{section}.{key}"]


def test_secrets_are_read_from_files_and_are_not_in_it():
    found = ini(login=LOGIN)
    assert found["security"]["admin_password"] == "$__file{/s/admin}"
    assert found["security"]["secret_key"] == "$__file{/s/key}"
    assert found["auth.generic_oauth"]["client_secret"] == "$__file{/s/client}"


def test_nobody_gets_in_without_a_login_and_nothing_is_told_to_anybody():
    found = ini()
    assert "auth.anonymous" not in found, "off is Grafana's default"
    assert "auth.generic_oauth" not in found
    assert set(found["analytics"].values()) == {"false"}
    assert found["news"]["news_feed_enabled"] == found["snapshots"]["enabled"] == "false"
    assert found["security"]["disable_gravatar"] == "true"


def test_plugins_stay_those_of_the_image():
    assert ini()["plugins"] == {
        "preinstall_disabled": "true",
        "preinstall_auto_update": "false",
        "plugin_admin_enabled": "false",
    }


def test_rules_are_evaluated_elsewhere():
    assert ini()["unified_alerting"] == {"execute_alerts": "false"}


@pytest.mark.parametrize(("url", "secure"), [("https://g.example", "true"), ("http://localhost:3000/", "false")])
def test_a_cookie_is_for_https_where_there_is_https(url, secure):
    assert ini(url)["security"]["cookie_secure"] == secure
    assert ini(url)["server"]["root_url"] == url


def test_who_gets_no_role_is_refused_only_where_roles_are_told():
    assert "role_attribute_strict" not in ini(login=LOGIN)["auth.generic_oauth"], "it would refuse everybody"
    found = ini(login={**LOGIN, "role_attribute_path": "role"})["auth.generic_oauth"]
    assert found["role_attribute_strict"] == "true"
    assert found["scopes"] == "openid email"
    assert found["use_pkce"] == "true"


@pytest.mark.parametrize(
    "path", ["'a' == 'a'", '"x-role"', "a # b", "a ; b", "`true` && 'Admin' || 'Viewer'", "contains(groups[*], 'sre')"]
)
def test_a_value_that_means_something_in_an_ini_file_is_quoted(path):
    text = grafana.ini(root_url="http://g", files=FILES, login={**LOGIN, "role_attribute_path": path})
    assert f'role_attribute_path = """{path}"""\n' in text


@pytest.mark.parametrize("name", ["a\nb = c", 'a"""b'])
def test_a_value_that_nothing_quotes_is_refused(name):
    with pytest.raises(ValueError, match="must be one line without three quotes"):
        grafana.ini(root_url="http://g", files=FILES, login={**LOGIN, "name": name})


# Data sources


def test_uids_are_those_that_dashboards_know():
    assert list(sources()) == ["thanos", "tempo-apac", "tempo-eu", "alertmanager", "alertmanager-2"]
    assert list(sources(tempos={}, alertmanagers=[])) == ["thanos"]


def test_every_reference_from_one_to_another_leads_to_one_that_is_there():
    for found in (sources(), sources(tempos={}), sources(alertmanagers=[])):
        named = re.findall(r'"(?:datasourceUid|alertmanagerUid)": "([^"]+)"', json.dumps(list(found.values())))
        assert set(named) <= set(found)


def test_what_is_provisioned_cannot_be_edited_and_goes_when_it_is_gone():
    assert yaml.safe_load(grafana.datasources(**SOURCES))["prune"] is True
    assert not any(found["editable"] for found in sources().values())
    assert [uid for uid, found in sources().items() if found.get("isDefault")] == ["thanos"]
    assert len({found["name"] for found in sources().values()}) == len(sources())


def test_an_exemplar_leads_to_the_tempo_of_each_region_whatever_its_label_is_called():
    links = sources()["thanos"]["jsonData"]["exemplarTraceIdDestinations"]
    assert {(link["name"], link["datasourceUid"]) for link in links} == {
        (label, uid) for label in ("trace_id", "traceID") for uid in ("tempo-apac", "tempo-eu")
    }
    assert all(link["datasourceUid"].removeprefix("tempo-") in link["urlDisplayLabel"] for link in links)


def test_rates_are_taken_over_the_interval_of_the_slowest():
    assert sources()["thanos"]["jsonData"]["timeInterval"] == "90s"


def test_downsampled_data_is_asked_for_where_there_is_no_other():
    assert sources()["thanos"]["jsonData"]["customQueryParameters"] == "max_source_resolution=auto"


def test_alertmanagers_show_and_get_nothing():
    found = sources()
    assert found["alertmanager-2"]["url"] == "https://two.example/prefix"
    assert found["alertmanager"]["jsonData"]["handleGrafanaManagedAlerts"] is False
    assert found["thanos"]["jsonData"]["alertmanagerUid"] == "alertmanager"
    assert "alertmanagerUid" not in sources(alertmanagers=[])["thanos"]["jsonData"]


def test_metrics_of_a_span_are_those_of_its_own_region():
    queries = [found["query"] for found in sources()["tempo-eu"]["jsonData"]["tracesToMetrics"]["queries"]]
    assert len(queries) == 3
    for query in queries:
        selectors = re.findall(r"\{.*?\}", query)
        assert selectors
        assert all(selector.startswith('{region="eu",') and "$__tags" in selector for selector in selectors)


@pytest.mark.parametrize("tags", ['service="cart",cluster="eu-1"', ""])
def test_queries_of_spans_are_promql_with_tags_and_without(tags):
    import promql_parser

    for found in sources()["tempo-eu"]["jsonData"]["tracesToMetrics"]["queries"]:
        promql_parser.parse(found["query"].replace("$__tags", tags))


def broken(change) -> str:
    document = yaml.safe_load(grafana.datasources(**SOURCES))
    thanos, tempo, *_ = document["datasources"]
    change(document, thanos, tempo)
    with pytest.raises(ValidationError) as raised:
        DataSources.model_validate(document)
    return str(raised.value)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda all_, thanos, tempo: thanos["jsonData"].update(timeIntervall="30s"), "timeIntervall"),
        (lambda all_, thanos, tempo: thanos["jsonData"].update(httpMethod="PUT"), "httpMethod"),
        (lambda all_, thanos, tempo: thanos["jsonData"]["exemplarTraceIdDestinations"][0].update(uid="x"), "uid"),
        (lambda all_, thanos, tempo: thanos.update(readOnly=True), "readOnly"),
        (lambda all_, thanos, tempo: thanos.update(type="thanos"), "thanos"),
        (lambda all_, thanos, tempo: tempo["jsonData"].update(nodegraph={"enabled": True}), "nodegraph"),
        (lambda all_, thanos, tempo: tempo["jsonData"]["tracesToMetrics"].update(spanEndTimeShift="15"), "EndTime"),
        (
            lambda all_, thanos, tempo: tempo["jsonData"]["tracesToMetrics"]["queries"][0].update(query="up{$__tags}"),
            "query",
        ),
        (lambda all_, thanos, tempo: all_.update(pruned=True), "pruned"),
    ],
)
def test_the_model_of_data_sources_notices_what_grafana_would_ignore(change, expected):
    assert expected in broken(change)


# Dashboards


def test_the_provider_is_as_grafana_knows_it_and_changes_come_from_files_alone():
    document = yaml.safe_load(grafana.dashboard_provider(folder="/etc/grafana/dashboards"))
    (provider,) = Providers.model_validate(document).providers
    assert provider.options.path == "/etc/grafana/dashboards"
    assert not provider.allowUiUpdates
    assert not provider.disableDeletion, "a dashboard that is gone here would stay in a database on a volume"
    document["providers"][0]["allowUIUpdates"] = True
    with pytest.raises(ValidationError, match="allowUIUpdates"):
        Providers.model_validate(document)


def test_dashboards_are_loaded_by_name_without_spaces(tmp_path):
    (tmp_path / "fleet.json").write_text('{\n  "uid": "fleet",\n  "title": "Flotte à l\'eau"\n}\n')
    (tmp_path / "notes.txt").write_text("no dashboard")
    assert grafana.load(tmp_path) == {"fleet.json": '{"uid":"fleet","title":"Flotte à l\'eau"}'}


def test_where_there_are_no_dashboards_none_are_loaded(tmp_path):
    assert grafana.load(tmp_path / "absent") == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"uid": "fleet",}', r"fleet\.json is no JSON: "),
        ("[]", r"fleet\.json has the uid None: must be 'fleet'"),
        ('{"uid": "other"}', r"fleet\.json has the uid 'other': must be 'fleet', as its file is called"),
    ],
)
def test_a_file_that_is_no_dashboard_is_named(tmp_path, text, expected):
    (tmp_path / "fleet.json").write_text(text)
    with pytest.raises(ValueError, match=expected):
        grafana.load(tmp_path)


def test_more_than_a_config_map_holds_is_refused_in_numbers():
    most = {"a.json": "x" * (grafana.LARGEST_CONFIG_MAP - 6)}
    assert grafana.in_one_config_map(most) == most
    with pytest.raises(ValueError, match=r"1 dashboards have 1048577 bytes and must have at most 1048576"):
        grafana.in_one_config_map({"a.json": most["a.json"] + "x"})
