"""The gate of intake: who may hand in how much, and when a call that is refused may come again."""

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.errors import (
    BacklogFull,
    DiskNearlyFull,
    InstallationBusy,
    InstallationFull,
    NotNow,
    RateExceeded,
    SchemaTooNew,
)
from app.runtime.buckets import Buckets, Draw
from app.runtime.pressure.disk import Disks
from app.runtime.pressure.pulse import Pulse
from app.runtime.shared_counts import SharedCounts
from app.settings import Settings
from app.storage.database import Database
from app.storage.limits import INSTALLATION, Limit, Scope, limits, waiting

MOST_IN_FLIGHT = 64
_LEAST_SECONDS, _DISK_SECONDS, _LONGEST_WAIT, _UNKNOWN_WAIT = 1.0, 30, 300, 30.0
_MOST_REMEMBERED = 10_000
_SHARE_OF_COUNTING = 20
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Load:
    """What one call brings: messages by flow (`ruleset/flow`), and who sends them where."""

    environment: str
    endpoint: str
    sender: str
    flows: Mapping[str, int]

    @property
    def messages(self) -> int:
        """All of them."""
        return sum(self.flows.values())

    def scopes(self) -> dict[Scope, int]:
        """Everybody it counts for, with how many."""
        found = {Scope(self.environment, "flow", flow): count for flow, count in self.flows.items()}
        found[Scope(self.environment, "endpoint", self.endpoint)] = self.messages
        if self.sender:
            found[Scope(self.environment, "token", self.sender)] = self.messages
        found[INSTALLATION] = self.messages
        return found


@dataclass
class Picture:
    """What was known when somebody looked last, and what this process has let in since."""

    limits: Mapping[Scope, Limit] = field(default_factory=dict)
    waiting: Mapping[Scope, int] = field(default_factory=dict)
    let_in: Counter[Scope] = field(default_factory=Counter)
    at: float = -math.inf
    drained_a_second: Mapping[Scope, float] = field(default_factory=dict)

    def room(self, scope: Scope, backlog: int) -> int:
        """How many more may wait."""
        return backlog - self.waiting.get(scope, 0) - self.let_in[scope]


