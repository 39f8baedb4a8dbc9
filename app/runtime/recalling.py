"""Give a run what it asks for: records of datasets, as they are for its message."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.errors import AppError
from app.runtime.calling import answers_of
from app.runtime.installation import Installation
from app.runtime.later import Later, record_key
from app.storage.datasets import records
from app.storage.messages import Message
from app.storage.timers import expired_waits
from rules.compiler import Compiled
from rules.engine import run
from rules.outcome import Context, Outcome, RememberAction
from rules.waiting import Recall

_MOST_RUNS = 25


class Recaller:
    """Runs messages again until they lack nothing that can be looked up.

    A message sees what earlier ones of its lane remember in the same batch, though that is not
    committed yet: both are committed together, or neither is.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._pending: dict[tuple[str, str], Any] = {}

    def run(self, compiled: Compiled, message: Message, document: Any, about: Context) -> Outcome:
        """The outcome with everything recalled that is there."""
        recalled: dict[tuple[str, str], Any] = {}
        if message.updated_at != message.received_at:
            expired = self._expired(message)
            answers = answers_of(self._installation, message, compiled, expired)
            about = replace(about, expired=expired, answers=answers)
        for _ in range(_MOST_RUNS):
            outcome = run(compiled, message.flow, document, replace(about, recalled=recalled))
            unknown = [wait for wait in outcome.waits if isinstance(wait, Recall) and wait.unknown]
            if not unknown:
                return outcome
            recalled |= self._look_up(message, unknown)
        raise AppError(f"the flow {message.flow} recalls more than {_MOST_RUNS} times in one run")

    def noted(self, later: Later) -> None:
        """Let the next messages of the lane see what this one keeps."""
        for action in later.kept:
            place = record_key(later.message, action.dataset, action.key)
            kept = action.record if isinstance(action, RememberAction) else None
            self._pending[later.message.lane, place.id] = kept

    def _expired(self, message: Message) -> set[tuple[str, str]]:
        with self._installation.database.read() as tx:
            return expired_waits(tx, message.id, self._installation.database.now(tx))

    def _look_up(self, message: Message, waits: list[Recall]) -> Mapping[tuple[str, str], Any]:
        places = {(wait.dataset, wait.key): record_key(message, wait.dataset, wait.key) for wait in waits}
        with self._installation.database.read() as tx:
            found = records(tx, set(places.values()))
        return {
            name: self._pending.get((message.lane, place.id), found.get(place.id))
            for name, place in places.items()
        }
