"""What generated code calls while it runs: failures, budgets, lists, exact arithmetic."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, Overflow
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from dsl.errors import FunctionFailure
from rules.cells import comparable
from rules.errors import BudgetExceeded
from rules.generation.unit import REJECT, Site, Station
from rules.outcome import Context, Failure
from rules.values import shorten

FAILURES = (FunctionFailure, ArithmeticError)
POISON: Any = type("Poison", (), {"__repr__": lambda self: "not made"})()
"""The value of a let that failed and rejected the message: whoever needs it is silently left out."""

LIMIT = 10**34
TEXT_FACTOR = 32


class Run:
    """The state of one run of compiled code: budgets, failures, what the rules decided."""

    __slots__ = (
        "actions",
        "budget",
        "business",
        "context",
        "ended",
        "facts",
        "failures",
        "frames",
        "fuel",
        "joins",
        "rejects",
        "sites",
        "size",
        "stations",
        "zone",
    )

    def __init__(
        self, context: Context, zone: ZoneInfo, sites: Sequence[Site], stations: Sequence[Station]
    ) -> None:
        self.context = context
        self.zone = zone
        self.business: date | None = None
        self.fuel = context.fuel
        self.size = context.size
        self.budget = context.size * TEXT_FACTOR
        self.failures: list[Failure] = []
        self.rejects = 0
        self.actions: list[Any] = []
        self.facts: dict[str, Any] = {}
        self.ended: tuple[str, str] | None = None
        self.frames: list[Any] = []
        self.joins: dict[Any, Any] = {}
        self.sites = sites
        self.stations = stations

    @property
    def business_time(self) -> date:
        """What decides which dated rows are valid: what the flow says, else the time of the message; in the rule set's zone."""
        return self.local(self.context.now if self.business is None else self.business)

    def local(self, moment: date) -> date:
        """A moment in the rule set's zone; a day stays what it is."""
        return moment.astimezone(self.zone) if isinstance(moment, datetime) else moment

    @property
    def message(self) -> Mapping[str, Any]:
        """What rules see as `message`."""
        return {"now": self.context.now, **self.context.message}


def missing(what: str) -> NoReturn:
    """A value is needed and there is none."""
    raise FunctionFailure("missing", f"{what} is missing" if what else "there is no value")


def note(run: Run, number: int, error: Exception) -> int:
    """Record a failure at its station and tell the generated code what to do."""
    station = run.stations[number]
    kind = getattr(error, "kind", "error")
    reaction = station.reactions.get(kind, REJECT)
    if reaction.action in ("reject", "reject row") or reaction.warn:
        run.failures.append(_failure(run, station, kind, reaction, error))
        if reaction.action == "reject":
            run.rejects += 1
    error.__traceback__ = None
    return reaction.code


def _failure(run: Run, station: Station, kind: str, reaction: Any, error: Exception) -> Failure:
    trace = error.__traceback__
    assert trace is not None
    site = run.sites[trace.tb_lineno]
    found = trace.tb_frame.f_locals
    value = getattr(error, "value", None)
    if value is None and kind != "missing":
        value = next((found[name] for name in site.subjects if found.get(name) is not None), None)
    return Failure(
        kind=kind,  # type: ignore[arg-type]
        code=f"value_{kind}" if kind in ("missing", "error") else kind,
        message=failure_message(error),
        step=station.step,
        path=_indexed(station, found),
        place=site.place if site.place.file else station.place,
        value=None if value is None else shorten(value),
        action=reaction.action,
        warn=reaction.warn,
    )


def failure_message(error: Exception) -> str:
    """What failed, in words: the function's own, or the arithmetic's."""
    if isinstance(error, FunctionFailure):
        return error.message
    if isinstance(error, ZeroDivisionError) or "DivisionUndefined" in str(error):
        return "division by zero"
    return "the result is too large" if isinstance(error, Overflow | OverflowError) else "can't be calculated"


def _indexed(station: Station, found: Mapping[str, Any]) -> str:
    return station.path.format(*[found.get(name, 0) for name in station.indexes])


