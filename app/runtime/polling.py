"""Fetch from sources: every bound endpoint that comes in and whose transport can be polled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from app.errors import AppError, IntakeRefused, NotNow
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.security.errors import SecurityError
from app.security.secrets import Vault, connection_settings
from app.storage.environments import Binding, bindings, deployed, environments
from app.storage.identity import digest
from app.storage.polls import polls, put_poll
from connectors.contract import Incoming, Source
from connectors.errors import ConnectorError

POLL_SECONDS = 5.0
_BODIES_A_POLL = 50
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Open:
    updated_at: datetime
    source: Source


class Polling:
    """The open sources of the clock that owns the lease."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._open: dict[tuple[str, str], _Open] = {}

    def poll(self, stop: Callable[[], bool]) -> int:
        """Poll each source whose time has come; how many bodies were stored."""
        taken = 0
        for found in self._due():
            if stop():
                break
            taken += self._one(found)
        return taken

    def _due(self) -> list[Binding]:
        with self._installation.database.read() as tx:
            known, now = polls(tx), self._installation.database.now(tx)
            stages = [(deployed(tx, e.name), bindings(tx, e.name)) for e in environments(tx)]
        return [
            found
            for live, bound in stages
            for found in bound
            if self._pollable(found, live) and self._time_has_come(found, known, now)
        ]

    def _pollable(self, found: Binding, live: Mapping[str, str]) -> bool:
        transport = self._installation.transports.get(found.transport)
        if found.paused or transport is None or transport.source is None:
            return False
        for release_id in live.values():
            endpoint = self._installation.compiled(release_id).program.manifest.endpoints.get(found.endpoint)
            if endpoint is not None:
                return endpoint.direction == "in"
        return False

    def _time_has_come(
        self, found: Binding, known: dict[tuple[str, str], dict[str, datetime]], now: datetime
    ) -> bool:
        row = known.get((found.environment, found.endpoint))
        return row is None or row["next_at"] <= now

    def _one(self, found: Binding) -> int:
        taken, problem, wait = 0, "", POLL_SECONDS
        try:
            for incoming in self._source(found).poll(_BODIES_A_POLL):
                self._take(found, incoming)
                taken += 1
        except NotNow as later:  # nothing is wrong with the source: it is asked again when there is room
            problem, wait = later.message, max(POLL_SECONDS, float(later.details.get("retry_after", 0)))
            _log.info("poll waits", endpoint=found.endpoint, environment=found.environment, why=problem)
        except (ConnectorError, SecurityError, AppError, OSError) as error:
            problem = getattr(error, "message", "") or str(error)
            _log.warning(
                "poll failed", endpoint=found.endpoint, environment=found.environment, problem=problem
            )
        with self._installation.database.begin() as tx:
            now = self._installation.database.now(tx)
            wait = 0.0 if taken == _BODIES_A_POLL else wait
            put_poll(
                tx, found.environment, found.endpoint, now, now + timedelta(seconds=wait), taken, problem
            )
        return taken

    def _take(self, found: Binding, incoming: Incoming) -> None:
        """Store, then acknowledge: a crash between the two brings the body again, never loses it."""
        source = self._source(found)
        try:
            accept(
                self._installation,
                found.environment,
                found.endpoint,
                incoming.body,
                media_type=incoming.media_type,
                idempotency_key=f"poll-{digest(found.transport, incoming.key)}",
                headers=incoming.headers,
            )
        except IntakeRefused as refused:
            if refused.retryable:
                raise
            source.set_aside(incoming, refused.message)
            return
        source.acknowledge(incoming)

    def _source(self, found: Binding) -> Source:
        key = (found.environment, found.endpoint)
        known = self._open.get(key)
        if known is None or known.updated_at != found.updated_at:
            if known is not None:
                known.source.close()
            make = self._installation.transports[found.transport].source
            if make is None:
                raise AppError(f"{found.transport} cannot be polled")
            source = make(connection_settings(found, self._installation.vault or Vault(())))
            known = self._open[key] = _Open(found.updated_at, source)
        return known.source

    def close(self) -> None:
        """Close every source."""
        for known in self._open.values():
            known.source.close()
        self._open.clear()
