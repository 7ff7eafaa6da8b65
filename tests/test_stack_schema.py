"""The JSON schema of stack files: what an editor underlines is what the program refuses."""

import copy
import json
import re
from collections import Counter

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import stack_file
from schemas import __main__
from settings import RegionSettings
from tests.engine import ROOT, stack_config
from tests.regions import GLOBAL, KNOWN, REGION, VARIANTS, configured, mutated, refusal, region

SCHEMA = json.loads((ROOT / "schemas" / "stack.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
FILES = [f"{folder}Pulumi.{stack}.yaml" for folder in ("", "local/") for stack in ("apac", "eu", "global")]
SECURE = {"secure": "v1:nonce:text"}
#: What pydantic calls a wrong shape; the rest are rules of the program.
SHAPES = {
    "extra_forbidden",
    "missing",
    "literal_error",
    "model_type",
    "model_attributes_type",
    "dict_type",
    "list_type",
    "string_type",
    "string_pattern_mismatch",
    "string_too_short",
    "string_too_long",
    "too_long",
    "too_short",
    "int_type",
    "int_from_float",
    "bool_parsing",
    "bool_type",
    "none_required",
    "greater_than_equal",
    "less_than_equal",
}


def found(values: dict, **more: object) -> list[str]:
    """Paths of what the schema refuses in a stack file with such settings."""
    document = {"config": {**configured(values), **more}}
    return [path for error in VALIDATOR.iter_errors(document) for path in places(error)]


def places(error: jsonschema.ValidationError) -> list[str]:
    """Where the error is; for something that may be one thing or nothing, what is wrong with the one thing, too."""
    inside = [path for each in error.context or () if each.validator_value != "null" for path in places(each)]
    return ["/".join(map(str, error.absolute_path)), *inside]


@pytest.mark.parametrize("path", ["schemas/stack.json", "docs/settings.md"])
def test_what_is_committed_is_what_the_settings_say(path):
    assert (ROOT / path).read_text() == __main__.documents()[path], f"`make schema` writes {path} anew"


def test_it_is_a_schema_whose_expressions_every_editor_reads():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    patterns = re.findall(r'"pattern": ("(?:[^"\\]|\\.)+")', (ROOT / "schemas" / "stack.json").read_text())
    for pattern in {json.loads(text) for text in patterns}:
        # JavaScript's, under the flag `u`, has no \A, no (?i:...), and no escape of what needs none.
        assert re.compile(pattern)
        assert not re.search(r"\\[^dswSDWx\\.\[\]^$*+?(){}|/]|\(\?[^:=!]", pattern.replace(r"\\", "")), pattern


@pytest.mark.parametrize("path", FILES)
def test_the_stack_files_pass_and_say_where_their_schema_is(path):
    text = (ROOT / path).read_text()
    assert list(VALIDATOR.iter_errors(yaml.safe_load(text))) == []
    told = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert ((ROOT / path).parent / told[1]).resolve() == ROOT / "schemas" / "stack.json"


@pytest.mark.parametrize("path", FILES)
def test_numbers_as_editors_read_them_pass_too(path):
    """YAML 1.2 takes 250_000 for a text."""

    text = re.sub(r"\b[0-9]+(?:_[0-9]+)+\b", r"'\g<0>'", (ROOT / path).read_text())
    assert list(VALIDATOR.iter_errors(yaml.safe_load(text))) == []


@pytest.mark.parametrize("values", [GLOBAL, *VARIANTS.values()], ids=["global", *VARIANTS])
def test_settings_that_are_right_pass(values):
    assert found(values) == []


def test_every_setting_is_explained():
    properties = [
        (name, key, setting)
        for name, model in SCHEMA["$defs"].items()
        if name != "secret"
        for key, setting in model["properties"].items()
    ]
    assert [(name, key) for name, key, setting in properties if not setting.get("description")] == []
    assert len(properties) > 200


def flags_by_numbers(values: object) -> bool:
    """Whether something is on that is written as a number: the program takes it, and nobody should write it."""
    return (
        re.search(r"(versioning|insecure|forceDestroy|enabled|tls|verticalCompaction)': [01]\b", str(values))
        is not None
    )


def test_what_the_program_accepts_the_schema_accepts_and_what_has_a_wrong_shape_it_refuses():
    seen = Counter()

    @settings(RELAXED, max_examples=700)
    @given(mutated())
    def check(values):
        problems = found(values)
        if refusal(values) is None:
            seen["accepted"] += 1
            assert problems == [] or flags_by_numbers(values)
        elif wrong := wrong_shapes(values):
            seen["wrong shape"] += 1
            assert problems, wrong

    check()
    assert min(seen["accepted"], seen["wrong shape"]) > 100, seen


def wrong_shapes(values: dict) -> list[str]:
    """What pydantic says of the shape of settings; bounds of a number in quotes are the program's."""
    try:
        RegionSettings.model_validate(values)
    except ValidationError as error:
        return [
            f"{each['loc']} {each['type']}"
            for each in error.errors()
            if each["type"] in SHAPES
            # `configured` does not write what is None at the top.
            and not (len(each["loc"]) == 1 and each["input"] is None)
            and not (each["type"].endswith("_equal") and isinstance(each["input"], str))
        ]
    return []


@pytest.mark.parametrize("value", [{"zzz": 1}, [], -1, 10**15, "A b", True], ids=str)
def test_no_setting_takes_a_shape_that_the_program_refuses(value):
    seen = 0
    for path in KNOWN:
        if not path or {"tenants", "annotations"} & set(path[:-1]):
            continue
        values = region(".".join(path), value)
        own = any(
            shape.startswith(f"{path} ") or shape.startswith(f"{(*path, 'zzz')} ") for shape in wrong_shapes(values)
        )
        seen += own
        place = f"config/observability:{'/'.join(path)}"
        assert not own or any(f"{each}/".startswith(f"{place}/") for each in found(values)), path
    assert seen > 20


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("recieve", {}, ""),
        ("receive.replicatonFactor", 3, "/observability:receive"),
        ("receive.ingesters", "three", "/observability:receive/ingesters"),
        ("receive.ingesters", 61, "/observability:receive/ingesters"),
        ("receive.storage", "50GB", "/observability:receive/storage"),
        ("receive.tsdbRetention", "1.5h", "/observability:receive/tsdbRetention"),
        ("receive.limits.tenants", {"a b": {}}, "/observability:receive/limits/tenants"),
        ("tempo.retention", "14d", "/observability:tempo/retention"),
        ("tempo.enabled", "perhaps", "/observability:tempo/enabled"),
        ("edges", [{"nam": "eu-1"}], "/observability:edges/0"),
        ("edges", [{"name": "EU"}], "/observability:edges/0/name"),
        ("fleet.filters", {"own": {"keeps": []}}, "/observability:fleet/filters/own"),
        ("query.resources", {"cpu": 1}, "/observability:query/resources"),
        ("kind", "continent", "/observability:kind"),
    ],
)
def test_it_says_where_a_mistake_is(path, value, where):
    assert f"config{where}" in found(region(path, value))
    assert refusal(region(path, value))


