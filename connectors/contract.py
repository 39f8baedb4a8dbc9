"""What a codec and a transport are. Implementations live in one folder each and import only this level."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from connectors.settings import SettingsSpec

Plain = Any
"""A document: dict, list, str, bool, int, Decimal, date, datetime, None, nested."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something a codec found wrong that it could read past.

    `place` is in the codec's own terms (segment number from 1, byte offset from 0, line, path).
    """

    code: str
    severity: Literal["warning", "error"]
    message: str
    place: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DecodedDocument:
    """One business document of a body: a whole JSON value, one X12 transaction set, ...

    A document with a fault of severity error must not run; it becomes a dead letter.
    """

    data: Plain
    faults: tuple[Fault, ...] = ()
    label: str = ""


class Codec(Protocol):
    """Bytes <-> plain documents. Pure: no I/O, no clock, bounded in time and memory by its limits."""

    name: str
    media_types: Sequence[str]
    settings: SettingsSpec

    def decode(
        self, body: bytes, options: Mapping[str, Any], guide: Mapping[str, Any]
    ) -> list[DecodedDocument]:
        """Raise errors.DecodeError where nothing can be read; else every document with its faults."""
        ...

    def encode(
        self, documents: Sequence[Plain], options: Mapping[str, Any], guide: Mapping[str, Any]
    ) -> bytes:
        """Raise errors.EncodeError for a value the format cannot carry."""
        ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One delivery attempt: the final bytes and the headers every transport passes on as it can.

    `headers` holds Idempotency-Key, X-Correlation-Id, X-Mapwright-Message, X-Mapwright-Delivery.
    `address` is what the rule said with `to`, if it did. `deadline` is seconds for the whole attempt.
    `repeatable`: the target tells repeats apart by Idempotency-Key, so the bytes may leave twice in one attempt.
    """

    body: bytes
    media_type: str
    headers: Mapping[str, str]
    address: str | None = None
    deadline: float = 30.0
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """How an attempt ended.

    delivered   the target has it                      refused     the target says no, a retry won't help
    retry       not delivered, try again later         uncertain   sent, but nobody knows whether it arrived
    `error_class` is transport, mapping, partner or application; `retry_after` is seconds.
    """

    result: Literal["delivered", "retry", "uncertain", "refused"]
    detail: str
    status: int | None = None
    error_class: Literal["", "transport", "mapping", "partner", "application"] = ""
    retry_after: float | None = None
    reply: bytes = b""


class Sink(Protocol):
    """Sends. Instances may be reused by one thread at a time."""

    def send(self, outgoing: Outgoing) -> Receipt:
        """Never raise for what the network or the target does: say it in the receipt."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What a target says when it is asked whether it has a delivery: the evidence is kept with the attempt.

    arrived   it has it      absent   it does not, and will not get it by itself      unknown   it did not say
    """

    result: Literal["arrived", "absent", "unknown"]
    detail: str
    status: int | None = None
    reply: bytes = b""


@runtime_checkable
class Asking(Protocol):
    """A sink that can ask its target whether a delivery arrived: the read-back of `uncertain` ones."""

    @property
    def asks(self) -> bool:
        """Whether its settings say how."""
        ...

    def ask(self, outgoing: Outgoing) -> Finding:
        """Look for the delivery these bytes and headers belong to; changes nothing, never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Tried:
    """What a test of a connection found.

    works   the other side answered and lets us in      refused   it answered, and does not let us in
    failing   nobody answered, or it says that it does not work now
    """

    result: Literal["works", "refused", "failing"]
    detail: str


@runtime_checkable
class Trying(Protocol):
    """A sink or source that can try its connection without leaving or taking anything at the other side."""

    def test(self, seconds: float) -> Tried:
        """Reach the other side and be let in, within so many seconds; changes nothing there, never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Incoming:
    """One body a source has found. `key` identifies it for the source's own bookkeeping."""

    key: str
    body: bytes
    media_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """Polled by the clock; hands out bodies and forgets one only after it was stored."""

    def poll(self, limit: int) -> Iterator[Incoming]:
        """Up to `limit` bodies that are complete (no half-written file)."""
        ...

    def acknowledge(self, incoming: Incoming) -> None:
        """The body is durable now: archive or delete it at the origin."""
        ...

    def set_aside(self, incoming: Incoming, reason: str) -> None:
        """The body was refused: keep it where a person finds it, with the reason."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Transport:
    """One way bytes travel. A side it does not have is None."""

    name: str
    title: str
    settings: SettingsSpec
    sink: Callable[[Mapping[str, Any]], Sink] | None = None
    source: Callable[[Mapping[str, Any]], Source] | None = None
