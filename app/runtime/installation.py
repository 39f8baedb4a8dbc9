"""What a process of an installation holds: settings, database, queue and the connectors it knows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from threading import Lock
from typing import Any, Protocol

from app.runtime.codes import SignedFolder
from app.runtime.gathering import Gathering
from app.runtime.precedence import UrgentFlows
from app.runtime.pressure.gate import Gate
from app.security.known import KnownTokens
from app.security.secrets import Vault
from app.settings import Settings, secret_keys
from app.storage.database import Database
from app.storage.releases import release_content
from app.telemetry.tracing import PassingOn, Spans
from connectors.contract import Codec, Transport
from rules.compiler import Compiled
from rules.release import compile_release, load_release


class Doorbell(Protocol):
    """Wakes workers. It may forget: the clock's sweep and the workers' own poll find everything in SQL."""

    def ring(self, kind: str, partitions: set[int]) -> bool:
        """Ask for a `drain` or `deliver` of these partitions; False where nobody could be reached."""
        ...


class Silence:
    """The doorbell of an installation without Redis: workers poll."""

    def ring(self, kind: str, partitions: set[int]) -> bool:
        """Nobody hears it."""
        return False


@dataclass
class Installation:
    """Everything the runtime works with; made by `app.wiring.wire`, one a process."""

    settings: Settings
    database: Database
    redis: Any = None
    codecs: Mapping[str, Codec] = field(default_factory=dict)
    transports: Mapping[str, Transport] = field(default_factory=dict)
    doorbell: Doorbell = field(default_factory=Silence)
    vault: Vault | None = None
    spans: Spans = field(default_factory=PassingOn)
    tokens: KnownTokens = field(default_factory=KnownTokens, repr=False)
    _releases: dict[str, Compiled] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)
    _gather_lock: Lock = field(default_factory=Lock, repr=False)
    _gathering: Gathering[Any, Any] | None = field(default=None, repr=False)

    def compiled(self, release_id: str) -> Compiled:
        """The release ready to run; its hash is verified when it is loaded first."""
        with self._lock:
            if release_id not in self._releases:
                with self.database.read() as tx:
                    content = release_content(tx, release_id)
                self._releases[release_id] = compile_release(load_release(release_id, content), self._codes)
            return self._releases[release_id]

    def gathering(self, write: Callable[[Any, Sequence[Any]], list[Any]]) -> Gathering[Any, Any]:
        """Where the calls of this process that are in flight at once come together to be written."""
        if self._gathering is None:
            with self._gather_lock:
                writers = 2 if self.database.dialect.many_writers else 1
                self._gathering = self._gathering or Gathering(partial(write, self), writers)
        return self._gathering

    @cached_property
    def gate(self) -> Gate:
        """What keeps intake within limits; whoever runs for long lets it `look` once a second."""
        return Gate(self.settings, self.database, self.redis)

    @cached_property
    def urgent(self) -> UrgentFlows:
        """The flows that go first."""
        return UrgentFlows(self.database, self.compiled)

    @cached_property
    def _codes(self) -> SignedFolder:
        return SignedFolder(self.settings.home / "code", secret_keys(self.settings))

    def close(self) -> None:
        """Give connections back, tell what is left to tell."""
        self.spans.close()
        self.database.close()
        if self.redis is not None:
            self.redis.close()
