"""TLS between real programs: a sample goes from an edge over router and ingester to Query, all by certificate."""

import contextlib
import datetime
import json
import socket
import ssl
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local import tools
from render import endpoints, hashring, receive_limits, thanos_flags

pytestmark = pytest.mark.plugins

NAME = "thanos.observability.internal"
HOST = "127.0.0.1"
WAIT_SECONDS = 60
#: What an HTTP/2 client says first: the preface and empty settings.
HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


@dataclass
class Authority:
    """A private authority, and the Secrets that cert-manager would fill from it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "internal")])
        builder = _builder(key, name).subject_name(name)
        return cls(key, builder.add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256()))

    def fill(self, folder: Path) -> None:
        """Writes tls.crt, tls.key and ca.crt for the order that the stack makes: no subject, one name, two usages."""
        key = ec.generate_private_key(ec.SECP256R1())
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        names = x509.SubjectAlternativeName([x509.DNSName(NAME)])
        certificate = (
            _builder(key, self.certificate.subject)
            .subject_name(x509.Name([]))
            .add_extension(names, True)
            .add_extension(x509.ExtendedKeyUsage(usages), False)
            .sign(self.key, hashes.SHA256())
        )
        folder.mkdir(exist_ok=True)
        (folder / "tls.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "ca.crt").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
        (folder / "tls.key").write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))


def _builder(key: ec.EllipticCurvePrivateKey, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
    return builder.not_valid_after(now + datetime.timedelta(hours=1))


@dataclass
class Region:
    """A router, an ingester and a Query that run, and the folder with their certificate."""

    secret: Path
    authority: Authority
    grpc: dict[str, int]
    query_url: str


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    tools.fetch([tools.THANOS, tools.PROMETHEUS])
    folder = tmp_path_factory.mktemp("tls")
    secret, authority = folder / "secret", Authority.make()
    authority.fill(secret)
    ports = dict(zip(("ingester", "router", "query", "agent"), _free_ports(4, 4), strict=True))

    (folder / "objstore.yml").write_text(yaml.safe_dump({"type": "FILESYSTEM", "config": {"directory": str(folder)}}))
    member = hashring.Endpoint(HOST)
    grpc, capnproto = ports["ingester"][0], ports["ingester"][2]
    ring = hashring.document([member], replication_factor=1, grpc_port=grpc, capnproto_port=capnproto)
    (folder / "hashrings.json").write_text(ring)
    limits = receive_limits.document(
        max_concurrency=0,
        request={"size_bytes": 0, "series": 0, "samples": 0},
        tenants={},
        head_series=0,
        meta_monitoring_url=None,
        replication_factor=1,
    )
    (folder / "limits.yaml").write_text(limits)
    asked = endpoints.document([], [f"{HOST}:{grpc}"], NAME)
    (folder / "endpoints.yaml").write_text(asked.replace(thanos_flags.TLS_DIR, str(secret)))

    programs = {
        "ingester": thanos_flags.receive_ingester(
            region="eu",
            data_dir=f"{folder}/data",
            retention="3h",
            objstore_file=f"{folder}/objstore.yml",
            tls=NAME,
        ),
        "router": thanos_flags.receive_router(
            region="eu",
            hashring_file=f"{folder}/hashrings.json",
            limits_file=f"{folder}/limits.yaml",
            replication_factor=1,
            tls=NAME,
        ),
        "query": thanos_flags.query(endpoints_file=f"{folder}/endpoints.yaml", tls=NAME),
    }
    with contextlib.ExitStack() as running:
        for name, flags in programs.items():
            flags = [flag.replace(thanos_flags.TLS_DIR, str(secret)).replace("$(POD_NAME)", name) for flag in flags]
            thanos = [tools.THANOS.program("thanos"), *flags, *_listen(name, ports[name])]
            running.enter_context(_running(thanos, folder / f"{name}.log"))
        for name in programs:
            _wait(lambda name=name: _get(f"http://{HOST}:{ports[name][1]}/-/ready") is not None, folder / f"{name}.log")
        running.enter_context(_running(_agent(folder, ports), folder / "agent.log"))
        grpc_ports = {name: ports[name][0] for name in programs}
        yield Region(secret, authority, grpc_ports, f"http://{HOST}:{ports['query'][1]}")


def _listen(name: str, ports: list[int]) -> list[str]:
    grpc, http, capnproto, remote_write = (f"{HOST}:{port}" for port in ports)
    receive = [f"--remote-write.address={remote_write}", f"--receive.capnproto-address={capnproto}"]
    return [f"--grpc-address={grpc}", f"--http-address={http}", *([] if name == "query" else receive)]


def _agent(folder: Path, ports: dict[str, list[int]]) -> list[str]:
    address = f"{HOST}:{ports['agent'][0]}"
    written_to = f"http://{HOST}:{ports['router'][3]}/api/v1/receive"
    configuration = {
        "global": {"scrape_interval": "1s", "external_labels": {"cluster": "eu-1"}},
        "scrape_configs": [{"job_name": "edge", "static_configs": [{"targets": [address]}]}],
        "remote_write": [{"url": written_to}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    return [
        tools.PROMETHEUS.program("prometheus"),
        "--agent",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.agent.path={folder}/agent",
        f"--web.listen-address={address}",
    ]


@contextlib.contextmanager
def _running(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _free_ports(groups: int, each: int) -> list[list[int]]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(groups * each)]
        for found in sockets:
            found.bind((HOST, 0))
        numbers = [found.getsockname()[1] for found in sockets]
    return [numbers[first : first + each] for first in range(0, groups * each, each)]


def _get(url: str) -> bytes | None:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.read()
    except OSError:
        return None


def _wait(condition, log: Path | None = None) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.3)
    raise AssertionError(log.read_text()[-3000:] if log else "it did not happen")


def ask(region: Region, query: str) -> list[dict]:
    answer = _get(f"{region.query_url}/api/v1/query?{urllib.parse.urlencode({'query': query})}")
    return json.loads(answer)["data"]["result"] if answer else []


def answer(port: int, authority: Path, own: Path | None = None, name: str = NAME) -> tuple[int, bytes]:
    """(serial number of the server's certificate, the first bytes of its HTTP/2) for a client that shows `own`."""
    context = ssl.create_default_context(cafile=str(authority / "ca.crt"))
    context.set_alpn_protocols(["h2"])
    if own:
        context.load_cert_chain(own / "tls.crt", own / "tls.key")
    with (
        socket.create_connection((HOST, port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
    ):
        connection.sendall(HELLO)
        shown = x509.load_der_x509_certificate(connection.getpeercert(binary_form=True))
        return shown.serial_number, connection.recv(9)


def test_a_sample_is_written_and_asked_for_by_tls_alone(region):
    _wait(lambda: ask(region, 'up{job="edge"}'))
    (found,) = ask(region, 'up{job="edge"}')
    assert found["metric"]["region"] == "eu"
    assert found["metric"]["cluster"] == "eu-1"


@pytest.mark.parametrize("program", ["ingester", "router", "query"])
def test_a_client_without_a_certificate_of_the_authority_is_refused(region, program, tmp_path):
    port = region.grpc[program]
    _, settings = answer(port, region.secret, own=region.secret)
    assert settings[3] == 4, "a server that takes the client begins with its SETTINGS"
    with pytest.raises(ssl.SSLError, match=r"certificate.required"):
        answer(port, region.secret)
    Authority.make().fill(tmp_path)
    with pytest.raises(ssl.SSLError, match=r"unknown.ca|bad.certificate"):
        answer(port, region.secret, own=tmp_path)


def test_a_certificate_holds_for_its_name_alone(region):
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        answer(region.grpc["ingester"], region.secret, own=region.secret, name="ingester.observability.svc")


def test_a_renewed_certificate_is_shown_without_a_restart(region):
    before, _ = answer(region.grpc["ingester"], region.secret, own=region.secret)
    region.authority.fill(region.secret)
    after, settings = answer(region.grpc["ingester"], region.secret, own=region.secret)
    assert before != after
    assert settings[3] == 4
