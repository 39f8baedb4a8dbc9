"""Sends one delivery as one HTTP request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.contract import Finding, Outgoing, Receipt, Tried
from connectors.settings import SettingsSpec
from connectors.transports.http.call import Request, call
from connectors.transports.http.kept import Kept
from connectors.transports.http.readback import ReadBack, read_read_back
from connectors.transports.http.receipt import ErrorBody, read_error_body, receipt_for
from connectors.transports.http.target import Target, fill_url, header_fault, read_target
from connectors.transports.http.trial import read_test_url, try_target


@dataclass(frozen=True, slots=True)
class HttpSink:
    """One connection's way out. Between deliveries it holds a socket only for targets that tell repeats apart."""

    target: Target
    method: str
    error_body: ErrorBody | None
    read_back: ReadBack | None = None
    test_url: str | None = None
    kept: Kept = field(default_factory=Kept, compare=False, repr=False)

    @property
    def asks(self) -> bool:
        """Whether the settings say how to find out that a delivery arrived."""
        return self.read_back is not None

    def ask(self, outgoing: Outgoing) -> Finding:
        """One GET request for what this delivery made at the target."""
        if self.read_back is None:
            return Finding("unknown", "the connection has no read_back")
        url = self.read_back.address(outgoing)
        if url is None:
            return Finding("unknown", "the address of read_back needs what this delivery doesn't have")
        headers = _merged(
            self.target.headers, {"X-Correlation-Id": outgoing.headers.get("X-Correlation-Id", "")}
        )
        return self.read_back.finding(call(self.target, Request("GET", url, headers), outgoing.deadline))

    def send(self, outgoing: Outgoing) -> Receipt:
        """One request; the receipt says how it ended."""
        url = fill_url(self.target.url, outgoing.address)
        if url is None:
            detail = (
                "the url and the rule's `to` don't fit: one names an address, the other has no place for it"
            )
            return Receipt("refused", detail, error_class="mapping")
        headers = {"Content-Type": outgoing.media_type or "application/octet-stream", **outgoing.headers}
        for name, value in headers.items():
            if fault := header_fault(name, value):
                return Receipt("refused", fault, error_class="mapping")
        request = Request(self.method, url, _merged(self.target.headers, headers), outgoing.body)
        kept = self.kept if outgoing.repeatable else None
        return receipt_for(call(self.target, request, outgoing.deadline, kept), self.error_body)

    def test(self, seconds: float) -> Tried:
        """One request without side effects."""
        return try_target(self.target, self.test_url, seconds)

    def close(self) -> None:
        """Let the socket go."""
        self.kept.close()


def _merged(settings: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Both sets of headers; the delivery's own win, whatever the spelling."""
    taken = {name.lower() for name in own}
    return {**{name: value for name, value in settings.items() if name.lower() not in taken}, **own}


def open_sink(spec: SettingsSpec, given: Mapping[str, Any]) -> HttpSink:
    """A sink by its settings.

    Errors: SettingsError
    """
    target, values = read_target(spec, given)
    read_back = read_read_back(values["read_back"], target.url)
    error_body, test_url = (
        read_error_body(values["error_body"]),
        read_test_url(values["test_url"], target.url),
    )
    return HttpSink(target, values["method"], error_body, read_back, test_url)