class Gate:
    """One a process; `look` has to be called about once a second by somebody."""

    def __init__(self, settings: Settings, database: Database, redis: Any = None) -> None:
        self._database = database
        self._limit = Limit(
            settings.intake_rate or None, settings.intake_burst or None, settings.intake_backlog or None
        )
        self._buckets = Buckets(SharedCounts(redis))
        self._picture = Picture(limits={INSTALLATION: self._limit})
        self._refused: dict[tuple[str, str], tuple[float, NotNow]] = {}
        self._lock = Lock()
        self._next_count = 0.0
        self.outgrown: SchemaTooNew | None = None
        self.disks = Disks(settings, database)
        self.pulse = Pulse(MOST_IN_FLIGHT, settings.intake_patience)

    def peek(self, sender: str, endpoint: str) -> None:
        """Refuse what is hopeless before anything of it is read, without a query.

        Errors: SchemaTooNew, DiskNearlyFull, DatabaseSlow, or what this sender heard last, as long as that holds.
        """
        if self.outgrown is not None:
            raise self.outgrown
        if self.disks.short is not None:
            raise DiskNearlyFull(
                f"{self.disks.short.words}; nothing is lost, what was taken in is worked off",
                {"retry_after": _DISK_SECONDS},
            )
        self.pulse.check()
        until, refused = self._refused.get((sender, endpoint), (0.0, None))
        if refused is not None and time.monotonic() < until:
            raise refused

    def admit(self, load: Load) -> None:
        """Let all of a call in or none of it.

        Errors: RateExceeded, BacklogFull; InstallationBusy, InstallationFull; what `peek` raises.
        """
        self.peek("", "")
        scopes, picture = load.scopes(), self._picture
        limited = [
            (scope, count, picture.limits[scope])
            for scope, count in scopes.items()
            if scope in picture.limits
        ]
        try:
            self._require_room(picture, limited)
            self._require_tokens(limited)
        except NotNow as refused:
            self._remember(load, refused)
            raise
        with self._lock:
            self._picture.let_in.update(scopes)

    def _require_room(self, picture: Picture, limited: Sequence[tuple[Scope, int, Limit]]) -> None:
        for scope, count, limit in limited:
            if limit.backlog is None:
                continue
            missing = min(count, limit.backlog) - picture.room(scope, limit.backlog)
            if missing > 0:
                pace = picture.drained_a_second.get(scope, 0.0)
                wait = missing / pace if pace > 0 else math.inf
                raise _full(scope, limit.backlog, limit.backlog - picture.room(scope, limit.backlog), wait)

    def _require_tokens(self, limited: Sequence[tuple[Scope, int, Limit]]) -> None:
        drawn = [(scope, count, limit) for scope, count, limit in limited if limit.rate]
        if not drawn:
            return
        draws = [Draw(_name(s), count, limit.rate or 1.0, _burst(limit)) for s, count, limit in drawn]
        refused = self._buckets.take(draws)
        if refused is not None:
            scope, _, limit = drawn[refused.place]
            raise _too_fast(scope, limit.rate or 1.0, refused.seconds)

    def _remember(self, load: Load, refused: NotNow) -> None:
        """One message alone was refused: until there is room again, so is everything like it."""
        if load.messages != 1 or not load.sender:
            return
        if len(self._refused) > _MOST_REMEMBERED:
            self._refused.clear()
        until = time.monotonic() + min(refused.seconds, _LEAST_SECONDS)
        self._refused[load.sender, load.endpoint] = (until, refused)

    def look(self) -> None:
        """Refresh everything: limits and disks each time, counts as often as their cost allows."""
        short_before = self.disks.short
        if self.disks.look() is not None and short_before is None:
            _log.error("disk nearly full, intake stops", disk=self.disks.short and self.disks.short.words)
        elif short_before is not None and self.disks.short is None:
            _log.info("disk has room again, intake goes on")
        if time.monotonic() < self._next_count:
            return
        begun = time.monotonic()
        try:
            self._count(begun)
        except SQLAlchemyError as error:
            _log.warning("limits not refreshed", error=str(error)[:200])
        took = time.monotonic() - begun
        self._next_count = time.monotonic() + max(_LEAST_SECONDS * 0.9, took * _SHARE_OF_COUNTING)

    def _count(self, begun: float) -> None:
        old = self._picture
        with self._lock:
            before = Counter(old.let_in)
        with self._database.read() as tx:
            known = {**limits(tx), INSTALLATION: self._limit}
            counted = waiting(tx) if any(limit.backlog for limit in known.values()) else {}
        pace = self._paces(old, counted, before, begun)
        with self._lock:
            since = Counter(old.let_in) - before
            self._picture = Picture(known, counted, since, begun, pace)

    def _paces(
        self, old: Picture, counted: Mapping[Scope, int], let_in: Counter[Scope], begun: float
    ) -> dict[Scope, float]:
        """Messages of each backlog that were worked off in a second, smoothed; an empty one is left as it was."""
        found, seconds = dict(old.drained_a_second), begun - old.at
        if not math.isfinite(seconds) or seconds <= 0:
            return found
        for scope, before in (Counter(old.waiting) + let_in).items():
            gone = max(0.0, (before - counted.get(scope, 0)) / seconds)
            found[scope] = found.get(scope, gone) * 0.7 + gone * 0.3
        return found

    def waiting(self) -> Mapping[Scope, int]:
        """What waited when somebody looked last."""
        return self._picture.waiting


def _burst(limit: Limit) -> int:
    return limit.burst or max(1, math.ceil(2 * (limit.rate or 1)))


def _name(scope: Scope) -> str:
    return f"{scope.environment}:{scope.kind}:{scope.name}"


def words(scope: Scope) -> str:
    """A scope in a sentence."""
    return (
        "the installation" if scope == INSTALLATION else f"{scope.kind} {scope.name} in {scope.environment}"
    )


def _too_fast(scope: Scope, rate: float, seconds: float) -> NotNow:
    kind = InstallationBusy if scope == INSTALLATION else RateExceeded
    return _refusal(kind, f"{words(scope)} takes {rate:g} messages a second", scope, rate, seconds)


def _full(scope: Scope, backlog: int, waits: int, seconds: float) -> NotNow:
    kind = InstallationFull if scope == INSTALLATION else BacklogFull
    said = f"{waits:,} messages of {words(scope)} wait, {backlog:,} may"
    return _refusal(kind, said, scope, backlog, seconds if math.isfinite(seconds) else _UNKNOWN_WAIT)


def _refusal(kind: type[NotNow], said: str, scope: Scope, limit: float, seconds: float) -> NotNow:
    wait = max(1, math.ceil(min(_LONGEST_WAIT, seconds)))
    where = {"scope": "installation"} if scope == INSTALLATION else {"scope": scope.kind, "name": scope.name}
    refusal = kind(f"{said}; send again in {wait} s", {**where, "limit": limit, "retry_after": wait})
    refusal.seconds = seconds
    return refusal
