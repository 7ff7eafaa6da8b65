"""`make render`: the production stacks as files, and one with every kind of secret."""

import base64
import functools
import os
import subprocess
import sys

import kubernetes_validate
import pytest
import yaml

import contract
from review import documents, program, render
from review.engine import ROOT, Recording
from tests.engine import texts
from tests.regions import CA_DATA

# EU is another APAC.
STACKS = ("apac", "global")
KUBERNETES_VERSION = "1.34"
#: Kinds whose schemas are not Kubernetes's own.
CUSTOM = ("cert-manager.io/v1", "argoproj.io/v1alpha1")
SECURE = {"secure": "v1:PLANTED"}


@functools.cache
def recorded(stack: str) -> Recording:
    return program.recorded(stack, ROOT / f"Pulumi.{stack}.yaml")


@functools.cache
def files(stack: str) -> dict[str, str]:
    return documents.documents(recorded(stack))


@pytest.fixture(scope="module")
def secretive(tmp_path_factory) -> tuple[Recording, dict[str, str]]:
    """APAC with every secret there is, encrypted as the CLI does it."""
    document = yaml.safe_load((ROOT / "Pulumi.apac.yaml").read_text())
    document["encryptionsalt"] = "v1:PLANTED"
    config = document["config"]
    config["observability:edges"][0]["apiServer"] = {"server": "https://apac-1.example", "caData": CA_DATA}
    config["observability:edgeCredentials"] = {"apac-1": SECURE}
    config["observability:caches"] = {"backend": "redis", "redis": {"address": "redis.example:6379"}}
    config["observability:objectStore"]["endpoint"] = "s3.example"
    config["observability:grafana"] = {
        "rootUrl": "https://grafana.example/",
        "oidc": {
            "name": "Example",
            "authUrl": "https://login.example/auth",
            "tokenUrl": "https://login.example/token",
            "apiUrl": "https://login.example/userinfo",
            "clientId": "grafana",
        },
    }
    for key in ("objectStoreAccessKey", "objectStoreSecretKey", "redisPassword", "grafanaOidcClientSecret"):
        config[f"observability:{key}"] = SECURE
    file = tmp_path_factory.mktemp("secretive") / "stack.yaml"
    file.write_text(yaml.safe_dump(document))
    recording = program.recorded("apac", file)
    return recording, documents.documents(recording)


def manifests(stack: str) -> list[dict]:
    found = [yaml.load(text, yaml.CSafeLoader) for path, text in files(stack).items() if path.startswith("kubernetes/")]
    assert found
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_every_kubernetes_file_is_a_whole_manifest_without_unknown_fields(stack):
    for manifest in manifests(stack):
        assert list(manifest)[:3] == ["apiVersion", "kind", "metadata"]
        if manifest["apiVersion"] not in CUSTOM:
            kubernetes_validate.validate(manifest, KUBERNETES_VERSION, strict=True)


@pytest.mark.parametrize("stack", STACKS)
def test_every_object_that_is_registered_is_in_one_file_and_nothing_else_is(stack):
    registered = [found for found in recorded(stack).resources if found.custom]
    assert len(files(stack)) == len(registered)
    made = recorded(stack).kubernetes()
    names = [(found.inputs["apiVersion"], found.kind, found.inputs["metadata"]["name"]) for found in made]
    assert sorted(names) == sorted(
        (each["apiVersion"], each["kind"], each["metadata"]["name"]) for each in manifests(stack)
    )
    others = [(found.type, found.name) for found in registered if found not in made]
    read = [yaml.load(text, yaml.CSafeLoader) for path, text in files(stack).items() if path.startswith("resources/")]
    assert sorted(others) == sorted((each["type"], each["name"]) for each in read)


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_not_secret_is_written_as_it_is_registered(stack):
    by_name = {(found.kind, found.inputs["metadata"]["name"]): found for found in recorded(stack).kubernetes()}
    compared = [each for each in manifests(stack) if each["kind"] != "Secret"]
    assert compared
    for manifest in compared:
        assert manifest == by_name[manifest["kind"], manifest["metadata"]["name"]].manifest


