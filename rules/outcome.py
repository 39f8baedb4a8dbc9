"""What the engine decided, as plain data: the runtime turns it into effects."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal

from rules.unread import Unread
from rules.waiting import Call, Recall, Remedy, Wait

State = Literal["done", "ignored", "rejected", "held", "waiting"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the rule set something was decided: module, line and column (from 1)."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A value that could not be made, or a check that did not hold.

    `step` is map, rules, table or lookup with its name ("map/sap_nc"); `path` the target field
    or rule; `value` the offending value, shortened to 200 characters; `action` what was done.
    """

    kind: Literal["missing", "error", "no_match", "many", "check"]
    code: str
    message: str
    step: str
    path: str
    place: Place
    value: str | None = None
    action: Literal["reject", "reject row", "use", "skip", "skip row", "warn"] = "reject"
    warn: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """Why one output value is what it is.

    `sources` are concrete paths in the input ("nc.QMFE[0].FECOD"); `decisions` the lookup rows,
    table rows and branches used ("lookup severity_codes row 2", "table disposition r3").
    """

    sources: tuple[str, ...]
    decisions: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """Whether a rule fired, and the values its condition saw."""

    rules: str
    rule: str
    fired: bool
    because: str
    values: Mapping[str, Any]
    place: Place


@dataclass(frozen=True, slots=True)
class SendAction:
    """Deliver a payload to a symbolic endpoint. `ordinal` counts the sends of one rule from 0."""

    endpoint: str
    payload: Any
    rules: str
    rule: str
    ordinal: int
    to: str | None = None
    key: str | None = None
    lineage: Mapping[str, Trace] = field(default_factory=dict)
    type: Literal["send"] = "send"


@dataclass(frozen=True, slots=True)
class RaiseAction:
    """A canonical event for the flows that receive it."""

    event: str
    payload: Any
    rules: str
    rule: str
    ordinal: int
    lineage: Mapping[str, Trace] = field(default_factory=dict)
    type: Literal["raise"] = "raise"


@dataclass(frozen=True, slots=True)
class AlertAction:
    """Tell the people behind a channel."""

    channel: str
    text: str
    rules: str
    rule: str
    type: Literal["alert"] = "alert"


@dataclass(frozen=True, slots=True)
class ExpectAction:
    """Wait for a message that answers this one; `otherwise` is carried out when it is not there in time.

    `event` is an endpoint or a raised event, `key` the text by which the awaited message is found
    (rules.engine.expectation_keys gives the same text for it), `due` the moment from which on it is late.
    `ordinal` is the place of the action in its rule, from 0.
    """

    event: str
    key: str
    due: datetime
    rules: str
    rule: str
    ordinal: int
    otherwise: SendAction | RaiseAction | AlertAction | None = None
    type: Literal["expect"] = "expect"


@dataclass(frozen=True, slots=True)
class CollectAction:
    """Put the subject to the others of its group; when the window closes, one action is made of all.

    The window of a group opens with its first item and closes after `window` seconds, or with item number
    `at_most`; then rules.engine.close_collection makes the action. `item` is the subject as JSON; `to` and
    `key` are those of the send, evaluated on this item, and part of `group`, so that parties never mix.
    """

    group: str
    window: int
    at_most: int | None
    item: Any
    rules: str
    rule: str
    ordinal: int
    to: str | None = None
    key: str | None = None
    type: Literal["collect"] = "collect"


@dataclass(frozen=True, slots=True)
class RememberAction:
    """Keep a record in a dataset; a record with the same key is replaced. `schema` is "erp.item@v1"."""

    dataset: str
    key: str
    record: Any
    schema: str
    rules: str
    rule: str
    ordinal: int
    type: Literal["remember"] = "remember"


@dataclass(frozen=True, slots=True)
class ForgetAction:
    """Take the record with this key out of a dataset; none is there, nothing happens."""

    dataset: str
    key: str
    rules: str
    rule: str
    ordinal: int
    type: Literal["forget"] = "forget"


Action = SendAction | RaiseAction | AlertAction | ExpectAction | CollectAction | RememberAction | ForgetAction


@dataclass(frozen=True, slots=True)
class ExpectationKey:
    """What an arriving message answers: the expectation of this action, and the key it carries for it."""

    rules: str
    rule: str
    ordinal: int
    key: str


