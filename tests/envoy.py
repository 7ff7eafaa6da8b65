"""The gateway's Envoy with the files that we write, in volumes that change as the kubelet changes them."""

import http.client
import os
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import certificates, tools
from render import gateway, gateway_routes
from render.gateway_routes import Pass
from render.tempo import OTLP_GRPC_PORT, OTLP_HTTP_PORT
from tests.binaries import free_ports


class Gateway:
    """Its files in `folder`, and its ports. `routers`: their port for remote write; `tempo`: its ports for OTLP."""

    def __init__(
        self,
        folder: Path,
        routers: int,
        passes: list[Pass],
        *,
        max_request_bytes: int,
        max_heap_bytes: int = 2**28,
        tempo: dict[str, int] | None = None,
    ) -> None:
        self.folder, self.tempo = folder, tempo or {}
        self.https, self.metrics_port = free_ports(2)
        self.authority = folder / "authority"
        certificates.create(self.authority, "https://127.0.0.1", ["127.0.0.1"])
        self.admit(*passes)
        self.show("localhost")
        bootstrap = gateway.bootstrap(
            certificate_file=f"{folder}/config/certificate.yaml",
            routes_file=f"{folder}/routes/routes.yaml",
            routes_dir=f"{folder}/routes",
            routers="127.0.0.1",
            router_port=routers,
            tempo="127.0.0.1" if tempo else None,
            max_request_bytes=max_request_bytes,
            max_heap_bytes=max_heap_bytes,
        )
        ports = {gateway.HTTPS_PORT: self.https, gateway.METRICS_PORT: self.metrics_port}
        for name, number in {"http": OTLP_HTTP_PORT, "grpc": OTLP_GRPC_PORT}.items():
            ports[number] = self.tempo.get(name, number)
        for port, free in ports.items():
            bootstrap = bootstrap.replace(f"port_value: {port}\n", f"port_value: {free}\n")
        # In a pod the socket is its own; here others may run.
        bootstrap = bootstrap.replace("@envoy-admin", f"@envoy-admin-{self.https}")
        certificate = gateway.certificate(directory=f"{folder}/tls")
        self.mount("config", {"envoy.yaml": bootstrap, "certificate.yaml": certificate})

    def mount(self, volume: str, files: dict[str, str]) -> None:
        """New content of a volume: a new folder, to which the link that all files go through is moved."""
        path = self.folder / volume
        content = path / f"..{time.time_ns()}"
        content.mkdir(parents=True)
        for name, text in files.items():
            (content / name).write_text(text)
            if not (path / name).is_symlink():
                (path / name).symlink_to(f"..data/{name}")
        (path / "..new").symlink_to(content.name)
        os.rename(path / "..new", path / "..data")

    def admit(self, *passes: Pass) -> None:
        self.mount("routes", {"routes.yaml": gateway_routes.document(passes, traces=bool(self.tempo))})

    def show(self, name: str) -> None:
        """A certificate for a DNS name."""
        certificate, key = certificates.server(self.authority, name)
        self.mount("tls", {"tls.crt": certificate.decode(), "tls.key": key.decode()})

    def command(self, *arguments: str) -> list[str]:
        flags = gateway.flags(config_file=f"{self.folder}/config/envoy.yaml")
        return [tools.ENVOY.program("envoy"), *flags, *arguments]

    @property
    def log(self) -> Path:
        return self.folder / "envoy.log"

    @contextmanager
    def running(self) -> Iterator[None]:
        with self.log.open("wb") as log:
            process = subprocess.Popen(self.command(), stdout=log, stderr=log)

        def ready() -> bool:
            assert process.poll() is None, self.log.read_text()
            try:
                return self.asked("/ready")[0] == 200
            except OSError:
                return False

        try:
            until(ready, 60)
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)

    def connect(self, name: str = "localhost") -> http.client.HTTPSConnection:
        trust = ssl.create_default_context(cafile=self.authority / "ca.crt")
        connection = http.client.HTTPSConnection("127.0.0.1", self.https, context=trust, timeout=10)
        connection.connect = lambda: _connect(connection, trust, name)
        return connection

    def write(self, token: str | None, *, tenant: str | None = None, size: int = 10, connection=None) -> int:
        """The status of one remote write."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        if tenant:
            headers["THANOS-TENANT"] = tenant
        connection = connection or self.connect()
        connection.request("POST", gateway_routes.REMOTE_WRITE_PATH, b"x" * size, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def asked(self, path: str) -> tuple[int, str]:
        """Status and text of the port that is for the metrics."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""

    def metric(self, name: str, having: str = "") -> float:
        _, text = self.asked("/metrics")
        lines = [line for line in text.splitlines() if line.startswith((f"{name}{{", f"{name} ")) and having in line]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def until(check, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _connect(connection: http.client.HTTPSConnection, trust: ssl.SSLContext, name: str) -> None:
    http.client.HTTPConnection.connect(connection)
    connection.sock = trust.wrap_socket(connection.sock, server_hostname=name)
