"""The sinks a process sends through: one a binding and thread, made anew when the binding changes."""

import time
from collections import Counter
from dataclasses import dataclass
from threading import Lock, local
from typing import Any

from app.errors import AppError
from app.runtime.breakers import Breakers, Probe
from app.runtime.gates import ConnectionGate, Waits
from app.runtime.installation import Installation
from app.runtime.pace import Pace
from app.runtime.rates import Rates
from app.security.errors import SecurityError
from app.security.secrets import Vault, connection_settings
from app.storage.controls import read_control
from app.storage.environments import Binding, binding
from connectors.contract import Sink
from connectors.errors import ConnectorError

_FRESH_SECONDS = 1.0


class Parked(AppError):
    """The endpoint cannot be reached now by decision or by settings; its deliveries wait."""

    code = "parked"


@dataclass(frozen=True, slots=True)
class _Known:
    binding: Binding | None
    until: float


class Connections:
    """Bindings and sinks of a process; at most `most` lanes of one endpoint are sent at a time, what is urgent apart."""

    def __init__(self, installation: Installation, most: int = 1_000) -> None:
        self._installation = installation
        self.most = most
        self._known: dict[tuple[str, str], _Known] = {}
        self._busy: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()
        self._thread = local()
        self.waits = Waits(installation)
        self.pace = Pace()
        self._rates = Rates(installation)
        self.breakers = Breakers(installation, self._rates)

    def gate(self, environment: str, endpoint: str, probe: Probe | None = None) -> ConnectionGate:
        """What lets deliveries of a lane through to this endpoint."""
        found = self._binding(environment, endpoint)
        control = read_control(found.control if found else {}, self._installation.settings)
        return ConnectionGate(self.breakers, self._rates, self.waits, (environment, endpoint), control, probe)

    def sink(self, environment: str, endpoint: str) -> Sink:
        """The open sink of an endpoint for this thread. Errors: Parked, with a reason for people."""
        found = self._binding(environment, endpoint)
        if found is None:
            raise Parked(f"{environment} has no binding for {endpoint}")
        if found.paused:
            raise Parked(f"{endpoint} is paused in {environment}")
        sinks: dict[Any, Sink] = self._thread.__dict__.setdefault("sinks", {})
        key = (environment, endpoint, found.updated_at)
        if key not in sinks:
            self._close_older(sinks, environment, endpoint)
            sinks[key] = self._open(found)
        return sinks[key]

    def _binding(self, environment: str, endpoint: str) -> Binding | None:
        known = self._known.get((environment, endpoint))
        if known is None or known.until < time.monotonic():
            with self._installation.database.read() as tx:
                known = _Known(binding(tx, environment, endpoint), time.monotonic() + _FRESH_SECONDS)
            self._known[environment, endpoint] = known
        return known.binding

    def _open(self, found: Binding) -> Sink:
        transport = self._installation.transports.get(found.transport)
        if transport is None or transport.sink is None:
            raise Parked(f"the binding of {found.endpoint} names {found.transport}, which cannot send")
        try:
            return transport.sink(connection_settings(found, self._installation.vault or Vault(())))
        except (ConnectorError, SecurityError) as error:
            raise Parked(f"the connection of {found.endpoint} does not work: {error.message}") from error

    def _close_older(self, sinks: dict[Any, Sink], environment: str, endpoint: str) -> None:
        for key in [k for k in sinks if k[:2] == (environment, endpoint)]:
            sinks.pop(key).close()

    def take(self, environment: str, endpoint: str) -> None:
        """Count a lane that is in hand."""
        with self._lock:
            self._busy[environment, endpoint] += 1

    def leave(self, environment: str, endpoint: str) -> None:
        """It is left."""
        with self._lock:
            self._busy[environment, endpoint] -= 1

    def crowded(self) -> list[tuple[str, str]]:
        """Endpoints that have their share of this process; a slow target leaves senders to the others."""
        most = self.most * self.pace.depth()
        with self._lock:
            return [endpoint for endpoint, count in self._busy.items() if count >= most]
