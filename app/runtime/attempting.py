"""One attempt to deliver: the stored bytes with their names leave, and what came back is told."""

import time

import structlog

from app.runtime.asking import Asked, ask
from app.runtime.installation import Installation
from app.runtime.outbox import Ready
from app.storage.deliveries import Delivery
from app.telemetry import metrics
from app.telemetry.tracing import Span
from connectors.contract import Outgoing, Receipt, Sink

_log = structlog.get_logger(__name__)


def attempt(installation: Installation, sink: Sink, item: Ready) -> Receipt:
    """Send once. Never raises: what a transport lets through counts as uncertain."""
    d = item.delivery
    names = {"message": d.message_id, "delivery": d.id, "correlation": d.correlation_id}
    span = installation.spans.begin(
        f"deliver {d.endpoint}", "client", d.trace, {**names, "attempt": d.attempts}
    )
    begun = time.monotonic()
    receipt = _sent(sink, _outgoing(item, span, installation.settings.delivery_deadline))
    _tell(d, receipt, span, time.monotonic() - begun)
    return receipt


def question(installation: Installation, sink: Sink, item: Ready) -> Asked:
    """Ask the target about an uncertain delivery."""
    d = item.delivery
    span = installation.spans.begin(
        f"ask {d.endpoint}", "client", d.trace, {"message": d.message_id, "delivery": d.id}
    )
    found = ask(sink, _outgoing(item, span, installation.settings.delivery_deadline))
    span.end("" if found.result != "unknown" else found.detail, result=found.result, status=found.status or 0)
    return Asked(d, found)


def _outgoing(item: Ready, span: Span, deadline: float) -> Outgoing:
    d = item.delivery
    headers = {
        "Idempotency-Key": d.ledger_key,
        "X-Correlation-Id": d.correlation_id,
        "X-Mapwright-Message": d.message_id,
        "X-Mapwright-Delivery": d.id,
        "traceparent": span.line,
    }
    return Outgoing(item.content, d.media_type, headers, d.address, deadline, d.idempotent)


def _sent(sink: Sink, outgoing: Outgoing) -> Receipt:
    try:
        return sink.send(outgoing)
    except Exception as error:  # a transport must not raise; if it does, nobody knows what it has sent
        _log.error("transport failed", delivery_id=outgoing.headers["X-Mapwright-Delivery"], exc_info=True)
        detail = f"the transport failed: {type(error).__name__}: {error}"
        return Receipt("uncertain", detail, None, "transport")


def _tell(d: Delivery, receipt: Receipt, span: Span, seconds: float) -> None:
    """Span, figures and, where it failed, a line in the log: names and the reason, never the bytes."""
    metrics.count("mapwright_attempts_total", d.environment, d.endpoint, receipt.result, receipt.error_class)
    metrics.observe("mapwright_attempt_seconds", d.environment, d.endpoint, seconds=seconds)
    delivered = receipt.result == "delivered"
    span.end("" if delivered else receipt.detail, result=receipt.result, status=receipt.status or 0)
    if not delivered:
        told = {"delivery_id": d.id, "message_id": d.message_id, "correlation_id": d.correlation_id}
        about = {"endpoint": d.endpoint, "environment": d.environment, "attempt": d.attempts}
        _log.info("not delivered", result=receipt.result, reason=receipt.detail[:300], **about, **told)
