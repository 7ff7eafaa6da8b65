"""What users are told about their settings."""

import copy
import re
import typing

import pulumi
import pytest
import yaml
from pydantic import BaseModel

import settings
import stack_file
from tests.engine import ROOT, build, stack_config
from tests.regions import GLOBAL, REGION, configured, problem, problems, region


def load(config: dict, secrets: dict | None = None, stack: str = "eu"):
    loaded = []
    build(lambda: loaded.append(stack_file.load()), stack=stack, config=config, secrets=secrets)
    return loaded[0]


def failure(config: dict, secrets: dict | None = None, stack: str = "eu") -> str:
    with pytest.raises(pulumi.RunError) as raised:
        load(config, secrets, stack)
    return str(raised.value)


def test_the_smallest_region_gets_all_defaults():
    found = stack_file.parse(REGION)
    assert isinstance(found, settings.RegionSettings)
    assert (found.receive.routers, found.receive.ingesters, found.receive.replication_factor) == (2, 3, 3)
    assert (found.receive.storage, found.receive.tsdb_retention) == ("50Gi", "24h")
    assert (found.query.replicas, found.namespace) == (2, "observability")
    assert (found.object_store.versioning, found.object_store.force_destroy) == (False, False)


def alerting_warnings(monkeypatch, config: dict, stack: str = "eu") -> list[str]:
    warned = []
    monkeypatch.setattr("pulumi.warn", warned.append)
    load(config, stack=stack)
    return [line for line in warned if "alerting" in line]


@pytest.mark.parametrize("alerting", [None, {"runbookUrl": "https://runbooks.example"}], ids=["nothing", "a page"])
def test_a_region_whose_alerts_nobody_gets_warns_and_says_what_to_set(monkeypatch, alerting):
    config = configured(region("alerting", alerting) if alerting else REGION)
    assert alerting_warnings(monkeypatch, config) == [
        "observability:alerting.alertmanagers is missing: alerts fire, and nobody is told. Name the Alertmanagers, and "
        "in alerting.runbookUrl the page that alerts link to; or write [] if nobody shall be"
    ]


@pytest.mark.parametrize("named", [["http://am.example:9093"], []], ids=["one", "none, in writing"])
def test_a_region_that_says_who_gets_its_alerts_does_not_warn(monkeypatch, named):
    assert alerting_warnings(monkeypatch, configured(region("alerting.alertmanagers", named))) == []


@pytest.mark.parametrize("stack", ["apac", "eu"])
def test_the_alerting_that_a_stack_file_has_commented_out_is_complete(monkeypatch, stack):
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
    before, commented = text.split("  # observability:alerting:")
    filled = before + "  observability:alerting:" + commented.replace("\n  # ", "\n  ")
    assert alerting_warnings(monkeypatch, stack_config(f"Pulumi.{stack}.yaml"), stack)
    assert alerting_warnings(monkeypatch, yaml.safe_load(filled)["config"], stack) == []


