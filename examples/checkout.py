"""An HTTP service that can be asked why it was slow: its metrics lead to its traces.

It needs the packages opentelemetry-sdk, opentelemetry-exporter-otlp-proto-grpc and prometheus-client. OpenTelemetry's
own variables say where traces go, e.g.

    OTEL_EXPORTER_OTLP_ENDPOINT=https://receive.apac.observability.example.internal
    OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20<the edge's token>
    OTEL_RESOURCE_ATTRIBUTES=service.name=checkout,k8s.cluster.name=apac-1
"""

import argparse
import random
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import REGISTRY, Histogram, exposition

tracer = trace.get_tracer("checkout")
SECONDS = Histogram("checkout_request_duration_seconds", "How long requests take.", ["status"])


def checkout(seconds: float) -> str:
    """Does the work within a span; returns the trace's id, which the request's exemplar has, too."""
    begin = time.perf_counter()
    with tracer.start_as_current_span("POST /checkout", kind=trace.SpanKind.SERVER) as span:
        span.set_attribute("http.request.method", "POST")
        with tracer.start_as_current_span("charge card"):
            time.sleep(seconds)
        span.set_attribute("http.response.status_code", 200)
        trace_id = trace.format_trace_id(span.get_span_context().trace_id)
    # The exemplar is what links this bucket of the histogram to the trace.
    SECONDS.labels(status="200").observe(time.perf_counter() - begin, exemplar={"trace_id": trace_id})
    return trace_id


class Handler(BaseHTTPRequestHandler):
    """GET /metrics, and POST /checkout?seconds=0.7, which answers with its trace's id."""

    def do_GET(self) -> None:
        # Only OpenMetrics carries exemplars; Prometheus asks for it.
        encode, content_type = exposition.choose_encoder(self.headers.get("Accept", ""))
        self._answer(encode(REGISTRY), content_type)

    def do_POST(self) -> None:
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        seconds = min(float(asked.get("seconds", ["0.01"])[0]), 10)
        self._answer(checkout(seconds).encode(), "text/plain")

    def _answer(self, body: bytes, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Not a line for each request."""


def visit(url: str, every: float) -> None:
    """A customer: quick requests all the time."""
    while True:
        with urllib.request.urlopen(f"{url}?seconds={random.uniform(0.005, 0.02):.3f}", data=b""):  # noqa: S310, S311
            time.sleep(every)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", default="127.0.0.1:8080", help="host:port to listen on")
    parser.add_argument("--visit-every", type=float, help="make requests of its own, one in so many seconds")
    options = parser.parse_args()
    host, _, port = options.address.rpartition(":")
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    server = ThreadingHTTPServer((host, int(port)), Handler)
    if options.visit_every:
        url = f"http://{options.address}/checkout"
        threading.Thread(target=visit, args=(url, options.visit_every), daemon=True).start()
    try:
        server.serve_forever()
    finally:
        provider.shutdown()  # what is not sent yet


if __name__ == "__main__":
    main()
