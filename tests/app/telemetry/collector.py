"""A real OTLP/HTTP collector: it reads what the exporter sends and keeps the spans."""

import gzip
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Heard:
    """One span as the collector got it."""

    name: str
    trace_id: str
    span_id: str
    parent: str
    failed: bool
    about: dict[str, Any]
    process: str


class Collector:
    """Listens on this machine until it is closed."""

    def __init__(self) -> None:
        self.spans: list[Heard] = []
        self.headers: list[dict[str, str]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                collector._read(body)
                collector.headers.append(dict(self.headers))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """What MAPWRIGHT_OTLP_ENDPOINT names."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Hear nothing more."""
        self._server.shutdown()
        self._server.server_close()

    def wait(self, count: int, seconds: float = 20) -> list[Heard]:
        """So many spans, in the order of their names."""
        end = time.monotonic() + seconds
        while len(self.spans) < count:
            assert time.monotonic() < end, f"heard only {[span.name for span in self.spans]}"
            time.sleep(0.05)
        return sorted(self.spans, key=lambda span: span.name)

    def _read(self, body: bytes) -> None:
        asked = ExportTraceServiceRequest.FromString(body)
        for of_process in asked.resource_spans:
            about = {pair.key: pair.value.string_value for pair in of_process.resource.attributes}
            for scope in of_process.scope_spans:
                self.spans += [_heard(span, about["mapwright.process"]) for span in scope.spans]


def _heard(span: Any, process: str) -> Heard:
    about = {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes}
    failed = span.status.code == 2
    return Heard(
        span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), failed, about, process
    )