@given(st.sampled_from(sorted(REGION)))
def test_what_a_region_needs_may_not_be_missing(key):
    values = copy.deepcopy(REGION)
    del values[key]
    assert "config" in found(values)


def test_a_region_is_told_from_the_stack_over_all():
    assert found({**GLOBAL, "receive": {}}) == ["config"]
    assert "config" in found({**REGION, "regions": ["eu"]})


@pytest.mark.parametrize("key", ["pulumi:disable-default-providers", "kubernetes:context", "aws:region"])
def test_what_the_program_asks_of_providers_is_asked_here_too(key):
    config = {name: value for name, value in configured(REGION).items() if name != key}
    assert [error.message for error in VALIDATOR.iter_errors({"config": config})] == [f"'{key}' is a required property"]


def test_default_providers_of_kubernetes_must_be_off():
    key = "pulumi:disable-default-providers"
    assert found(REGION, **{key: ["aws"]}) == [f"config/{key}"]
    assert found(REGION, **{key: ["aws", "kubernetes"]}) == found(REGION, **{key: ["*"]}) == []


@pytest.mark.parametrize(("key", "value"), [("aws:assumeRole", {"roleArn": "x"}), ("pulumi:tags", {"a": "b"})])
def test_other_keys_of_providers_are_free_and_may_be_secret(key, value):
    assert found(REGION, **{key: value}) == []
    assert found(REGION, **{key: SECURE}) == []


@pytest.mark.parametrize("key", stack_file.SECRETS)
def test_secrets_are_stored_as_secrets_and_nothing_else_is(key):
    assert found(REGION, **{f"observability:{key}": SECURE}) == []
    assert f"config/observability:{key}" in found(REGION, **{f"observability:{key}": "hunter2"})
    assert found(REGION, **{"observability:namespace": SECURE}) == ["config/observability:namespace"]


def test_each_edge_has_a_credential_of_its_own():
    key = f"observability:{stack_file.EDGE_CREDENTIALS}"
    assert found(REGION, **{key: {"eu-1": SECURE, "eu-2": SECURE}}) == []
    assert f"config/{key}" in found(REGION, **{key: {"eu-1": SECURE, "eu-2": "hunter2"}})


def test_what_pulumi_writes_beside_the_configuration_passes():
    document = {"secretsprovider": "awskms://alias/x", "encryptedkey": "x", "encryptionsalt": "v1:x"}
    assert list(VALIDATOR.iter_errors({"config": stack_config("Pulumi.eu.yaml"), **document})) == []
    assert list(VALIDATOR.iter_errors({"config": stack_config("Pulumi.eu.yaml"), "secretprovider": "x"}))


def test_writing_makes_what_differs_and_a_check_only_tells(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(__main__, "ROOT", tmp_path)
    monkeypatch.setattr(__main__, "documents", lambda: {"one": "new", "other": "new"})
    (tmp_path / "one").write_text("old")
    assert __main__.main(["--check"]) == 1
    assert (tmp_path / "one").read_text() == "old"
    assert __main__.main([]) == 0
    assert [(tmp_path / name).read_text() for name in ("one", "other")] == ["new", "new"]
    assert capsys.readouterr().out.splitlines() == [
        "one: differs",
        "other: differs",
        "one: written",
        "other: written",
    ]
    assert __main__.main(["--check"]) == 0