def test_no_secret_is_in_any_file(secretive):
    recording, rendered = secretive
    known = [text for text in _texts_below_secrets(recording) if program.FAKE in text]
    for planted in ("apac-gateway-apac-1-token", "admin-password", "https://apac-1.example", "bucket:", "password:"):
        assert any(planted in text for text in known), f"{planted} is nothing that could be found"
    for path, text in rendered.items():
        assert "PLANTED" not in text
        assert f"{program.FAKE}-" not in text, path
        for secret in known:
            assert secret not in text
            assert base64.b64encode(secret.encode()).decode() not in text


def _texts_below_secrets(recording: Recording) -> list[str]:
    found = []
    for resource in recording.resources:
        for path in resource.secrets:
            value = resource.inputs
            for key in path.split("."):
                value = value[key]
            found += texts(value)
    return found


def test_the_values_of_a_secret_say_what_they_stand_for(secretive):
    _, rendered = secretive
    secrets = {path: yaml.load(text, yaml.CSafeLoader) for path, text in rendered.items() if "/secret-" in path}
    assert len(secrets) == 8
    for secret in secrets.values():
        values = list(secret.get("stringData", {}).values())
        values += [base64.b64decode(value, validate=True).decode() for value in secret.get("data", {}).values()]
        assert values
        assert all(value.startswith(f"{documents.PLACEHOLDER}-") for value in values)


def test_what_goes_to_the_cluster_of_an_edge_is_apart_from_what_argo_cd_is_pointed_at(secretive):
    _, rendered = secretive
    assert [path for path in rendered if path.startswith("edges/")] == [
        "edges/apac-1/namespace-apac-apac-1-namespace.yaml",
        "edges/apac-1/secret-apac-apac-1-remote-write.yaml",
    ]


def test_a_secret_that_is_set_anew_shows_in_the_name_and_not_in_the_path(secretive, tmp_path):
    def named(ciphertext: str) -> dict[str, str]:
        document = yaml.safe_load((ROOT / "Pulumi.apac.yaml").read_text())
        for key in ("objectStoreAccessKey", "objectStoreSecretKey"):
            document["config"][f"observability:{key}"] = {"secure": ciphertext}
        file = tmp_path / "stack.yaml"
        file.write_text(yaml.safe_dump(document))
        rendered = documents.documents(program.recorded("apac", file))
        return {
            path: yaml.load(text, yaml.CSafeLoader)["metadata"]["name"]
            for path, text in rendered.items()
            if "/secret-" in path
        }

    before, after = named("v1:one"), named("v1:two")
    assert set(before) == set(after)
    assert {path for path in before if before[path] != after[path]} == {
        "kubernetes/metrics/secret-apac-metrics-config.yaml",
        "kubernetes/tempo/secret-apac-tempo-config.yaml",
    }


def test_credentials_of_edges_that_are_encrypted_as_a_whole_are_rendered_too(tmp_path):
    document = yaml.safe_load((ROOT / "Pulumi.apac.yaml").read_text())
    document["config"]["observability:edges"][0]["apiServer"] = {"server": "https://a.example", "caData": CA_DATA}
    document["config"]["observability:edgeCredentials"] = SECURE
    file = tmp_path / "stack.yaml"
    file.write_text(yaml.safe_dump(document))

    assert render.main(["--stack=apac", f"--config-file={file}", f"--out={tmp_path / 'out'}"]) == 0
    assert (tmp_path / "out/apac/edges/apac-1").is_dir()


def test_two_renders_are_the_same_to_the_byte_from_any_folder_and_whatever_the_user_has_set(tmp_path):
    # Also by another hash seed than this process's.
    own = {
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": "1",
        "KUBECONFIG": "/none",
        "PULUMI_K8S_DELETE_UNREACHABLE": "true",
    }
    command = [sys.executable, "-m", "review.render", "--stack=apac", "--out=here"]
    subprocess.run(command, cwd=tmp_path, env={**os.environ, **own}, check=True, capture_output=True)

    folder = tmp_path / "here" / "apac"
    assert {file.relative_to(folder).as_posix(): file.read_text() for file in folder.rglob("*.yaml")} == files("apac")


