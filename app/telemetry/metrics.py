"""The figures that processes count; each declared once, for /metrics and docs/reference/metrics.md.

A process counts in its own memory until `sharing.share` gives it a file; then every process of the data
folder is seen at once, and a process that ends leaves what it had counted. What can be read from SQL is
not counted here: `app.api.health` reads that when it is asked.
"""

from dataclasses import dataclass
from typing import Any, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

Kind = Literal["counter", "histogram", "gauge"]
_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0)
registry = CollectorRegistry()


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure as people look it up."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    doc: str
    buckets: tuple[float, ...] = ()


FIGURES = (
    Figure(
        "mapwright_taken_in_total",
        "counter",
        ("environment", "endpoint", "result"),
        "Messages handed in: accepted or duplicate",
    ),
    Figure(
        "mapwright_refused_total",
        "counter",
        ("environment", "endpoint", "code"),
        "Bodies that intake refused, by error code",
    ),
    Figure(
        "mapwright_intake_seconds",
        "histogram",
        ("environment", "endpoint"),
        "From the body in hand to its commit",
        _FAST,
    ),
    Figure(
        "mapwright_decided_total",
        "counter",
        ("environment", "flow", "state"),
        "Messages that a flow decided, by their new state",
    ),
    Figure(
        "mapwright_wait_seconds",
        "histogram",
        ("environment", "flow"),
        "From receipt to the commit of the decision",
        _SLOW,
    ),
    Figure(
        "mapwright_batch_seconds",
        "histogram",
        ("step",),
        "Steps of a batch: claim, decide, commit",
        _FAST,
    ),
    Figure(
        "mapwright_attempts_total",
        "counter",
        ("environment", "endpoint", "result", "error_class"),
        "Attempts to deliver, by how they ended",
    ),
    Figure(
        "mapwright_attempt_seconds",
        "histogram",
        ("environment", "endpoint"),
        "One attempt to deliver",
        _FAST,
    ),
    Figure(
        "mapwright_delivery_seconds",
        "histogram",
        ("environment", "endpoint"),
        "From the decision to the target's acknowledgement",
        _SLOW,
    ),
    Figure(
        "mapwright_doorbells_total",
        "counter",
        ("kind", "result"),
        "Doorbells of drain and deliver: rung, failed or heard",
    ),
    Figure("mapwright_ticks_total", "counter", ("role",), "Ticks of clocks, as owner or as stand-in"),
    Figure(
        "mapwright_timers_fired_total",
        "counter",
        ("kind",),
        "Timers that fired: expect, collect, wait, ...",
    ),
    Figure("mapwright_process_memory_bytes", "gauge", ("process",), "Memory that a process holds"),
)
RECORDED = {
    "messages": "Messages of the last day, by state",
    "problems": "Messages that wait for a person, by state",
    "deliveries": "Deliveries of the last day, by state",
    "delivery_problems": "Deliveries that wait for a person or for their next attempt, by state",
    "waiting": "Messages that wait for a worker, a record or an answer",
    "waiting_lanes": "Lanes with messages to work on",
    "blocked_lanes": "Lanes that wait for a person",
    "parked": "Lanes that are parked, by reason",
}
"""Figures read from SQL when somebody asks, as mapwright_<name>, by environment and state."""


def _made(figure: Figure) -> Any:
    if figure.kind == "counter":
        return Counter(figure.name, figure.doc, figure.labels, registry=registry)
    if figure.kind == "gauge":
        return Gauge(
            figure.name, figure.doc, figure.labels, registry=registry, multiprocess_mode="mostrecent"
        )
    return Histogram(figure.name, figure.doc, figure.labels, registry=registry, buckets=figure.buckets)


_KNOWN = {figure.name: _made(figure) for figure in FIGURES}


def count(name: str, *labels: str, by: float = 1) -> None:
    """Add to a counter; labels in the order of its declaration."""
    _KNOWN[name].labels(*labels).inc(by)


def observe(name: str, *labels: str, seconds: float) -> None:
    """Note a duration."""
    _KNOWN[name].labels(*labels).observe(max(0.0, seconds))


def show(name: str, *labels: str, value: float) -> None:
    """Set a gauge."""
    _KNOWN[name].labels(*labels).set(value)
