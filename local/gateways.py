"""The certificates of the gateways, which somebody has to bring: here the cluster's own authority."""

import base64

from kubernetes import client, config

from local import certificates, stacks
from local.answers import EXISTS, unless
from local.control_plane import CERTIFICATES, KUBECONFIG
from settings.edges import GatewayTls

SECRET = GatewayTls().secret_name


def provide() -> None:
    """Puts a certificate into each region's namespace, which the stack takes over when it comes up."""
    api = client.CoreV1Api(config.new_client_from_config(str(KUBECONFIG)))
    for region in stacks.REGIONS:
        certificate, key = certificates.server(CERTIFICATES, f"{region}-gateway.{region}.svc")
        data = {"tls.crt": certificate, "tls.key": key}
        with unless(EXISTS):
            api.create_namespace({"metadata": {"name": region}})
        secret = {
            "metadata": {"name": SECRET},
            "type": "kubernetes.io/tls",
            "data": {name: base64.b64encode(pem).decode() for name, pem in data.items()},
        }
        with unless(EXISTS):  # from an earlier run
            api.create_namespaced_secret(region, secret)