def test_settings_cannot_be_changed_later():
    with pytest.raises(ValueError, match="frozen"):
        stack_file.parse(REGION).region = "apac"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("kind", "continent", "must be region or global, because"),
        ("region", "EU", "must be 2 to 18 lower-case letters"),
        ("region", "a" * 19, "begin with a letter and do not end with a hyphen, because it is part of"),
        ("namespace", "Obs", "must be 2 to 63 lower-case letters"),
        ("objectStore.bucketPrefix", "acme-", "must be 2 to 24 lower-case letters"),
        ("objectStore.bucketPrefix", "a" * 25, "because region, purpose and a random suffix follow"),
        ("objectStore.oidcProviderArn", "oidc", "identity provider"),
        ("objectStore.endpoint", "https://s3.example", "without a scheme"),
        ("objectStore.kmsKeyArn", "alias/metrics", "not an alias"),
        ("objectStore.versioning", "maybe", "valid boolean"),
        ("objectStore.lifecycle.expirationDays", 180, "because S3 would delete objects by their age"),
        ("objectStore.lifecycle.expirationDays", "230", "the Compactor, which deletes whole blocks"),
        ("objectStore.lifecycle.abortIncompleteUploadDays", 0, "greater than or equal to 1"),
        ("objectStore.lifecycle.abortIncompleteUploadDays", 8, "less than or equal to 7"),
        ("receive.routers", 0, "greater than or equal to 1"),
        ("receive.ingesters", "three", "valid integer"),
        ("receive.replicationFactor", 4, "must be odd, or 2, because an even number"),
        ("receive.replicationFactor", 0, "must be odd"),
        ("receive.replicationFactor", 5, "must be at most receive.ingesters (3), because each copy"),
        ("receive.storage", "50GB", "must be a Kubernetes quantity"),
        ("receive.storage", "500Mi", "must be at least 1Gi, because"),
        ("receive.tsdbRetention", "1 day", "must be a duration"),
        ("receive.tsdbRetention", "2h", "must be at least 3h, because a block"),
        ("receive.router", {"cpu": "1", "memory": "512m"}, "is '512m': must be at least 32Mi"),
        ("receive.ingester", {"cpu": "1"}, "the memory that the scheduler sets aside"),
        ("query.resources", {"cpu": "1", "memory": "2Gi", "memoryLimit": "1Gi"}, "at least the request (2Gi), because"),
        ("query.loadBalancer", {"hostname": "a b"}, "the name that others use to reach it"),
        ("query.replicas", 1.5, "valid integer"),
        ("grafana.replicas", 2, "is no setting: must be one of enabled, storage, resources, loadBalancer, rootUrl"),
        ("grafana.storage", "500Mi", "must be at least 1Gi, because no cloud"),
        ("grafana.rootUrl", "https://example.org/grafana", "without a path"),
    ],
)
def test_a_value_that_breaks_a_rule_is_named_with_path_value_rule_and_reason(path, value, expected):
    found = problem(path, value)
    assert found.startswith(f"observability:{path}")
    assert expected in found
    if not isinstance(value, dict) and "is no setting" not in expected:
        assert f" is {value!r}: " in found


OIDC = {
    "authUrl": "https://login.example/authorize",
    "tokenUrl": "https://login.example/token",
    "apiUrl": "https://login.example/userinfo",
    "clientId": "grafana",
}


def with_oidc(**changes) -> dict:
    return {**REGION, "grafana": {"rootUrl": "https://grafana.example", "oidc": {**OIDC, **changes}}}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("tokenUrl", "http://login.example/token", "https URL at which Grafana gets a token"),
        ("authUrl", "https://login.example/#$__env{HOME}", "https URL to which people are sent"),
        ("clientId", "grafana\nenabled = false", "by which the provider knows Grafana"),
        ("clientId", "$__file{/etc/passwd}", "by which the provider knows Grafana"),
        ("roleAttributePath", 'a"""b', "JMESPath to Admin, Editor or Viewer"),
        ("scopes", ["profile"], "must have openid, because the provider says nothing"),
    ],
)
def test_a_login_that_breaks_a_rule_is_named_with_its_reason(key, value, expected):
    (found,) = problems(with_oidc(**{key: value}))
    assert found.startswith(f"observability:grafana.oidc.{key} is ")
    assert expected in found


@pytest.mark.parametrize("root_url", [None, "http://grafana.example"])
def test_a_login_needs_an_address_to_come_back_to_that_is_not_plain_text(root_url):
    values = with_oidc()
    values["grafana"]["rootUrl"] = root_url
    (found,) = problems(values)
    assert found.startswith(
        "observability:grafana.oidc is an object: must come with a grafana.rootUrl that begins with"
    )


def test_a_login_without_its_secret_is_refused_before_anything_changes():
    message = failure(configured(with_oidc()))
    assert "observability:grafanaOidcClientSecret is missing: must be set by `pulumi config set --secret" in message
    assert "because grafana.oidc is set" in message
    secret = {"observability:grafanaOidcClientSecret": "hunter2"}
    assert load(configured(with_oidc()), secret).grafana.oidc.client_id == "grafana"
    off = with_oidc()
    off["grafana"]["enabled"] = False
    assert load(configured(off)), "nobody needs it"


def test_the_secret_of_a_login_is_wanted_of_the_global_stack_too_and_never_in_plain_text():
    config = configured({**GLOBAL, "grafana": with_oidc()["grafana"]})
    assert "observability:grafanaOidcClientSecret is missing" in failure(config, stack="global")
    message = failure({**config, "observability:grafanaOidcClientSecret": "hunter2"}, stack="global")
    assert "observability:grafanaOidcClientSecret is stored as plain text" in message
    assert "hunter2" not in message


