"""What a message leaves for later, written in the transaction that commits the message itself.

Records of datasets are written, answered expectations closed, new ones opened, items put into the
window of their collection, and who waits for a record stands beside the place of that record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from app.runtime.timing import collect, meet, open_timers
from app.storage.claims import ClaimedLane
from app.storage.datasets import RecordKey, put_record, wait_at
from app.storage.identity import digest
from app.storage.messages import Message
from app.storage.timers import Timer, hurry, timer_id
from rules.outcome import (
    AlertAction,
    CollectAction,
    ExpectAction,
    ForgetAction,
    Outcome,
    RaiseAction,
    RememberAction,
    SendAction,
    action_json,
)
from rules.waiting import Call, Recall

Kept = RememberAction | ForgetAction
CALL = "call"
PATIENCE_SECONDS = 86_400


@dataclass(frozen=True)
class Later:
    """All of one message; `met` are the matches of the expectations that it answers."""

    message: Message
    order_key: str | None
    kept: tuple[Kept, ...] = ()
    expects: tuple[ExpectAction, ...] = ()
    collects: tuple[CollectAction, ...] = ()
    waits: tuple[Recall, ...] = ()
    calls: tuple[Call, ...] = ()
    met: tuple[str, ...] = ()


def later_of(message: Message, lane: ClaimedLane, outcome: Outcome, met: Sequence[str]) -> Later:
    """Sort what an outcome asks for."""
    actions = outcome.actions if outcome.state == "done" else ()
    return Later(
        message,
        lane.order_key if lane.ordered else None,
        tuple(a for a in actions if isinstance(a, RememberAction | ForgetAction)),
        tuple(a for a in actions if isinstance(a, ExpectAction)),
        tuple(a for a in actions if isinstance(a, CollectAction)),
        tuple(w for w in outcome.waits if isinstance(w, Recall)),
        tuple(w for w in outcome.waits if isinstance(w, Call)),
        tuple(met),
    )


def expectation_match(
    environment: str, ruleset: str, event: str, rules: str, rule: str, ordinal: int, key: str
) -> str:
    """What an expectation and the message that answers it have in common."""
    return digest("expect", environment, ruleset, event, rules, rule, str(ordinal), key)


def call_match(message_id: str, variable: str, step: int) -> str:
    """What a waiting message and the delivery of its question have in common."""
    return digest(CALL, message_id, variable, str(step))


def write_later(tx: Connection, all: Sequence[Later], at: datetime) -> None:
    """Write what a batch leaves, in a fixed order: records, answers, new timers."""
    _write_records(tx, all, at)
    for later in all:
        meet(tx, later.met, later.message.id, at)
    open_timers(tx, [_expectation(later, action, at) for later in all for action in later.expects], at)
    windows = [(_window(later, action, at), action) for later in all for action in later.collects]
    for timer, action in sorted(windows, key=lambda pair: pair[0].match):
        collect(tx, timer, action.item, action.at_most, at)
    for later in all:
        for wait in later.waits:
            _wait(tx, later, wait, at)
    open_timers(tx, [_answer_timer(later, call, at) for later in all for call in later.calls], at)


def record_key(message: Message, dataset: str, key: str) -> RecordKey:
    """The place of a record as a message means it."""
    return RecordKey(message.environment, message.ruleset, dataset, key)


def _write_records(tx: Connection, all: Sequence[Later], at: datetime) -> None:
    """The last word on each record, in the order of their places; who waits for one is looked at now."""
    last: dict[str, tuple[RecordKey, Kept, str]] = {}
    for later in all:
        for action in later.kept:
            place = record_key(later.message, action.dataset, action.key)
            last[place.id] = (place, action, later.message.id)
    for _, (place, action, message_id) in sorted(last.items()):
        if isinstance(action, RememberAction):
            put_record(tx, place, action.schema, action.record, message_id, at)
        else:
            put_record(tx, place, "", None, message_id, at)
    hurry(tx, [id for id, (_, action, _) in last.items() if isinstance(action, RememberAction)], at)


def _expectation(later: Later, action: ExpectAction, at: datetime) -> Timer:
    m = later.message
    match = expectation_match(
        m.environment, m.ruleset, action.event, action.rules, action.rule, action.ordinal, action.key
    )
    otherwise = None if action.otherwise is None else _exactly(action.otherwise)
    return _timer(
        later,
        "expect",
        timer_id(match, m.id),
        match,
        action.due,
        at,
        event=action.event,
        key=action.key,
        rules=action.rules,
        rule=action.rule,
        ordinal=action.ordinal,
        content={"otherwise": otherwise},
    )


def _exactly(action: SendAction | RaiseAction | AlertAction) -> dict[str, Any]:
    """An action as data whose payload keeps its numbers."""
    said = action_json(action)
    return said if isinstance(action, AlertAction) else {**said, "payload": action.payload}


def _window(later: Later, action: CollectAction, at: datetime) -> Timer:
    m = later.message
    where = (m.environment, m.ruleset, m.release_id, action.rules, action.rule, str(action.ordinal))
    match = digest("collect", *where, action.group)
    return _timer(
        later,
        "collect",
        timer_id(match, m.id, str(action.ordinal)),
        match,
        at + timedelta(seconds=action.window),
        at,
        event="",
        key=action.group,
        rules=action.rules,
        rule=action.rule,
        ordinal=action.ordinal,
        content={"to": action.to, "key": action.key},
        count=1,
    )


def _wait(tx: Connection, later: Later, wait: Recall, at: datetime) -> None:
    """Wait at the place of the record; where it came in between, look again at once."""
    place = record_key(later.message, wait.dataset, wait.key)
    there = wait_at(tx, place, at)
    until = at + timedelta(seconds=wait.seconds or 0)
    id = timer_id(place.id, later.message.id)
    timer = _timer(
        later,
        "wait",
        id,
        place.id,
        until,
        at,
        event=wait.dataset,
        key=wait.key,
        rule=wait.variable,
    )
    open_timers(tx, [timer], at)
    if there is not None:
        hurry(tx, [place.id], at)


def _answer_timer(later: Later, call: Call, at: datetime) -> Timer:
    match = call_match(later.message.id, call.variable, call.step)
    until = at + timedelta(seconds=PATIENCE_SECONDS)
    return _timer(
        later,
        "wait",
        timer_id(match, later.message.id),
        match,
        until,
        at,
        event=call.endpoint,
        key=call.variable,
        rule=call.variable,
        ordinal=call.step,
    )


def _timer(later: Later, kind: Any, id: str, match: str, due: datetime, at: datetime, **more: Any) -> Timer:
    m = later.message
    return Timer(
        id=id,
        kind=kind,
        state="open",
        match=match,
        due_at=due,
        deadline=due,
        environment=m.environment,
        ruleset=m.ruleset,
        release_id=m.release_id,
        flow=m.flow,
        order_key=later.order_key,
        message_id=m.id,
        correlation_id=m.correlation_id,
        hops=m.hops,
        created_at=at,
        updated_at=at,
        **more,
    )
