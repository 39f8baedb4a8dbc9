"""Dry runs: decide messages once more without any effect, and compare with what was sent the first time.

The same decider runs as in earnest; nothing of what it decides is committed. Answers of calls are those
that came the first time, records of datasets are those of now. `message.id` is the original's.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from app.errors import AppError
from app.runtime.calling import CALL
from app.runtime.deciding import Decided, Decider, Send
from app.runtime.differing import Difference, compare
from app.runtime.drafts import Intake
from app.runtime.installation import Installation
from app.runtime.replaying import Original
from app.runtime.routing import guide
from app.runtime.storing import Entry, entries_of, message_of
from app.storage.aftermath import deliveries_of, outcomes
from app.storage.bodies import Body
from app.storage.claims import ClaimedLane
from app.storage.deliveries import Delivery, delivery_bodies
from app.storage.identity import digest
from app.storage.outcomes import decoded
from connectors.errors import ConnectorError

_OTHERS = {
    "alert": ("channel",),
    "raise": ("event", "rules", "rule", "ordinal"),
    "expect": ("event", "rules", "rule", "ordinal"),
    "collect": ("rules", "rule", "ordinal"),
    "remember": ("dataset", "key"),
    "forget": ("dataset", "key"),
}
_NOISE = frozenset({"lineage", "due", "type", "rules", "rule", "ordinal"})


@dataclass(frozen=True)
class Before:
    """What a message led to the first time."""

    outcome: Mapping[str, Any]
    sent: Sequence[tuple[Delivery, bytes]]


@dataclass(frozen=True)
class Rehearsed:
    """What would become of one message, and in which fields that differs from the first time."""

    message_id: str
    state: str
    reason: str
    differences: tuple[Difference, ...]
    withheld: tuple[str, ...] = ()


def befores(tx: Connection, ids: Collection[str]) -> dict[str, Before]:
    """What some messages led to; of an effect that was edited or sent by a fallback, what its rule meant."""
    found = deliveries_of(tx, ids)
    contents = delivery_bodies(tx, [d.id for d in found]) if found else {}
    decided = outcomes(tx, ids)
    stand_ins = {digest(d.ledger_key, "fallback", other.endpoint) for d in found for other in found}
    meant = [d for d in found if d.rules != CALL and d.ledger_key not in stand_ins]
    return {
        id: Before(
            decided.get(id) or {},
            [(d, contents[d.id]) for d in meant if d.message_id == id and d.id in contents],
        )
        for id in ids
    }


class Rehearsal:
    """Dry runs of a number of messages, decided as one batch of a worker."""

    def __init__(self, installation: Installation, bodies: Mapping[str, Body], at: datetime) -> None:
        self._installation = installation
        self._decider = Decider(installation, bodies)
        self._at = at

    def run(self, original: Original, intake: Intake, before: Before) -> Rehearsed:
        """Decide every document of an intake and compare. Errors: AppError, where a release is not there."""
        decided = [self._decide(original, entry) for entry in entries_of(intake)]
        found = [one for d in decided for one in self._compare(before, d, intake.only)]
        withheld = [
            send.endpoint.name
            for d in decided
            for send in d.sends
            if not _goes(send.endpoint.name, intake.only)
        ]
        worst = next((d for d in decided if d.state != "done"), decided[0])
        return Rehearsed(original.message.id, worst.state, worst.reason, tuple(found), tuple(withheld))

    def _decide(self, original: Original, entry: Entry) -> Decided:
        body_id = original.message.body_id
        drafted = message_of(entry, body_id, self._at)
        if drafted.state != "received":
            return Decided(drafted, drafted.state, drafted.reason, drafted.code, {"state": drafted.state})
        later = self._at + timedelta(microseconds=1)  # as one that ran before: answers are looked up
        message = replace(drafted, id=original.message.id, updated_at=later)
        return self._decider.decide(message, _lane(entry))

    def _compare(self, before: Before, decided: Decided, only: Sequence[str] | None) -> Iterator[Difference]:
        first, now = before.outcome, decoded(decided.outcome)
        state = str(first.get("state", ""))
        if state and state != decided.state:
            yield Difference("state", "", "changed", state, decided.state)
        if first.get("event") is not None and now.get("event") is not None:
            yield from compare("document", first["event"], now["event"])
        yield from self._sends(before, decided, only)
        if only is None:
            yield from _others(first.get("actions", ()), now.get("actions", ()))
            if first.get("reply") is not None or now.get("reply") is not None:
                yield from compare("reply", first.get("reply"), now.get("reply"))

    def _sends(self, before: Before, decided: Decided, only: Sequence[str] | None) -> Iterator[Difference]:
        old = {_meant(d): (d, content) for d, content in before.sent if _goes(d.endpoint, only)}
        new = {_means(s): s for s in decided.sends if _goes(s.endpoint.name, only)}
        for key, (d, content) in old.items():
            if key not in new:
                yield Difference(f"send {d.endpoint}", "", "removed", before=f"{d.rules}.{d.rule}")
            elif new[key].content != content:
                yield from self._payloads(d, content, new[key], decided.message.release_id)
        for key in new:
            if key not in old:
                yield Difference(f"send {key[3]}", "", "added", after=f"{key[0]}.{key[1]}")

    def _payloads(self, d: Delivery, content: bytes, send: Send, release_id: str) -> Iterator[Difference]:
        output = f"send {d.endpoint}"
        before = self._documents(d.release_id, d.endpoint, content)
        after = self._documents(release_id, d.endpoint, send.content)
        if before is None or after is None:
            yield Difference(
                output, "", "changed", f"{len(content)} bytes", f"{len(send.content)} other bytes"
            )
            return
        found = list(compare(output, before, after))
        yield from found or [Difference(output, "", "changed", "another form of the same values", "")]

    def _documents(self, release_id: str, name: str, content: bytes) -> Any:
        """What bytes say, as the release that made them writes it; None where that cannot be read back."""
        try:
            compiled = self._installation.compiled(release_id)
            endpoint = compiled.program.manifest.endpoints[name]
            codec = self._installation.codecs[endpoint.codec]
            found = [one.data for one in codec.decode(content, endpoint.options, guide(compiled, endpoint))]
        except (LookupError, AppError, ConnectorError):
            return None
        return found[0] if len(found) == 1 else found


def _lane(entry: Entry) -> ClaimedLane:
    key = entry.lane
    return ClaimedLane(
        key.partition,
        key.id,
        key.environment,
        key.ruleset,
        key.flow,
        key.endpoint,
        key.order_key,
        key.ordered,
        0,
        0,
        0,
        0,
    )


def _goes(endpoint: str, only: Sequence[str] | None) -> bool:
    return only is None or endpoint in only


def _meant(d: Delivery) -> tuple[str, str, int, str, str]:
    return d.rules, d.rule, d.ordinal, d.endpoint, d.address or ""


def _means(send: Send) -> tuple[str, str, int, str, str]:
    action = send.action
    return action.rules, action.rule, action.ordinal, action.endpoint, action.to or ""


def _others(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
    """Alerts, events, records and what is awaited or collected."""
    old, new = _by_place(before), _by_place(after)
    for key, action in old.items():
        if key not in new:
            yield Difference(_named(action), "", "removed", before=_content(action))
        else:
            yield from compare(_named(action), _content(action), _content(new[key]))
    for key, action in new.items():
        if key not in old:
            yield Difference(_named(action), "", "added", after=_content(action))


def _by_place(actions: Sequence[Mapping[str, Any]]) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for number, action in enumerate(actions):
        names = _OTHERS.get(str(action.get("type")))
        if names is not None:
            place = (action["type"], *(str(action.get(name)) for name in names))
            found[place if place not in found else (*place, number)] = action
    return found


def _named(action: Mapping[str, Any]) -> str:
    said = action.get("channel") or action.get("event") or action.get("dataset") or action.get("group") or ""
    return f"{action['type']} {said}".strip()


def _content(action: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in action.items() if name not in _NOISE}
