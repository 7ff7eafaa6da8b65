import base64
import ipaddress

import yaml
from cryptography import x509
from cryptography.x509.oid import NameOID

from local import certificates


def load(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_every_certificate_is_issued_by_the_clusters_own_authority(tmp_path):
    certificates.create(tmp_path / "pki", "https://192.0.2.7:6443", ["192.0.2.7", "127.0.0.1"])

    authority = load(tmp_path / "pki" / "ca.crt")
    for stem in (*certificates.CLIENTS, "api-server"):
        load(tmp_path / "pki" / f"{stem}.crt").verify_directly_issued_by(authority)


def test_the_api_server_is_valid_for_the_addresses_it_answers_at(tmp_path):
    certificates.create(tmp_path / "pki", "https://192.0.2.7:6443", ["192.0.2.7", "127.0.0.1"])

    names = load(tmp_path / "pki" / "api-server.crt").extensions.get_extension_for_class(x509.SubjectAlternativeName)
    addresses = names.value.get_values_for_type(x509.IPAddress)
    assert addresses == [ipaddress.ip_address("192.0.2.7"), ipaddress.ip_address("127.0.0.1")]


def test_a_kubeconfig_names_the_local_context_and_its_own_client(tmp_path):
    certificates.create(tmp_path / "pki", "https://192.0.2.7:6443", ["192.0.2.7"])

    document = yaml.safe_load((tmp_path / "pki" / "admin.kubeconfig").read_text())
    assert document["current-context"] == certificates.CONTEXT
    assert document["clusters"][0]["cluster"]["server"] == "https://192.0.2.7:6443"
    client = x509.load_pem_x509_certificate(base64.b64decode(document["users"][0]["user"]["client-certificate-data"]))
    assert client.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "system:masters"


def test_a_running_cluster_keeps_its_certificates_and_nobody_else_reads_the_keys(tmp_path):
    certificates.create(tmp_path / "pki", "https://192.0.2.7:6443", ["192.0.2.7"])
    first = (tmp_path / "pki" / "ca.crt").read_bytes()

    certificates.create(tmp_path / "pki", "https://192.0.2.7:6443", ["192.0.2.7"])

    assert (tmp_path / "pki" / "ca.crt").read_bytes() == first
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "pki").glob("*.key")} == {0}