# Not frozen: filling seventeen frozen fields took a tenth of a run.
@dataclass(slots=True)
class Outcome:
    """The result of one message in one flow.

    `state` done: carry out `actions`; ignored, rejected, held: `reason` says why, no actions.
    `read` is the input, perhaps not read yet (`document` reads it), `event` what the map made of it, in the shape in
    which it leaves. `lineage` explains the paths of `event`, `decisions` are all lookup and table
    rows that were used ("table disposition r3"); both and `rules` are made when first asked for.

    `state` waiting: nothing is to be done but to get what `waits` asks for, put it into the context and
    run again. `calls` are all questions of the run, answered ones too; `values` what was recalled and
    answered, by variable; `reply` what a synchronous flow gives back; `remedy` what the playbook says of
    the failure for which a message is rejected or held; `steps` how many steps of the flow were begun.
    """

    state: State
    read: Any
    event: Any = None
    reason: str = ""
    actions: tuple[Action, ...] = ()
    failures: tuple[Failure, ...] = ()
    lineage: Mapping[str, Trace] = field(default_factory=dict)
    rules: Sequence[RuleTrace] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    decisions: Sequence[str] = ()
    reply: Any = None
    waits: tuple[Wait, ...] = ()
    calls: tuple[Call, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    remedy: Remedy | None = None
    steps: int = 0
    reply_lineage: Mapping[str, Trace] = field(default_factory=dict)

    @property
    def document(self) -> Any:
        """The input as read by its schema."""
        return self.read.value() if isinstance(self.read, Unread) else self.read


@dataclass(frozen=True, slots=True)
class Keys:
    """What the flow says of a message before it runs: duplicate key, order key, business keys."""

    identify: str | None
    order: str | None
    business: Mapping[str, str]


@dataclass(frozen=True)
class Context:
    """Everything a run may know that is not in the document; the engine reads no clock.

    `now` carries an offset. `message` is shown to rules as `message.*` (id, replayed, ...).
    `fuel` bounds loop steps of one run; `size` bounds characters of one text it builds.

    `recalled` gives the record under (dataset, key text), None where it is known that there is none;
    `expired` are those for which the flow has waited long enough. `answers` gives by call variable the
    document that came back, or `rules.waiting.Unanswered`.
    """

    now: datetime
    message: Mapping[str, Any] = field(default_factory=dict)
    fuel: int = 2_000_000
    size: int = 1_000_000
    recalled: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    expired: Collection[tuple[str, str]] = frozenset()
    answers: Mapping[str, Any] = field(default_factory=dict)


Told = Callable[[Mapping[str, Trace]], Any]
"""How traces are said."""


def to_json(outcome: Outcome, told: Told | None = None) -> dict[str, Any]:
    """The shape of `run-sample --json`: JSON types only, exact numbers as text, lineage made.

    reply, waits, calls, values and remedy stand there only where the run has any. `told` says traces in
    another way than `lineage_json`: as text that is ready, for whoever only stores them.
    """
    told = told or lineage_json
    return {
        "state": outcome.state,
        "reason": outcome.reason,
        "document": _json(outcome.document),
        "event": _json(outcome.event),
        "actions": [action_json(action, told) for action in outcome.actions],
        "failures": [failure_json(failure) for failure in outcome.failures],
        "lineage": told(outcome.lineage),
        "rules": [rule_json(trace) for trace in outcome.rules],
        "facts": _json(outcome.facts),
        "decisions": list(outcome.decisions),
        **_asked_json(outcome),
    }


def _asked_json(outcome: Outcome) -> dict[str, Any]:
    found = {
        "reply": _json(outcome.reply),
        "waits": [wait_json(wait) for wait in outcome.waits],
        "calls": [wait_json(call) for call in outcome.calls],
        "values": _json(outcome.values),
        "remedy": None if outcome.remedy is None else remedy_json(outcome.remedy),
        "reply_lineage": lineage_json(outcome.reply_lineage),
    }
    return {name: value for name, value in found.items() if value}


def wait_json(wait: Wait) -> dict[str, Any]:
    """One thing a run lacks, or one question it asked."""
    match wait:
        case Recall():
            return {
                "type": "recall",
                "dataset": wait.dataset,
                "key": wait.key,
                "variable": wait.variable,
                "unknown": wait.unknown,
                "seconds": wait.seconds,
                **_place_json(wait.place),
            }
        case Call():
            return {
                "type": "call",
                "variable": wait.variable,
                "endpoint": wait.endpoint,
                "payload": _json(wait.payload),
                "answer": wait.answer,
                "step": wait.step,
                "retry_seconds": wait.retry_seconds,
                "lineage": lineage_json(wait.lineage),
                **_place_json(wait.place),
            }


def remedy_json(remedy: Remedy) -> dict[str, Any]:
    """What a playbook says."""
    return {
        "playbook": remedy.playbook,
        "failure": remedy.failure,
        "reaction": remedy.reaction,
        "retry_seconds": remedy.retry_seconds,
        "fallback": list(remedy.fallback),
        "channel": remedy.channel,
        "text": remedy.text,
        "runbook": remedy.runbook,
    }


def failure_json(failure: Failure) -> dict[str, Any]:
    """One failure."""
    return {
        "kind": failure.kind,
        "code": failure.code,
        "message": failure.message,
        "step": failure.step,
        "path": failure.path,
        **_place_json(failure.place),
        "value": failure.value,
        "action": failure.action,
        "warn": failure.warn,
    }


def lineage_json(lineage: Mapping[str, Trace]) -> dict[str, Any]:
    """The traces of all paths."""
    return {
        path: {"sources": list(trace.sources), "decisions": list(trace.decisions), **_place_json(trace.place)}
        for path, trace in lineage.items()
    }


def rule_json(trace: RuleTrace) -> dict[str, Any]:
    """One rule: whether it fired, why, on what values."""
    return {
        "rules": trace.rules,
        "rule": trace.rule,
        "fired": trace.fired,
        "because": trace.because,
        "values": _json(trace.values),
        **_place_json(trace.place),
    }


def _place_json(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column}


def action_json(action: Action, told: Told | None = None) -> dict[str, Any]:
    """One action as JSON; what waits inside it (the `else` of an expectation) too."""
    return _action(action, told or lineage_json)


def _action(action: Action, told: Told) -> dict[str, Any]:
    match action:
        case SendAction():
            return {
                "type": "send",
                "endpoint": action.endpoint,
                "payload": _json(action.payload),
                "rules": action.rules,
                "rule": action.rule,
                "ordinal": action.ordinal,
                "to": action.to,
                "key": action.key,
                "lineage": told(action.lineage),
            }
        case RaiseAction():
            return {
                "type": "raise",
                "event": action.event,
                "payload": _json(action.payload),
                "rules": action.rules,
                "rule": action.rule,
                "ordinal": action.ordinal,
                "lineage": told(action.lineage),
            }
        case AlertAction():
            return {
                "type": "alert",
                "channel": action.channel,
                "text": action.text,
                "rules": action.rules,
                "rule": action.rule,
            }
        case ExpectAction() | CollectAction():
            return _timed_action(action, told)
        case RememberAction() | ForgetAction():
            return _reference_action(action)


def _timed_action(action: ExpectAction | CollectAction, told: Told) -> dict[str, Any]:
    match action:
        case ExpectAction():
            otherwise = None if action.otherwise is None else _action(action.otherwise, told)
            return {
                "type": "expect",
                "event": action.event,
                "key": action.key,
                "due": action.due.isoformat(),
                "rules": action.rules,
                "rule": action.rule,
                "ordinal": action.ordinal,
                "otherwise": otherwise,
            }
        case CollectAction():
            return {
                "type": "collect",
                "group": action.group,
                "window": action.window,
                "at_most": action.at_most,
                "item": _json(action.item),
                "rules": action.rules,
                "rule": action.rule,
                "ordinal": action.ordinal,
                "to": action.to,
                "key": action.key,
            }


def _reference_action(action: RememberAction | ForgetAction) -> dict[str, Any]:
    match action:
        case RememberAction():
            return {
                "type": "remember",
                "dataset": action.dataset,
                "key": action.key,
                "record": _json(action.record),
                "schema": action.schema,
                "rules": action.rules,
                "rule": action.rule,
                "ordinal": action.ordinal,
            }
        case ForgetAction():
            return {
                "type": "forget",
                "dataset": action.dataset,
                "key": action.key,
                "rules": action.rules,
                "rule": action.rule,
                "ordinal": action.ordinal,
            }


def _json(value: Any) -> Any:
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is dict or isinstance(value, Mapping):
        return {str(name): _json(inner) for name, inner in value.items() if name != "^"}
    if isinstance(value, list | tuple):
        return [_json(inner) for inner in value]
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