def test_a_transition_is_judged_by_its_class_and_its_age():
    values = region("objectStore.lifecycle", {"transitions": [{"days": 30, "storageClass": "GLACIER"}]})
    assert [line.split(", because")[0] for line in problems(values)] == [
        "observability:objectStore.lifecycle.transitions[0].days is 30: must be at least 45",
        "observability:objectStore.lifecycle.transitions[0].storageClass is 'GLACIER': must be INTELLIGENT_TIERING",
    ]


def test_intelligent_tiering_of_settled_blocks_passes():
    lifecycle = {"transitions": [{"days": 60, "storageClass": "INTELLIGENT_TIERING"}]}
    assert stack_file.parse(region("objectStore.lifecycle", lifecycle)).object_store.lifecycle.transitions[0].days == 60


def test_two_transitions_are_one_too_many():
    transition = {"days": 60, "storageClass": "INTELLIGENT_TIERING"}
    found = problem("objectStore.lifecycle.transitions", [transition, transition])
    assert "observability:objectStore.lifecycle.transitions is a list of 2" in found


def test_all_problems_are_told_at_once():
    values = region("receive.replicationFactor", 4)
    values |= {"region": "EU", "namespace": "Obs"}
    values["objectStore"].pop("bucketPrefix")
    assert [line.split(" is ")[0] for line in problems(values)] == [
        "observability:region",
        "observability:namespace",
        "observability:objectStore.bucketPrefix",
        "observability:receive.replicationFactor",
    ]


def test_a_misspelt_key_is_named_with_the_keys_that_exist():
    found = problem("receive.replicaton", 3)
    assert found.startswith("observability:receive.replicaton is no setting: must be one of routers, ingesters, ")
    assert problem("receive.replicatonFactor", 3).endswith("did you mean replicationFactor?")


def test_the_value_of_an_unknown_key_is_not_shown():
    found = problem("objectStore.secretKey", "hunter2")
    assert "hunter2" not in found
    assert "observability:objectStore.secretKey is no setting" in found


def test_a_text_where_an_object_is_wanted_is_named():
    assert problem("receive", "big").startswith("observability:receive is 'big': must be an object")


def test_a_key_is_written_as_in_the_documentation_and_in_no_other_way():
    assert "did you mean replicationFactor" in problem("receive.replication_factor", 3)


def test_numbers_are_quantities_too():
    found = stack_file.parse(region("receive.router", {"cpu": 1, "memory": "1Gi"}))
    assert found.receive.router.cpu == "1"


def test_a_region_must_be_given_to_a_region_and_regions_to_the_global_stack():
    known = {"clusterId": REGION["clusterId"]}
    assert problems({"kind": "region", "objectStore": REGION["objectStore"], **known}) == [
        "observability:region is missing: required: the stack's name, by which the global stack finds the region"
    ]
    assert problems({"kind": "global", **known}) == ["observability:regions is missing: required: the stacks to ask"]
    assert "regions is no setting" in problem("regions", ["eu"])


def test_a_region_named_twice_is_refused():
    assert "because a region asked twice" in problem("regions", ["eu", "eu"], GLOBAL)
    assert problem("regions", ["eu", "EU"], GLOBAL).startswith("observability:regions[1] is 'EU': must be 2 to 18")


@pytest.mark.parametrize("name", ["apac", "eu", "global"])
@pytest.mark.parametrize("folder", ["", "local/"])
def test_the_committed_stack_files_load(name, folder):
    assert load(stack_config(f"{folder}Pulumi.{name}.yaml"), stack=name)


@pytest.mark.parametrize("name", ["apac", "eu", "global"])
def test_production_stack_files_repeat_no_default(name):
    prefix = "observability:"
    given = {
        key.removeprefix(prefix): value
        for key, value in stack_config(f"Pulumi.{name}.yaml").items()
        if key.startswith(prefix)
    }
    parsed = stack_file.parse(given)
    for path in leaves(given):
        without = copy.deepcopy(given)
        remove(without, path)
        try:
            assert stack_file.parse(without) != parsed, f"{'.'.join(path)} repeats the default"
        except ValueError:
            continue  # it is required


