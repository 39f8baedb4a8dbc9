"""Dates, times and durations. A date stays a date; an instant always has an offset."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from dsl import types
from dsl.decimals import shown
from dsl.errors import FunctionFailure
from dsl.functions import formats, kinds, safety, zones
from dsl.functions.declaration import Accepts, Argument, Given, TypeRuleError, function
from dsl.functions.declaration import Parameter as P
from dsl.syntax import FailureKind
from dsl.types import DATE, DATETIME, DURATION, INTEGER, TEXT, TIME

UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800}
_DAY_UNITS = {"days": 1, "weeks": 7}
_ISO = "YYYY-MM-DD"
_CENTURY = P("century", INTEGER, default=None, named=True)
_DATE_PATTERN = formats.pattern_fault(frozenset({"YYYY", "MM", "DD"}), formats.DATE_FIELDS)
_TIME_PATTERN = formats.pattern_fault(frozenset({"HH", "mm"}), formats.TIME_FIELDS)
_INSTANT = formats.DATE_FIELDS | formats.TIME_FIELDS | {"ZZ"}
_INSTANT_PATTERN = formats.pattern_fault(frozenset({"YYYY", "MM", "DD", "HH", "mm"}), _INSTANT)
_ANY_PATTERN = formats.pattern_fault(frozenset(), _INSTANT)
_DATE_OR_TIME = Accepts(
    "date, time or datetime", lambda of: kinds.is_scalar(of, ("date", "time", "datetime"))
)
_DATE_OR_INSTANT = Accepts("date or datetime", lambda of: kinds.is_scalar(of, ("date", "datetime")))
_TEXT_OR_INSTANT = Accepts(
    "text or datetime",
    lambda of: kinds.is_scalar(of, ("text", "date", "datetime")) or isinstance(of, types.Anything),
)
_AMBIGUOUS = ("fail", "earlier", "later")


def _is_moment(of: types.Type) -> bool:
    return kinds.is_scalar(of, ("date", "datetime"))


def _fitting_pattern(given: Given) -> Sequence[FailureKind]:
    """A pattern that asks for no more than the value has."""
    of = given["value"].type
    parts = formats.DATE_FIELDS if of == DATE else formats.TIME_FIELDS if of == TIME else _INSTANT
    pattern = given["format"]
    fits = (
        pattern.constant and formats.pattern_fault(frozenset(), frozenset(parts))(str(pattern.value)) is None
    )
    return ("error",) if fits else ()


def _ambiguous_fault(value: Any) -> str | None:
    return None if value in _AMBIGUOUS else "ambiguous has to be fail, earlier or later"


AMBIGUOUS = P("ambiguous", TEXT, default="fail", named=True, constant=True, word=True, check=_ambiguous_fault)
ZONE = P("zone", TEXT, default=None, named=True, check=zones.zone_fault)


@function(
    "date",
    [
        P("value", _TEXT_OR_INSTANT),
        P("format", TEXT, default=_ISO, constant=True, check=_DATE_PATTERN),
        ZONE,
        _CENTURY,
    ],
    DATE,
    "The date that a text says, strictly: no day is rolled over, no century is guessed. Of a datetime: the date "
    "on which it falls in a zone (in the rule set's zone unless said).",
    [
        ('date("20260131", "YYYYMMDD")', "2026-01-31"),
        ('date("31.01.2026", "DD.MM.YYYY")', "2026-01-31"),
        ('date("20211417", "YYYYMMDD")', "fails error"),
        ('date("260131", "YYMMDD")', "fails error"),
        ('date("260131", "YYMMDD", century: 20)', "2026-01-31"),
        ('date(2026-03-18T22:30:00+00:00, zone: "Asia/Kolkata")', "2026-03-19"),
    ],
    fails=["error"],
    safe=safety.typed("value", _is_moment, safety.constants(zone=safety.any_value)),
    settings=["time_zone"],
)
def to_date(
    value: Any,
    format: str = _ISO,
    zone: str | None = None,
    century: int | None = None,
    *,
    time_zone: str = "UTC",
) -> date:
    if isinstance(value, datetime):
        return in_zone(value, zone or time_zone).date()
    if isinstance(value, date):
        return value
    return formats.read(str(value).strip(), format, century).date()


@function(
    "time",
    [P("value", TEXT), P("format", TEXT, default="HH:mm:ss", constant=True, check=_TIME_PATTERN)],
    TIME,
    "The time of day that a text says.",
    [('time("083000", "HHmmss") = time("08:30:00")', "true"), ('time("2500", "HHmm")', "fails error")],
    fails=["error"],
)
def to_time(value: str, format: str = "HH:mm:ss") -> time:
    return formats.read(value.strip(), format).time()


@function(
    "datetime",
    [
        P("value", TEXT),
        P("format", TEXT, default="", constant=True, check=_INSTANT_PATTERN),
        ZONE,
        AMBIGUOUS,
        _CENTURY,
    ],
    DATETIME,
    "The instant that a text says. Without an offset in the text it is local time of the zone (of the rule set's "
    "zone unless said); a local time that a clock change skips or repeats fails. Without a format: ISO 8601.",
    [
        ('datetime("20260131083000", "YYYYMMDDHHmmss", zone: "Europe/Berlin")', "2026-01-31T08:30:00+01:00"),
        ('datetime("2026-01-31T08:00:00Z")', "2026-01-31T08:00:00+00:00"),
        ('datetime("202603290230", "YYYYMMDDHHmm", zone: "Europe/Berlin")', "fails error"),
        (
            'datetime("202610250230", "YYYYMMDDHHmm", zone: "Europe/Berlin", ambiguous: "later")',
            "2026-10-25T02:30:00+01:00",
        ),
    ],
    fails=["error"],
    settings=["time_zone"],
)
def to_datetime(
    value: str,
    format: str = "",
    zone: str | None = None,
    ambiguous: str = "fail",
    century: int | None = None,
    *,
    time_zone: str = "UTC",
) -> datetime:
    text = value.strip()
    moment = formats.read(text, format, century) if format else _iso(text)
    return moment if moment.tzinfo else zones.localize(moment, zone or time_zone, ambiguous)


_ISO_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII,
)


def _iso(text: str) -> datetime:
    try:
        if len(text) <= 40 and _ISO_INSTANT.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError as error:
        raise FunctionFailure("error", f"{shown(text)} does not exist: {error}", text) from None
    raise FunctionFailure("error", f"{shown(text)} is not written as 2026-01-31T08:00:00+01:00", text)


@function(
    "at",
    [P("date", DATE), P("time", TIME), ZONE, AMBIGUOUS],
    DATETIME,
    "The instant of a local date and time in a zone (of the rule set's zone unless said).",
    [('at(2026-01-31, time("08:30:00"), zone: "Europe/Berlin")', "2026-01-31T08:30:00+01:00")],
    fails=["error"],
    settings=["time_zone"],
)
def at(
    day: date, clock: time, zone: str | None = None, ambiguous: str = "fail", *, time_zone: str = "UTC"
) -> datetime:
    return zones.localize(datetime.combine(day, clock), zone or time_zone, ambiguous)


@function(
    "in_zone",
    [P("value", DATETIME), P("zone", TEXT, check=zones.zone_fault)],
    DATETIME,
    "The same instant, told with the offset of a zone.",
    [('in_zone(2026-01-31T08:00:00+00:00, "Europe/Berlin")', "2026-01-31T09:00:00+01:00")],
    fails=["error"],
    safe=safety.constants(zone=safety.any_value),
)
def in_zone(value: datetime, zone: str) -> datetime:
    try:
        return zones.fixed(value.astimezone(zones.zone(zone)))
    except (OverflowError, ValueError):
        raise FunctionFailure("error", "the instant can't be told in that zone", value) from None


@function(
    "format_date",
    [P("value", _DATE_OR_TIME), P("format", TEXT, constant=True, check=_ANY_PATTERN)],
    TEXT,
    "A date, time or datetime written by a pattern.",
    [
        ('format_date(2026-01-31, "DD.MM.YYYY")', '"31.01.2026"'),
        ('format_date(2026-01-31, "HH")', "fails error"),
    ],
    fails=["error"],
    safe=_fitting_pattern,
)
def format_date(value: date | time | datetime, format: str) -> str:
    return formats.write(value, format)


def _add_type(arguments: Sequence[Argument]) -> types.Type:
    moment, duration = arguments[0], arguments[1]
    unit = duration.value["unit"] if duration.constant else None
    if moment.type == DATE and unit in ("seconds", "minutes", "hours"):
        raise TypeRuleError(f"{unit} can't be added to a date, only days, weeks or business_days")
    return moment.type


@function(
    "add",
    [P("value", _DATE_OR_INSTANT), P("duration", DURATION)],
    _add_type,
    "A date or datetime later by a duration (earlier for a negative one). Business days leave out weekends and "
    "the holidays of the rule set's calendar `default`.",
    [
        ("add(2026-01-31, 1 days)", "2026-02-01"),
        ("add(2026-03-13, 2 business_days)", "2026-03-17"),
        ("add(2026-01-31T08:00:00+01:00, 4 hours)", "2026-01-31T12:00:00+01:00"),
    ],
    fails=["error"],
    safe=safety.constants(duration=safety.any_value),
    result_words="as value",
    settings=["holidays"],
)
def add(value: Any, duration: dict[str, Any], *, holidays: frozenset[str] = frozenset()) -> Any:
    amount, unit = duration["amount"], duration["unit"]
    if unit == "business_days":
        return _add_business_days(value, amount, holidays)
    if not isinstance(value, datetime) and unit not in _DAY_UNITS:
        raise FunctionFailure("error", f"{unit} can't be added to a date", value)
    try:
        return value + timedelta(seconds=amount * UNITS[unit])
    except OverflowError:
        raise FunctionFailure("error", "the date would be out of range", value) from None


def _add_business_days(value: Any, amount: int, holidays: frozenset[str]) -> Any:
    if abs(amount) > 10_000:
        raise FunctionFailure("error", "more than 10000 business days", amount)
    step = timedelta(days=1 if amount > 0 else -1)
    left = abs(amount)
    try:
        while left:
            value = value + step
            if value.weekday() < 5 and value.strftime("%Y-%m-%d") not in holidays:
                left -= 1
    except OverflowError:
        raise FunctionFailure("error", "the date would be out of range", value) from None
    return value


@function(
    "days_between",
    [P("from", DATE), P("to", DATE)],
    INTEGER,
    "How many days the second date is after the first; negative if it is before.",
    [("days_between(2026-01-31, 2026-02-02)", "2"), ("days_between(2026-02-02, 2026-01-31)", "-2")],
)
def days_between(start: date, end: date) -> int:
    return (end - start).days


@function(
    "weekday",
    [P("date", DATE)],
    INTEGER,
    "The day of the week: Monday is 1, Sunday is 7.",
    [("weekday(2026-01-31)", "6")],
)
def weekday(day: date) -> int:
    return day.isoweekday()


def _unit_fault(value: Any) -> str | None:
    known = [*UNITS, "business_days"]
    return None if value in known else f"the unit has to be one of {', '.join(known)}"


@function(
    "duration",
    [P("amount", INTEGER), P("unit", TEXT, constant=True, word=True, check=_unit_fault)],
    DURATION,
    "A duration from a number of seconds, minutes, hours, days, weeks or business_days.",
    [('duration(4, "hours")', "4 hours")],
)
def duration(amount: int, unit: str) -> dict[str, Any]:
    return {"amount": amount, "unit": unit}


@function(
    "epoch",
    [P("milliseconds", INTEGER)],
    DATETIME,
    "The instant so many milliseconds after 1970-01-01 in UTC, as SAP OData and many devices count.",
    [("epoch(1773273600000)", "2026-03-12T00:00:00+00:00"), ("epoch(99999999999999999)", "fails error")],
    fails=["error"],
)
def epoch(milliseconds: int) -> datetime:
    if abs(milliseconds) > 8_640_000_000_000_000:
        raise FunctionFailure("error", "the instant is out of range", milliseconds)
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise FunctionFailure("error", "the instant is out of range", milliseconds) from None
