"""The W3C trace context: how a journey is named across systems (https://www.w3.org/TR/trace-context/).

It travels as one line, `00-<trace id>-<span id>-<flags>`, from the sender's request through the message to
the requests of its deliveries, whether or not anybody collects spans here.
"""

import re
import secrets
from dataclasses import dataclass

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 1


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A place in a trace: 32 and 16 hexadecimal digits, never all zero."""

    trace_id: str
    span_id: str
    sampled: bool

    def line(self) -> str:
        """As the header `traceparent` carries it."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


def read_context(line: str | None) -> TraceContext | None:
    """What a `traceparent` says; None for anything that is not one, as the recommendation asks."""
    found = _FORM.fullmatch(line.strip()) if line else None
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5]):
        return None
    if found[2] == "0" * 32 or found[3] == "0" * 16:
        return None
    return TraceContext(found[2], found[3], bool(int(found[4], 16) & _SAMPLED))


def new_context() -> TraceContext:
    """The beginning of a journey that nobody traces yet."""
    return TraceContext(secrets.token_hex(16), secrets.token_hex(8), False)
