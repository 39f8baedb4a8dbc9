"""Spans through the OpenTelemetry SDK to a collector, over OTLP/HTTP, in batches from a thread of their own."""

import os
import socket
from collections.abc import Mapping
from importlib.metadata import version

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from app.settings import Settings
from app.telemetry.context import TraceContext, read_context
from app.telemetry.tracing import Kind, Span, Value, headers_of

_KINDS = {"server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER, "client": SpanKind.CLIENT}
_PATIENCE_MILLISECONDS = 2_000
_QUEUE = 20_000


class _Told:
    """A span of the SDK under our few words."""

    __slots__ = ("_span", "line")

    def __init__(self, span: trace.Span) -> None:
        found = span.get_span_context()
        sampled = bool(found.trace_flags & TraceFlags.SAMPLED)
        self._span = span
        self.line = TraceContext(f"{found.trace_id:032x}", f"{found.span_id:016x}", sampled).line()

    def end(self, fault: str = "", **attributes: Value) -> None:
        """Handed to the exporter's thread."""
        for name, value in attributes.items():
            self._span.set_attribute(f"mapwright.{name}", value)
        if fault:
            self._span.set_status(Status(StatusCode.ERROR, fault[:300]))
        self._span.end()


class Exported:
    """Spans that a collector hears of; one that is away costs them, and nothing else."""

    def __init__(self, settings: Settings, process: str) -> None:
        about = {
            "service.name": "mapwright",
            "service.version": version("mapwright"),
            "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
            "mapwright.process": process,
        }
        # A sender that samples decides for the journey; for the others this share.
        sampler = ParentBased(TraceIdRatioBased(settings.otlp_sample))
        self._provider = TracerProvider(sampler, Resource.create(about), shutdown_on_exit=False)
        address = f"{settings.otlp_endpoint.rstrip('/')}/v1/traces"
        exporter = OTLPSpanExporter(address, headers=dict(headers_of(settings.otlp_headers)), timeout=5)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=_QUEUE))
        self._tracer = self._provider.get_tracer("mapwright")

    def begin(self, name: str, kind: Kind, parent: str, about: Mapping[str, Value]) -> Span:
        """A span below the given context, or the first of a new trace."""
        given = {f"mapwright.{key}": value for key, value in about.items()}
        return _Told(self._tracer.start_span(name, _around(parent), _KINDS[kind], given))

    def close(self) -> None:
        """Flush for a moment, then leave."""
        self._provider.force_flush(_PATIENCE_MILLISECONDS)
        self._provider.shutdown()


def _around(parent: str) -> trace.Context | None:
    found = read_context(parent)
    if found is None:
        return trace.set_span_in_context(trace.INVALID_SPAN)
    flags = TraceFlags(TraceFlags.SAMPLED if found.sampled else TraceFlags.DEFAULT)
    remote = SpanContext(int(found.trace_id, 16), int(found.span_id, 16), True, flags)
    return trace.set_span_in_context(NonRecordingSpan(remote))
