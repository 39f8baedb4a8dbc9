"""What a process of an installation holds: settings, database, queue and the connectors it knows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any, Protocol

from app.runtime.codes import SignedFolder
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
    _releases: dict[str, Compiled] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def compiled(self, release_id: str) -> Compiled:
        """The release ready to run; its hash is verified when it is loaded first."""
        with self._lock:
            if release_id not in self._releases:
                with self.database.read() as tx:
                    content = release_content(tx, release_id)
                self._releases[release_id] = compile_release(load_release(release_id, content), self._codes)
            return self._releases[release_id]

    @cached_property
    def _codes(self) -> SignedFolder:
        return SignedFolder(self.settings.home / "code", secret_keys(self.settings))

    def close(self) -> None:
        """Give connections back, tell what is left to tell."""
        self.spans.close()
        self.database.close()
        if self.redis is not None:
            self.redis.close()
