"""Kubeconfigs of nothing but a URL, a certificate and a token."""

import base64
import json

from kubernetes import config

from render import kubeconfig


def test_clients_find_the_server_the_certificate_and_the_token():
    authority = base64.b64encode(b"certificate").decode()
    document = json.loads(kubeconfig.document("eu-1", "https://eu-1.example:6443", authority, "a-token"))

    found = config.new_client_from_config_dict(document, persist_config=False).configuration

    assert found.host == "https://eu-1.example:6443"
    assert found.verify_ssl
    with open(found.ssl_ca_cert) as file:
        assert file.read() == "certificate"
    (token,) = (setting["value"] for setting in found.auth_settings().values())
    assert token == "Bearer a-token"
