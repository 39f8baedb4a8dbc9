"""What generated rules do: they put plain data on the list of the run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dsl.types import Record
from rules.deadlines import deadline
from rules.generation.plans import FramePlan, Lineage
from rules.generation.support import Run
from rules.keytexts import key_text, named_key_text
from rules.outcome import (
    AlertAction,
    CollectAction,
    ExpectAction,
    ForgetAction,
    Place,
    RaiseAction,
    RememberAction,
    SendAction,
)
from rules.shaping import hold_to_limits, plain_value
from rules.writing import write_plain


@dataclass(slots=True, eq=False)
class ActionSpec:
    """What is known of an action before the run; `plan` and `write` come with its map."""

    rules: str
    rule: str
    target: str
    map: str | None
    place: Place
    plan: FramePlan | None = None
    write: Any = plain_value

    def payload(self, run: Run, pair: Any) -> tuple[Any, Any]:
        """The payload as it leaves, and its lineage."""
        output, marks = pair
        if self.plan is None:
            return self.write(output), {}
        run.frames.append((self.plan, marks))
        return self.write(output), Lineage(self.plan, marks, output)


def send(run: Run, spec: ActionSpec, ordinal: int, pair: Any, to: Any, key: Any) -> None:
    """`send endpoint using map to ... key ...`."""
    payload, lineage = spec.payload(run, pair)
    run.actions.append(
        SendAction(
            spec.target,
            payload,
            spec.rules,
            spec.rule,
            ordinal,
            None if to is None else str(write_plain(to, "string")),
            None if key is None else key_text((key,)),
            lineage,
        )
    )


def raise_event(run: Run, spec: ActionSpec, ordinal: int, pair: Any) -> None:
    """`raise event using map`."""
    payload, lineage = spec.payload(run, pair)
    run.actions.append(RaiseAction(spec.target, payload, spec.rules, spec.rule, ordinal, lineage))


def alert(run: Run, spec: ActionSpec, text: str) -> None:
    """`alert channel text`."""
    run.actions.append(AlertAction(spec.target, text, spec.rules, spec.rule))


def end(run: Run, state: str, reason: str) -> None:
    """`reject`, `ignore` or `hold for review`: the message ends here; the first one counts."""
    if run.ended is None:
        run.ended = (state, reason)


def set_fact(run: Run, name: str, value: Any) -> None:
    """`set name = value`; a missing value sets nothing."""
    if value is not None:
        run.facts[name] = value


@dataclass(slots=True, eq=False)
class ExpectSpec:
    """What is known of an `expect` before the run; `names` are what the awaited message is found by."""

    rules: str
    rule: str
    ordinal: int
    event: str
    names: tuple[str, ...]
    calendar: str
    calendars: Mapping[str, Sequence[str]]
    otherwise: bool


def expect(run: Run, spec: ExpectSpec, values: tuple[Any, ...], within: Mapping[str, Any]) -> None:
    """`expect e where ... within d else ...`; what follows `else` has just been put on the list."""
    otherwise = run.actions.pop() if spec.otherwise else None
    key = named_key_text(dict(zip(spec.names, values, strict=True)))
    due = deadline(run.context.now.astimezone(run.zone), within, spec.calendar, spec.calendars)
    run.actions.append(ExpectAction(spec.event, key, due, spec.rules, spec.rule, spec.ordinal, otherwise))


@dataclass(slots=True, eq=False)
class RecordSpec:
    """What is known of an action that keeps a record before the run; `write` comes with its schema."""

    rules: str
    rule: str
    ordinal: int
    record: Record
    target: str = ""
    schema: str = ""
    window: int = 0
    at_most: int | None = None
    write: Any = plain_value


def collect(run: Run, spec: RecordSpec, by: tuple[Any, ...], to: Any, key: Any, subject: Any) -> None:
    """`collect by ... for ... then ...`; the party and the key of the send are part of the group."""
    to = None if to is None else str(write_plain(to, "string"))
    key = None if key is None else key_text((key,))
    group = key_text([*by, *(part for part in (to, key) if part is not None)])
    run.actions.append(
        CollectAction(
            group,
            spec.window,
            spec.at_most,
            spec.write(subject),
            spec.rules,
            spec.rule,
            spec.ordinal,
            to,
            key,
        )
    )


def remember(run: Run, spec: RecordSpec, keys: tuple[Any, ...], record: Any) -> None:
    """`remember dataset key k = record`."""
    hold_to_limits(record, spec.record)
    run.actions.append(
        RememberAction(
            spec.target, key_text(keys), spec.write(record), spec.schema, spec.rules, spec.rule, spec.ordinal
        )
    )


def forget(run: Run, spec: ActionSpec, ordinal: int, keys: tuple[Any, ...]) -> None:
    """`forget dataset key k`."""
    run.actions.append(ForgetAction(spec.target, key_text(keys), spec.rules, spec.rule, ordinal))