def test_regions_are_rendered_as_promised_to_the_global_stack():
    promised = contract.load(program.promised("eu"))
    assert promised.query_grpc_endpoint in files("global")["kubernetes/query/configmap-global-query-endpoints.yaml"]


def test_files_of_an_earlier_run_go_and_those_of_another_stack_stay(tmp_path):
    out = tmp_path / "rendered"
    render.write({"kubernetes/a/x.yaml": "1", "kubernetes/b/y.yaml": "2"}, out, "apac")
    render.write({"kubernetes/a/z.yaml": "3"}, out, "eu")
    render.write({"kubernetes/a/x.yaml": "4"}, out, "apac")

    found = {file.relative_to(out).as_posix(): file.read_text() for file in out.rglob("*.yaml")}
    assert found == {"apac/kubernetes/a/x.yaml": "4", "eu/kubernetes/a/z.yaml": "3"}


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "apac").mkdir()
    render.write({"a.yaml": "1"}, tmp_path, "apac")
    assert (tmp_path / "apac/a.yaml").exists()


def test_a_clone_takes_a_stack_beside_what_it_has_and_again_after_it_was_cloned_anew(tmp_path):
    def git(*arguments: str) -> str:
        own = ("-c", "user.name=a", "-c", "user.email=a@example", "-c", "commit.gpgsign=false")
        command = ["git", *own, *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    git("init", "--quiet", "deploy")
    (tmp_path / "deploy/README.md").write_text("ours")
    render.write({"a.yaml": "1"}, tmp_path / "deploy", "apac")
    git("-C", "deploy", "add", "--all")
    git("-C", "deploy", "commit", "--quiet", "-m", "a")
    git("clone", "--quiet", "deploy", "again")
    render.write({"b.yaml": "2"}, tmp_path / "again", "apac")

    assert git("-C", "again", "status", "--porcelain").splitlines() == [" D apac/a.yaml", "?? apac/b.yaml"]
    assert (tmp_path / "again/README.md").read_text() == "ours"


def test_a_folder_of_somebody_else_is_refused_and_left_as_it_is(tmp_path, capsys):
    (tmp_path / "global").mkdir()
    mine = tmp_path / "global" / "mine.yaml"
    mine.write_text("mine")

    assert render.main(["--stack=global", f"--out={tmp_path}"]) == 1
    assert f"{tmp_path / 'global'} was not made by `make render` and is not empty" in capsys.readouterr().err
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [mine]


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path, out, capsys):
    (tmp_path / "file").write_text("mine")
    assert render.main(["--stack=global", f"--out={tmp_path / out}"]) == 1
    assert "Give another folder: OUT=" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("stack", "text", "said"),
    [
        ("eu", (ROOT / "Pulumi.apac.yaml").read_text(), "must be the stack's name (eu), because the global stack"),
        ("apac", "config: {observability:kind: nothing}", "must be region or global, because"),
        (
            "apac",
            "config: {observability:kind: region, observability:redisPassword: hunter2}",
            "observability:redisPassword is stored as plain text",
        ),
        ("apac", "config: {observability:kind: {secure: v1:x}}", "observability:kind is stored as a secret"),
        ("apac", "config: [", "is no YAML"),
        ("apac", "just text", "it has no mapping `config`"),
        ("apac", None, "there is no stack file"),
        ("..", "config: {}", "this is no name of a stack"),
    ],
)
def test_what_is_wrong_is_said_in_words_and_nothing_is_written(tmp_path, stack, text, said, capsys):
    file = tmp_path / "stack.yaml"
    if text is not None:
        file.write_text(text)
    assert render.main([f"--stack={stack}", f"--config-file={file}", f"--out={tmp_path / 'out'}"]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.startswith(f"error: {stack}: ")
    assert "Traceback" not in error
    assert "hunter2" not in error
    assert not (tmp_path / "out").exists()
