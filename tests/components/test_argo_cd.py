"""ArgoCd."""

import json

import pytest

from components import ArgoCd
from tests.components.args import ARGO_CD
from tests.engine import build, texts

GENERATORS = ["applicationSet", "applications"]


def argo_cd(**changes):
    return build(lambda: ArgoCd("eu-argo-cd", {**ARGO_CD, **changes}))


@pytest.fixture(params=GENERATORS)
def made(request):
    return argo_cd(generator=request.param)


def outputs(recording) -> dict:
    (found,) = recording.outputs.values()
    return found


def test_an_edge_with_an_api_server_is_registered_with_argo_cd_and_others_are_not(made):
    secret = made.one("Secret")
    assert secret.inputs["metadata"]["namespace"] == "argocd"
    assert secret.inputs["metadata"]["labels"]["argocd.argoproj.io/secret-type"] == "cluster"
    assert secret.inputs["metadata"]["labels"]["observability/edge"] == "eu-1"
    assert secret.inputs["stringData"]["server"] == "https://eu-1.example:6443"
    assert json.loads(secret.inputs["stringData"]["config"])["bearerToken"] == "credential-of-eu-1"


def test_the_credential_is_secret_and_nowhere_else(made):
    assert "stringData" in made.one("Secret").secrets
    for resource in made.resources:
        if resource.kind != "Secret":
            assert "credential-of-eu-1" not in " ".join(texts(resource.inputs))
    assert "credential-of-eu-1" not in " ".join(texts(outputs(made)))


def test_nothing_that_argo_cd_makes_of_it_has_a_finalizer(made):
    assert not [text for resource in made.resources for text in texts(resource.inputs) if "finalizer" in text]
    for applications in made.of("ApplicationSet"):
        assert applications.inputs["spec"]["syncPolicy"]["preserveResourcesOnDeletion"] is True


def test_the_set_finds_clusters_by_the_label_that_their_secrets_have():
    made = argo_cd()
    _, clusters = made.one("ApplicationSet").inputs["spec"]["generators"][0]["matrix"]["generators"]
    (key,) = clusters["clusters"]["selector"]["matchLabels"]
    assert key in made.one("Secret").inputs["metadata"]["labels"]


def test_an_application_goes_to_the_cluster_of_its_edge():
    made = argo_cd(generator="applications")
    found = {each.name: each.inputs["spec"]["destination"] for each in made.of("Application")}
    assert found == {
        "eu-argo-cd-eu-1": {"name": made.one("Secret").inputs["stringData"]["name"], "namespace": "monitoring"},
        "eu-argo-cd-eu-2": {"name": "eu-2", "namespace": "monitoring"},
    }


def test_the_two_generators_never_make_applications_of_the_same_names():
    ours = {each.inputs["metadata"]["name"] for each in argo_cd(generator="applications").of("Application")}
    template = argo_cd().one("ApplicationSet").inputs["spec"]["template"]["metadata"]["name"]
    assert not ours & {template.replace("{{ .edge }}", edge["name"]) for edge in ARGO_CD["edges"]}


def test_it_tells_what_to_ask_kubectl_for():
    assert outputs(argo_cd())["applications"] == ["applicationset/eu-argo-cd-agents"]
    assert outputs(argo_cd(generator="applications"))["applications"] == [
        "application/eu-argo-cd-eu-1",
        "application/eu-argo-cd-eu-2",
    ]
