"""Which flows go first: those whose live release says `criticality high` or `critical`.

Looked up from the pointers of all environments every few seconds, outside the transaction of a claim.
"""

import time
from collections.abc import Callable, Mapping
from threading import Lock

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.storage.database import Database
from app.storage.environments import live_releases
from app.storage.flows import FlowPolicy
from app.storage.sharing import Shares
from rules.compiler import Compiled

URGENT = ("high", "critical")
_FRESH_SECONDS = 2.0
_log = structlog.get_logger(__name__)
_Flow = tuple[str, str, str]


class UrgentFlows:
    """The flows that go first, as the live releases have them."""

    def __init__(self, database: Database, compiled: Callable[[str], Compiled]) -> None:
        self._database = database
        self._compiled = compiled
        self._lock = Lock()
        self._live: Mapping[tuple[str, str], str] | None = None
        self._found: frozenset[_Flow] = frozenset()
        self._until = 0.0

    def now(self) -> frozenset[_Flow]:
        """Environment, rule set and flow of each."""
        if time.monotonic() >= self._until:
            with self._lock:
                if time.monotonic() >= self._until:
                    self._look_quietly()
                    self._until = time.monotonic() + _FRESH_SECONDS
        return self._found

    def _look_quietly(self) -> None:
        """A database that is away leaves what was known."""
        try:
            self._look()
        except SQLAlchemyError:
            _log.warning("urgent flows not looked up", exc_info=True)

    def _look(self) -> None:
        with self._database.read() as tx:
            live = live_releases(tx)
        if live != self._live:
            self._found = frozenset(
                (environment, ruleset, flow)
                for (environment, ruleset), release_id in live.items()
                for flow in self._urgent(release_id)
            )
            self._live = live

    def _urgent(self, release_id: str) -> list[str]:
        try:
            flows = self._compiled(release_id).program.flows
        except Exception:  # a release that cannot be loaded keeps nobody else from working
            _log.error("release not readable", release_id=release_id, exc_info=True)
            return []
        return [name for name, flow in flows.items() if flow.node.criticality in URGENT]


def shares_of(
    policies: Mapping[_Flow, FlowPolicy], urgent: frozenset[_Flow], only_urgent: bool = False
) -> Shares:
    """How a claim is shared: the weights of the policies, the urgent flows first."""
    weights = {flow: policy.weight for flow, policy in policies.items() if policy.weight != 1}
    return Shares(weights, urgent, only_urgent)
