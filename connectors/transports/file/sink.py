"""Writes one delivery as one file: all of it or none of it, and once."""

import hashlib
import re
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from typing import Any

from connectors.contract import Finding, Outgoing, Receipt, Tried
from connectors.errors import SettingsError
from connectors.settings import SettingsSpec, read_settings
from connectors.transports.file.folder import open_folder, try_folders

_PLACES = re.compile(r"\{(\w*)\}")
_KNOWN = {"message_id", "delivery_id", "key", "correlation_id", "to"}
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_HEADERS = {
    "message_id": "X-Mapwright-Message",
    "delivery_id": "X-Mapwright-Delivery",
    "correlation_id": "X-Correlation-Id",
    "key": "Idempotency-Key",
}
_LONGEST = 80


class FileSink:
    """A folder as an outbox. Readers see whole files only; a delivery that is repeated changes nothing."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        with ExitStack() as opened:
            self.folder = opened.enter_context(closing(open_folder(settings["folder"])))
            self.ledger = opened.enter_context(closing(self.folder.inner(".delivered")))
            self._forget()
            self._opened = opened.pop_all()

    def send(self, outgoing: Outgoing) -> Receipt:
        """Write the file; the receipt says how it ended."""
        name, fault = file_name(self.settings["name"], outgoing)
        if fault:
            return Receipt("refused", fault, error_class="mapping")
        try:
            return self._deliver(name, outgoing)
        except OSError as error:
            return Receipt(
                "retry", f"{name} was not written: {error.strerror or error}", error_class="transport"
            )

    @property
    def asks(self) -> bool:
        """The folder itself tells."""
        return True

    def ask(self, outgoing: Outgoing) -> Finding:
        """By name: the mark of the delivery, its file, or what was left of writing it.

        Where there is none of them, a reader may have taken the file: only a person knows.
        """
        name, fault = file_name(self.settings["name"], outgoing)
        if fault:
            return Finding("unknown", fault)
        try:
            return self._look(name, outgoing)
        except OSError as error:
            return Finding("unknown", f"the folder can't be read: {error.strerror or error}")

    def _look(self, name: str, outgoing: Outgoing) -> Finding:
        if self.ledger.exists(_mark(name, outgoing)):
            return Finding("arrived", f"{name} was delivered")
        if self.folder.exists(name):
            same = self._same(name, outgoing.body)
            return Finding(
                "arrived" if same else "unknown", f"{name} is there{'' if same else ' with another content'}"
            )
        if self.folder.exists(_hidden(name)):
            return Finding("absent", f"{name} was begun and never finished")
        return Finding("unknown", f"{name} is not there; it was never written, or somebody has taken it")

    def test(self, seconds: float) -> Tried:
        """A file that readers never see is written where deliveries are remembered, and removed."""
        return try_folders(self.settings["folder"], self.folder, self.ledger)

    def close(self) -> None:
        """Give the folders back."""
        self._opened.close()

    def _deliver(self, name: str, outgoing: Outgoing) -> Receipt:
        mark = _mark(name, outgoing)
        if self.ledger.exists(mark):
            return Receipt("delivered", f"{name} was delivered before")
        if self.folder.exists(name):
            if not self._same(name, outgoing.body):
                return Receipt("refused", f"another file {name} is there already", error_class="application")
        else:
            self._write(name, outgoing.body)
        self._finish(name, mark)
        return Receipt("delivered", f"written as {name}")

    def _write(self, name: str, body: bytes) -> None:
        # The hidden name is fixed by the delivery, so that what a crash leaves is cleared by the retry.
        hidden = _hidden(name)
        self.folder.remove(hidden)
        try:
            self.folder.write(hidden, body)
            self.folder.move(hidden, self.folder, name)
        except OSError:
            self.folder.remove(hidden)
            raise

    def _finish(self, name: str, mark: str) -> None:
        if self.settings["done"] and not self.folder.exists(name + ".done"):
            self.folder.write(name + ".done", b"")
        self.ledger.write(mark, name.encode())
        self.ledger.sync()

    def _same(self, name: str, body: bytes) -> bool:
        return self.folder.stamp(name) is not None and self.folder.read(name, len(body)) == body

    def _forget(self) -> None:
        oldest = time.time_ns() - int(self.settings["remember"] * 1_000_000_000)
        for mark in self.ledger.names():
            stamp = self.ledger.stamp(mark)
            if stamp and stamp.changed_ns < oldest:
                self.ledger.remove(mark)


def file_name(pattern: str, outgoing: Outgoing) -> tuple[str, str]:
    """The name of a delivery's file and, where it can't be made, why."""
    values = {place: outgoing.headers.get(header, "") for place, header in _HEADERS.items()}
    values["to"] = outgoing.address or ""
    for place in _PLACES.findall(pattern):
        if not values[place]:
            return pattern, f"the name {pattern} needs {place}, which this delivery doesn't have"
    return _PLACES.sub(lambda match: _clean(values[match.group(1)]), pattern), ""


def _clean(value: str) -> str:
    """Only plain characters; where something had to go, a hash keeps two values apart."""
    clean = _UNSAFE.sub("_", value).lstrip(".")[:_LONGEST]
    return clean if clean == value else f"{clean}-{hashlib.sha256(value.encode()).hexdigest()[:8]}"


def _hidden(name: str) -> str:
    return "." + hashlib.sha256(name.encode()).hexdigest()[:32] + ".tmp"


def _mark(name: str, outgoing: Outgoing) -> str:
    delivery = outgoing.headers.get("X-Mapwright-Delivery") or outgoing.headers.get("Idempotency-Key", "")
    return hashlib.sha256(f"{delivery}\n{name}".encode()).hexdigest()


def _check_name(pattern: str) -> None:
    fault = ""
    places = set(_PLACES.findall(pattern))
    rest = _PLACES.sub("", pattern)
    if unknown := places - _KNOWN:
        fault = f"name: {', '.join(sorted(unknown))} is unknown; known are {', '.join(sorted(_KNOWN))}"
    elif not places & {"delivery_id", "key"}:
        fault = "name: must hold {delivery_id} or {key}, or two deliveries would meet in one file"
    elif (
        _UNSAFE.search(rest)
        or pattern.startswith(".")
        or len(pattern) > _LONGEST
        or pattern.endswith(".done")
    ):
        fault = "name: letters, digits, points, - and _ only, not beginning with a point"
    if fault:
        raise SettingsError(fault, {"faults": [fault]})


def open_sink(spec: SettingsSpec, given: Mapping[str, Any]) -> FileSink:
    """A sink by its settings.

    Errors: SettingsError
    """
    settings = read_settings(spec, given)
    _check_name(settings["name"])
    return FileSink(settings)
