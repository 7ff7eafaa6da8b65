"""How a cluster is reached with nothing but a URL, a certificate and a token."""

import json


def document(name: str, server: str, ca_data: str, token: str) -> str:
    """A kubeconfig, as JSON. `ca_data`: PEM in base64."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": ca_data}}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        }
    )
