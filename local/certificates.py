"""The cluster's own certificate authority, the certificates it issues, and kubeconfig files made of them."""

import base64
import datetime
import http.client
import ipaddress
import ssl
import urllib.request
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CONTEXT = "observability-local"
LIFETIME = datetime.timedelta(days=365)

#: file stem -> (common name, organisation): who each client is to the API server's RBAC.
CLIENTS = {
    "admin": ("admin", "system:masters"),
    "api-server-to-kubelet": ("kube-apiserver", "system:masters"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "kubelet": ("system:node:local", "system:nodes"),
    "kube-proxy": ("system:kube-proxy", ""),
}


def create(folder: Path, server: str, addresses: list[str]) -> None:
    """Writes `ca.crt`, the API server's certificate, the service account key, and per client a certificate and a
    kubeconfig.

    server: the API server's URL; addresses: the IP addresses that it answers at. Existing files are kept: a running
    cluster goes on trusting what it was started with.
    """
    if (folder / "complete").exists():
        return
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority_key = _key(folder / "ca.key")
    authority = _certificate(authority_key, authority_key, "observability-local", "", issuer=None, hosts=[])
    _write(folder / "ca.crt", authority.public_bytes(serialization.Encoding.PEM))
    _key(folder / "service-account.key")
    for stem, (name, organisation) in {**CLIENTS, "api-server": ("kube-apiserver", "")}.items():
        key = _key(folder / f"{stem}.key")
        hosts = [*addresses, "kubernetes.default.svc"] if stem == "api-server" else []
        certificate = _certificate(key, authority_key, name, organisation, issuer=authority, hosts=hosts)
        _write(folder / f"{stem}.crt", certificate.public_bytes(serialization.Encoding.PEM))
        _write(folder / f"{stem}.kubeconfig", _kubeconfig(folder, stem, server))
    (folder / "complete").touch()


def server(folder: Path, name: str) -> tuple[bytes, bytes]:
    """A certificate of the authority in `folder` for a DNS name, and its key; both PEM. Made once."""
    certificate_file, key_file = folder / f"{name}.crt", folder / f"{name}.key"
    if not certificate_file.exists():
        signer = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
        issuer = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
        made = _certificate(_key(key_file), signer, name, "", issuer=issuer, hosts=[name])
        _write(certificate_file, made.public_bytes(serialization.Encoding.PEM))
    return certificate_file.read_bytes(), key_file.read_bytes()


def trusting(folder: Path, name: str) -> urllib.request.OpenerDirector:
    """Opens URLs whose server shows a certificate for `name` of the authority in `folder`, at whatever address."""
    context = ssl.create_default_context(cafile=folder / "ca.crt")

    class Connection(http.client.HTTPSConnection):
        def connect(self) -> None:
            http.client.HTTPConnection.connect(self)
            self.sock = context.wrap_socket(self.sock, server_hostname=name)

    class Handler(urllib.request.HTTPSHandler):
        def https_open(self, request: urllib.request.Request):
            return self.do_open(Connection, request)

    return urllib.request.build_opener(Handler)


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    _write(path, pem)
    return key


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    name: str,
    organisation: str,
    *,
    issuer: x509.Certificate | None,
    hosts: list[str],
) -> x509.Certificate:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if organisation:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    subject = x509.Name(attributes)
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer:
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _kubeconfig(folder: Path, stem: str, server: str) -> bytes:
    def encoded(name: str) -> str:
        return base64.b64encode((folder / name).read_bytes()).decode()

    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": {"server": server, "certificate-authority-data": encoded("ca.crt")}}],
        "users": [
            {
                "name": stem,
                "user": {
                    "client-certificate-data": encoded(f"{stem}.crt"),
                    "client-key-data": encoded(f"{stem}.key"),
                },
            }
        ],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": stem}}],
        "current-context": CONTEXT,
    }
    return yaml.safe_dump(document).encode()


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
