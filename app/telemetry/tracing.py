"""Spans of a journey: taken in, decided, each attempt to deliver; one trace from sender to target.

Without a collector (`MAPWRIGHT_OTLP_ENDPOINT`) no span is made: the context a sender gave, or a new one, is
handed on as it is. With one, each step is a span below the step that caused it, and the context that
travels on names that span.
"""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from app.settings import Settings
from app.telemetry.context import new_context

Kind = Literal["server", "consumer", "client"]
Value = str | int | float | bool


class Span(Protocol):
    """One step of a journey; one that is never ended is never told."""

    @property
    def line(self) -> str:
        """The context that goes on from here, as `traceparent`."""
        ...

    def end(self, fault: str = "", **attributes: Value) -> None:
        """The step is done; `fault` says that it failed, and how."""
        ...


class Spans(Protocol):
    """Begins steps."""

    def begin(self, name: str, kind: Kind, parent: str, about: Mapping[str, Value]) -> Span:
        """A step below `parent`, a `traceparent` or empty where the journey begins here."""
        ...

    def close(self) -> None:
        """Send what is left, for at the most a few seconds."""
        ...


class _Passing:
    """A step that nobody watches."""

    __slots__ = ("line",)

    def __init__(self, line: str) -> None:
        self.line = line

    def end(self, fault: str = "", **attributes: Value) -> None:
        """Nothing to tell."""


class PassingOn:
    """No collector: the context goes on unchanged."""

    def begin(self, name: str, kind: Kind, parent: str, about: Mapping[str, Value]) -> Span:
        """The given context, or a new one."""
        return _Passing(parent or new_context().line())

    def close(self) -> None:
        """Nothing is left."""


def open_spans(settings: Settings, process: str) -> Spans:
    """Spans for a process: exported where a collector is named, else passed on."""
    if not settings.otlp_endpoint:
        return PassingOn()
    from app.telemetry.exporting import Exported  # loads the SDK, which nobody else should wait for

    return Exported(settings, process)


def headers_of(text: str) -> Mapping[str, str]:
    """`name=value,name=value` as the standard variable of OpenTelemetry writes headers."""
    pairs: list[Any] = [pair.partition("=") for pair in text.split(",") if "=" in pair]
    return {name.strip(): value.strip() for name, _, value in pairs}