def check_failed(run: Run, number: int, message: str, action: str, indexes: Sequence[int]) -> None:
    """Record a check that does not hold."""
    station = run.stations[number]
    if action == "reject":
        run.rejects += 1
    run.failures.append(
        Failure(
            kind="check",
            code="check_failed",
            message=message,
            step=station.step,
            path=station.path.format(*indexes),
            place=station.place,
            action=action,  # type: ignore[arg-type]
            warn=action == "warn",
        )
    )


def drop_row(run: Run, mark: int) -> None:
    """A row goes: what failed inside it goes too, except what says that it was dropped."""
    kept = [f for f in run.failures[mark:] if f.action in ("reject row", "skip row")]
    run.failures[mark:] = kept
    run.rejects = sum(failure.action == "reject" for failure in run.failures)


def out_of_fuel(run: Run) -> NoReturn:
    """The run has taken more steps than one message may."""
    raise BudgetExceeded(f"more than {run.context.fuel} steps")


def decided(*pairs: tuple[Any, Any]) -> list[tuple[Any, Any]]:
    """What lookups and tables inside a function of the rule set chose, each with the way to say it."""
    found: list[tuple[Any, Any]] = []
    for words, mark in pairs:
        if isinstance(mark, list):
            found.extend((words, each) for each in mark)
        elif mark is not None:
            found.append((words, mark))
    return found


def say(pair: tuple[Any, Any]) -> str:
    """A decision that came out of a function, in words."""
    words, mark = pair
    return str(words(mark))


def grow(run: Run, length: int) -> None:
    """Count text that the run has built."""
    run.budget -= length
    if length > run.size or run.budget < 0:
        raise BudgetExceeded(f"more than {run.size} characters of text")


def grow_value(run: Run, value: Any) -> None:
    """Count a record or list that is put into a row."""
    stack, count = [value], 0
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            count += len(part)
        elif isinstance(part, dict):
            stack.extend(v for k, v in part.items() if k != "^")
            count += len(part)
        elif isinstance(part, list):
            stack.extend(part)
            count += len(part)
        if count > run.budget:
            break
    grow(run, count)


def without_gaps(record: dict[str, Any]) -> dict[str, Any]:
    """A record without the fields that have no value."""
    return {name: value for name, value in record.items() if value is not None}


def through(values: Iterable[Any], name: str) -> list[Any]:
    """A path through a list: the flat list of the values that are there."""
    found: list[Any] = []
    for element in values:
        value = element.get(name) if isinstance(element, dict) else None
        if isinstance(value, list):
            found.extend(v for v in value if v is not None)
        elif value is not None:
            found.append(value)
    return found


def field_of(value: Any, name: str) -> Any:
    """A field of something whose type is not known."""
    if isinstance(value, list):
        return through(value, name)
    return value.get(name) if isinstance(value, dict) else None


def blank(value: Any) -> bool:
    """Whether there is nothing: missing, an empty list, a text of white space."""
    if value is None or value == []:
        return True
    return isinstance(value, str) and not value.strip()


def times(left: int, right: int) -> int:
    """Whole numbers multiplied, within what a decimal could hold."""
    product = left * right
    if -LIMIT < product < LIMIT:
        return product
    raise FunctionFailure("error", "the result is too large")


def divide(left: Any, right: Any) -> Decimal:
    """Numbers divided, exactly to 34 digits."""
    return Decimal(left) / Decimal(right)


def ordered(pairs: list[Any], keys: Sequence[Sequence[Any]], descending: Sequence[bool]) -> list[Any]:
    """The elements sorted by several keys; equal ones keep their order."""
    order = list(range(len(pairs)))
    for column in range(len(descending) - 1, -1, -1):
        order.sort(key=lambda index: comparable(keys[index][column]), reverse=descending[column])
    return [pairs[index] for index in order]


def grouped(pairs: list[tuple[int, Any]], keys: Sequence[Mapping[str, Any]]) -> list[tuple[Any, Any]]:
    """Elements of equal keys together, in the order of their first occurrence."""
    groups: dict[Any, tuple[list[int], dict[str, Any]]] = {}
    for (index, element), key in zip(pairs, keys, strict=True):
        stand_in = tuple([comparable(value) for value in key.values()])
        group = groups.get(stand_in)
        if group is None:
            present = {name: value for name, value in key.items() if value is not None}
            group = groups[stand_in] = ([], {"key": present, "items": []})
        group[0].append(index)
        group[1]["items"].append(element)
    return list(groups.values())
