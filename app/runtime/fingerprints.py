"""What failures have in common: step, code, field, shape of the value, release. Noted where something fails.

A fingerprint never holds a value: digits of it become 9, letters A, so that what belongs to a person or a
supplier stays in the message.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from app.storage.deliveries import Delivery, DeliveryMove
from app.storage.messages import Message, Move
from app.storage.outcomes import decoded
from app.storage.problems import Kind, add_problems, settle

if TYPE_CHECKING:  # both lead back to the states, which note every failure here
    from app.runtime.deciding import Decided
    from app.runtime.drafts import Draft

STUCK_MESSAGES = frozenset({"rejected", "held", "dead", "quarantined"})
STUCK_DELIVERIES = frozenset({"dead", "uncertain"})
_LONGEST_SHAPE = 40
_LONGEST_RUN = 4
_NAMES_A_PLACE = ("path", "segment", "element", "field", "column", "record")
_INDEX = re.compile(r"\[\d+\]")
_RUN = re.compile(r"9+|A+")


def shape(value: Any) -> str:
    """The form of a value without its content: "PO-4711" is "AA-9999", a run of five or more "9+" or "A+"."""
    said = str(value)[: 4 * _LONGEST_SHAPE]
    plain = "".join("9" if c.isdigit() else "A" if c.isalpha() else " " if c.isspace() else c for c in said)
    short = _RUN.sub(lambda found: found[0] if len(found[0]) <= _LONGEST_RUN else f"{found[0][0]}+", plain)
    return short[:_LONGEST_SHAPE]


def note_decided(tx: Connection, decided: Sequence["Decided"], at: datetime) -> None:
    """Note the messages of a batch that wait for a person now."""
    stuck = [d for d in decided if d.state in STUCK_MESSAGES]
    add_problems(tx, [(d.message.id, kind_of_decided(d)) for d in stuck], at)


def note_drafts(tx: Connection, made: Mapping[str, tuple[Message, "Draft"]], at: datetime) -> None:
    """Note the messages that could not even be read, or whose key was taken."""
    stuck = {id: pair for id, pair in made.items() if pair[0].state in STUCK_MESSAGES}
    add_problems(tx, [(id, _kind_of_draft(m, draft)) for id, (m, draft) in stuck.items()], at)


def follow_messages(tx: Connection, moves: Sequence[Move]) -> None:
    """A message that runs again or is given up waits for nobody."""
    settle(tx, [m.id for m in moves if m.from_state in STUCK_MESSAGES])


def follow_deliveries(tx: Connection, moves: Sequence[DeliveryMove], at: datetime) -> None:
    """Note deliveries that wait for a person now; forget those that do no more."""
    settle(tx, [m.delivery.id for m in moves if m.delivery.state in STUCK_DELIVERIES])
    stuck = [m for m in moves if m.to_state in STUCK_DELIVERIES]
    add_problems(tx, [(m.delivery.id, _kind_of_move(m)) for m in stuck], at)


def kind_of_decided(d: "Decided") -> Kind:
    """By the failure for which it was refused; else by the rule that did; else by what the runtime says."""
    kind = _kind(d.message, d.state)
    outcome = decoded(d.outcome)
    failures = [f for f in outcome.get("failures", ()) if not f.get("warn")]
    refusing = [f for f in failures if str(f.get("action", "")).startswith("reject")]
    if refusing or failures:
        return _by_failure(kind, (refusing or failures)[0])
    step = _rule(outcome) or _error(d)
    return _with(kind, step=step, code=d.code)


def _by_failure(kind: Kind, failure: Mapping[str, Any]) -> Kind:
    value = failure.get("value")
    shown = "missing" if value is None else "blank" if value == "" else shape(value)
    where = _INDEX.sub("[]", str(failure.get("path", "")))
    return _with(
        kind, step=str(failure.get("step", "")), code=str(failure.get("code", "")), field=where, shape=shown
    )


def _rule(outcome: Mapping[str, Any]) -> str:
    """The last rule that fired: it rejected the message or holds it."""
    fired = [r for r in outcome.get("rules", ()) if r.get("fired")]
    return f"rules/{fired[-1]['rules']}.{fired[-1]['rule']}" if fired else ""


def _error(d: "Decided") -> str:
    """The kind of an error nobody foresaw; its message may hold values and stays out."""
    name, colon, _ = d.reason.partition(":")
    return f"engine/{name}" if d.code == "engine_failed" and colon and name.isidentifier() else "engine"


def _kind_of_draft(m: Message, draft: "Draft") -> Kind:
    kind = _kind(m, m.state)
    if m.state == "quarantined":
        return _with(kind, step="intake", code=m.code)
    place = draft.errors[0].place if draft.errors else {}
    names = [f"{name} {place[name]}" for name in _NAMES_A_PLACE if _structural(place.get(name))]
    return _with(kind, step="read", code=m.code, field=_INDEX.sub("[]", ", ".join(names)))


def _structural(word: Any) -> bool:
    """Whether a place names a part of the format, as `NM1`, and not the number of a line."""
    return isinstance(word, str) and not word.isdigit()


def _kind_of_move(m: DeliveryMove) -> Kind:
    d: Delivery = m.delivery
    status = m.status if m.status is not None else d.status
    code = m.error_class if m.error_class is not None else d.error_class
    return Kind(
        d.environment,
        "delivery",
        m.to_state,
        d.ruleset,
        d.flow,
        d.endpoint,
        d.release_id,
        step=f"send/{d.endpoint}",
        code=code or "unknown",
        field=f"status {status}" if status else "",
    )


def _kind(m: Message, state: str) -> Kind:
    return Kind(m.environment, "message", state, m.ruleset, m.flow, m.endpoint, m.release_id)


def _with(kind: Kind, **more: str) -> Kind:
    where = (
        kind.environment,
        kind.subject,
        kind.state,
        kind.ruleset,
        kind.flow,
        kind.endpoint,
        kind.release_id,
    )
    return Kind(*where, **more)
