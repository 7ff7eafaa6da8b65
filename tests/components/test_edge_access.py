"""EdgeAccess."""

import base64
import json

import pytest

from components import EdgeAccess
from tests.components.args import EDGE_ACCESS
from tests.engine import build, texts


def access(**changes):
    return build(lambda: EdgeAccess("eu-1-access", {**EDGE_ACCESS, **changes}))


def content(recording) -> dict[str, bytes]:
    return {key: base64.b64decode(value) for key, value in recording.one("Secret").inputs["data"].items()}


def test_all_that_is_put_on_the_edge_goes_through_its_own_provider_and_stays_there():
    made = access()
    provider, objects = made.one("kubernetes"), made.kubernetes()
    assert {each.kind for each in objects} == {"Namespace", "Secret"}
    for each in objects:
        assert each.provider.startswith(provider.urn), each.name
        assert each.retained, each.name


def test_the_provider_knows_nothing_but_the_edges_own_kubeconfig_which_is_secret():
    provider = access().one("kubernetes")
    document = json.loads(provider.inputs["kubeconfig"])
    assert document["clusters"][0]["cluster"]["server"] == EDGE_ACCESS["api_server"]["server"]
    assert document["users"][0]["user"] == {"token": "credential-of-eu-1"}
    assert provider.secrets == ("kubeconfig",)


def test_the_secret_holds_the_token_and_the_authority_if_one_is_given():
    assert content(access()) == {"token": b"token-of-eu-1"}
    authority = "-----BEGIN CERTIFICATE-----\n"
    assert content(access(ca=authority)) == {"token": b"token-of-eu-1", "ca.crt": authority.encode()}


@pytest.mark.parametrize("text", ["token-of-eu-1", base64.b64encode(b"token-of-eu-1").decode(), "credential-of-eu-1"])
def test_neither_token_is_anywhere_in_plain_sight(text):
    made = access()
    for resource in made.resources:
        for key, value in resource.inputs.items():
            if text in " ".join(texts({key: value})):
                hidden = {path.split(".")[0] for path in resource.secrets}
                assert key in hidden, f"{key} of {resource.name}"
    assert text not in " ".join(texts(list(made.outputs.values())))
