"""Find the open expectations that an arriving message answers."""

from typing import Any

from app.runtime.installation import Installation
from app.runtime.later import expectation_match
from app.storage.messages import Message
from app.storage.timers import awaited_releases
from rules.engine import expectation_keys
from rules.outcome import Context


class Expectations:
    """One batch's view; which releases await an endpoint or event is asked once for each."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._awaiting: dict[tuple[str, str], list[tuple[str, str]]] = {}

    def answered(self, message: Message, document: Any, about: Context) -> list[str]:
        """The matches of a message. An expectation is found by the release that opened it."""
        matches = []
        for ruleset, release_id in self._releases(message.environment, message.endpoint):
            compiled = self._installation.compiled(release_id)
            for found in expectation_keys(compiled, message.endpoint, document, about):
                where = (message.environment, ruleset, message.endpoint)
                matches.append(expectation_match(*where, found.rules, found.rule, found.ordinal, found.key))
        return matches

    def _releases(self, environment: str, event: str) -> list[tuple[str, str]]:
        if (environment, event) not in self._awaiting:
            with self._installation.database.read() as tx:
                self._awaiting[environment, event] = awaited_releases(tx, environment, event)
        return self._awaiting[environment, event]