def leaves(values: dict, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for key, value in values.items():
        found += leaves(value, (*path, key)) if isinstance(value, dict) else [(*path, key)]
    return found


def remove(values: dict, path: tuple[str, ...]) -> None:
    for key in path[:-1]:
        values = values[key]
    del values[path[-1]]


def test_the_clusters_context_must_be_said():
    config = configured(REGION)
    del config["kubernetes:context"]
    assert "kubernetes:context is missing" in failure(config)


@pytest.mark.parametrize("written", [{}, {"pulumi:disable-default-providers": ["aws"]}])
def test_default_providers_of_kubernetes_must_be_off(written):
    config = configured(REGION)
    del config["pulumi:disable-default-providers"]
    expected = "pulumi:disable-default-providers does not have kubernetes: must be [kubernetes], because an object"
    assert expected in failure({**config, **written})


def test_a_region_needs_its_aws_region_and_the_global_stack_does_not():
    config = configured(REGION)
    del config["aws:region"]
    assert "aws:region is missing" in failure(config)
    assert load(configured(GLOBAL), stack="global")


def test_a_region_is_named_like_its_stack():
    assert "observability:region is 'eu': must be the stack's name (apac)" in failure(configured(REGION), stack="apac")


def test_problems_of_all_kinds_come_in_one_message_without_a_stack_trace():
    config = configured(region("receive.storage", "1"))
    del config["kubernetes:context"]
    message = failure(config, {"observability:namespace": "hunter2"})
    assert message.startswith("the stack's settings have 3 problem(s):\n")
    assert len(message.splitlines()) == 4


def test_an_empty_value_counts_as_not_set():
    config = configured(REGION) | {
        "observability:regions": [],
        "observability:namespace": "",
        "observability:query": {},
    }
    assert load(config) == stack_file.parse(REGION)


def test_a_secret_where_a_plain_value_belongs_is_refused_without_showing_it():
    message = failure(configured(REGION), {"observability:receive": '{"storage": "hunter2"}'})
    assert "observability:receive is stored as a secret: must be plain" in message
    assert "hunter2" not in message


def test_a_key_stored_as_plain_text_is_refused_without_showing_it():
    config = configured(REGION) | {"observability:objectStoreAccessKey": "hunter1"}
    message = failure(config, {"observability:objectStoreSecretKey": "hunter2"})
    assert "observability:objectStoreAccessKey is stored as plain text" in message
    assert "pulumi config set --secret" in message
    assert "hunter" not in message


def test_one_key_without_the_other_is_refused():
    message = failure(configured(REGION), {"observability:objectStoreSecretKey": "hunter2"})
    assert "observability:objectStoreSecretKey is set alone" in message
    assert "hunter2" not in message


def test_an_object_that_is_no_json_is_named():
    assert "observability:receive is '{storage'" in failure({**configured(REGION), "observability:receive": "{storage"})


def test_every_key_in_the_project_file_is_a_setting_and_every_setting_is_there():
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    known = {
        field.alias
        for model in (settings.RegionSettings, settings.GlobalSettings)
        for field in model.model_fields.values()
    }
    assert set(declared) == known
    assert all(entry["description"] and entry["default"] in ("", {}, []) for entry in declared.values())


@pytest.mark.parametrize("model", [settings.RegionSettings, settings.GlobalSettings])
def test_the_project_file_names_the_keys_of_every_setting_and_none_that_is_elsewhere(model):
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    everywhere = {key for part in (settings.RegionSettings, settings.GlobalSettings) for key in keys_below(part)}
    for name, field in ((field.alias, field) for field in model.model_fields.values()):
        description = declared[name]["description"]
        named = set(re.findall(r"\w+", description))
        for part in models(field.annotation):
            assert {found.alias for found in part.model_fields.values()} <= named, name
        # Other words may be English.
        of_settings = {word for word in named & everywhere if word != word.lower()}
        of_settings |= {word for listed in re.findall("{[^<>}]+}", description) for word in re.findall(r"\w+", listed)}
        assert of_settings <= {name, *(key for part in models(field.annotation) for key in keys_below(part))}, name


def models(annotation: object) -> list[type[BaseModel]]:
    """The settings in an annotation: X of X | None, list[X] and dict[str, X]."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inside in typing.get_args(annotation) for found in models(inside)]


def keys_below(model: type[BaseModel]) -> set[str]:
    """Every key that may be written there, at any depth."""
    fields = model.model_fields.values()
    below = [keys_below(part) for field in fields for part in models(field.annotation)]
    return {field.alias for field in fields}.union(*below)
