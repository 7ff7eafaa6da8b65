import json
from pathlib import Path

import pytest

from ops import stacks
from ops.errors import OperationError
from tests.engine import ROOT

REGION = "config: {observability:kind: region, kubernetes:context: far, aws:region: eu-central-1}\n"
GLOBAL = "config: {observability:kind: global, kubernetes:context: near, observability:regions: [zulu]}\n"


def written(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"Pulumi.{name}.yaml").write_text(text)
    (folder / "Pulumi.yaml").write_text("name: probe\n")
    return folder


def test_regions_come_before_global_stacks_whatever_their_names(tmp_path):
    found = stacks.find(written(tmp_path, alpha=GLOBAL, zulu=REGION, mike=REGION))
    assert [stack.name for stack in found] == ["mike", "zulu", "alpha"]
    assert found[-1].regions == ("zulu",)


@pytest.mark.parametrize("kind", [None, "region", "global"])
def test_a_matrix_has_each_stack_of_this_checkout_with_where_it_belongs(kind, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert stacks.main(["--kind", kind] if kind else []) == 0
    rows = json.loads(capsys.readouterr().out)
    expected = {"region": ["apac", "eu"], "global": ["global"], None: ["apac", "eu", "global"]}[kind]
    assert [row["name"] for row in rows] == expected
    known = {"apac": ("observability-apac", "ap-southeast-1"), "global": ("observability-global", None)}
    for row in rows:
        assert row["kind"] == ("global" if row["name"] == "global" else "region")
        if row["name"] in known:
            assert (row["context"], row["awsRegion"]) == known[row["name"]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("config: {", "Pulumi.eu.yaml is no YAML"),
        ("config: {kubernetes:context: far}", "kind is None: must be region or global"),
        ("config: {observability:kind: planet}", "kind is 'planet'"),
        ("config: {observability:kind: [region]}", r"kind is \['region'\]"),
        ("", "kind is None"),
        ("- a list", "Pulumi.eu.yaml is no stack file"),
        ("config: {observability:kind: global, observability:regions: apac}", "observability:regions: Input should be"),
    ],
)
def test_a_stack_file_that_says_no_kind_is_named(text, reason, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(written(tmp_path, apac=REGION, eu=text))
    with pytest.raises(OperationError, match=reason):
        stacks.find(tmp_path)
    assert stacks.main([]) == 1
    assert capsys.readouterr().out == "", "a matrix must not be made of half the stacks"


def test_a_folder_without_stack_files_is_named(tmp_path):
    with pytest.raises(OperationError, match=f"no stack file.*{tmp_path.name}"):
        stacks.find(written(tmp_path))


UID, OTHER = "01234567-89ab-cdef-0123-456789abcdef", "fedcba98-89ab-cdef-0123-456789abcdef"


def placed(cluster: str, namespace: str | None = None, kind: str = "region") -> str:
    named = f", observability:namespace: {namespace}" if namespace is not None else ""
    return f"config: {{observability:kind: {kind}, observability:clusterId: {cluster}{named}}}\n"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (placed(UID), placed(UID)),
        (placed(UID), placed(UID, "observability")),
        (placed(UID), placed(UID, "''")),
        (placed(UID, "metrics"), placed(UID, "metrics", kind="global")),
    ],
)
def test_two_stacks_in_one_namespace_of_one_cluster_are_refused(first, second, tmp_path):
    with pytest.raises(OperationError) as refused:
        stacks.find(written(tmp_path, apac=first, sa=second))
    message = str(refused.value)
    assert f"{tmp_path}/Pulumi.apac.yaml and {tmp_path}/Pulumi.sa.yaml have the same" in message
    assert f"observability:clusterId ({UID}) and the same observability:namespace (" in message
    assert "one of the two must differ, because each stack would take over the other's namespace" in message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (placed(UID), placed(OTHER)),
        (placed(UID), placed(UID, "metrics")),
        (placed("unchecked"), placed("unchecked")),
        (REGION, REGION),
    ],
)
def test_stacks_apart_or_in_clusters_that_nobody_knows_are_found(first, second, tmp_path):
    assert len(stacks.find(written(tmp_path, apac=first, sa=second))) == 2


def test_the_stacks_of_the_local_platform_share_a_cluster():
    assert len({stack.place for stack in stacks.find(ROOT / "local")}) == 3


def test_stacks_are_chosen_in_order_and_unknown_ones_refused(tmp_path):
    found = stacks.find(written(tmp_path, world=GLOBAL, zulu=REGION, mike=REGION))
    assert [stack.name for stack in stacks.choose(found, ["world", "zulu"])] == ["zulu", "world"]
    assert stacks.choose(found, []) == found
    with pytest.raises(OperationError, match="no stack file for mars; there are: mike, zulu, world"):
        stacks.choose(found, ["zulu", "mars"])


def test_the_secrets_provider_of_a_new_stack_is_read_from_its_file(tmp_path):
    found = stacks.find(written(tmp_path, eu=f"secretsprovider: awskms://alias/pulumi\n{REGION}", apac=REGION))
    assert [stack.secrets_provider for stack in found] == [None, "awskms://alias/pulumi"]
