"""The calendar: parts of a date, beginnings and ends, business days, and how SAP and EDIFACT write moments."""

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from dsl.decimals import shown
from dsl.errors import FunctionFailure
from dsl.functions import formats
from dsl.functions.declaration import Parameter as P
from dsl.functions.declaration import function
from dsl.types import BOOLEAN, DATE, DATETIME, INTEGER, TEXT, TIME, Maybe

DAY = P("date", DATE)
CALENDAR = P("calendar", TEXT, default="default")
_ODATA = re.compile(r"/Date\((-?[0-9]{1,15})([+-][0-9]{4})?\)/", re.ASCII)
_CLOCK = re.compile(r"PT(?:([0-9]{1,2})H)?(?:([0-9]{1,2})M)?(?:([0-9]{1,2})S)?", re.ASCII)
_EDIFACT_DATES = {"101": "YYMMDD", "102": "YYYYMMDD", "203": "YYYYMMDDHHmm", "204": "YYYYMMDDHHmmss"}
_NO_DATES = frozenset(("", "00000000", "0000-00-00", "00.00.0000", "0"))
_MOST_DAYS = 10_000


@function("year", [DAY], INTEGER, "The year of a date.", [("year(2026-01-31)", "2026")])
def year(day: date) -> int:
    return day.year


@function("month", [DAY], INTEGER, "The month of a date: January is 1.", [("month(2026-01-31)", "1")])
def month(day: date) -> int:
    return day.month


@function("day", [DAY], INTEGER, "The day of the month of a date.", [("day(2026-01-31)", "31")])
def day_of(day: date) -> int:
    return day.day


@function(
    "quarter", [DAY], INTEGER, "The quarter of the year of a date, 1 to 4.", [("quarter(2026-05-01)", "2")]
)
def quarter(day: date) -> int:
    return (day.month + 2) // 3


@function(
    "week",
    [DAY],
    INTEGER,
    "The week of the year by ISO 8601: week 1 has the first Thursday.",
    [("week(2026-01-31)", "5"), ("week(2027-01-01)", "53")],
)
def week(day: date) -> int:
    return day.isocalendar().week


@function(
    "week_year",
    [DAY],
    INTEGER,
    "The year that the ISO 8601 week of a date belongs to.",
    [("week_year(2027-01-01)", "2026")],
)
def week_year(day: date) -> int:
    return day.isocalendar().year


@function(
    "start_of_month",
    [DAY],
    DATE,
    "The first day of the month.",
    [("start_of_month(2026-01-31)", "2026-01-01")],
)
def start_of_month(day: date) -> date:
    return day.replace(day=1)


@function(
    "end_of_month", [DAY], DATE, "The last day of the month.", [("end_of_month(2028-02-03)", "2028-02-29")]
)
def end_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


@function(
    "start_of_week",
    [DAY],
    DATE,
    "The Monday of the week.",
    [("start_of_week(2026-01-31)", "2026-01-26")],
    fails=["error"],
)
def start_of_week(day: date) -> date:
    return _moved(day, -day.weekday())


def _moved(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise FunctionFailure("error", "the date would be out of range", day) from None


@function(
    "add_months",
    [DAY, P("months", INTEGER)],
    DATE,
    "The same day so many months later; a day that the month does not have becomes its last one.",
    [
        ("add_months(2026-01-31, 1)", "2026-02-28"),
        ("add_months(2026-01-31, -2)", "2025-11-30"),
        ("add_months(2026-01-31, 999999)", "fails error"),
    ],
    fails=["error"],
)
def add_months(day: date, months: int) -> date:
    years, index = divmod(day.month - 1 + months, 12) if abs(months) < 200_000 else (10_000, 0)
    if not 1 <= day.year + years <= 9999:
        raise FunctionFailure("error", "the date would be out of range", day)
    return date(day.year + years, index + 1, min(day.day, monthrange(day.year + years, index + 1)[1]))


@function(
    "is_before",
    [DAY, P("other", DATE)],
    BOOLEAN,
    "Whether the date is before the other one.",
    [("is_before(2026-01-30, 2026-01-31)", "true"), ("is_before(2026-01-31, 2026-01-31)", "false")],
)
def is_before(day: date, other: date) -> bool:
    return day < other


def _holidays(name: str, calendars: Mapping[str, Any]) -> frozenset[str]:
    if name in calendars:
        return frozenset(calendars[name])
    if name == "default":
        return frozenset()
    raise FunctionFailure("error", f"the rule set has no calendar {shown(name)}", name)


def _works(day: date, holidays: frozenset[str]) -> bool:
    return day.weekday() < 5 and day.isoformat() not in holidays


@function(
    "is_business_day",
    [DAY, CALENDAR],
    BOOLEAN,
    "Whether people work on that day: no weekend and no holiday of a calendar of the rule set.",
    [
        ("is_business_day(2026-01-30)", "true"),
        ("is_business_day(2026-01-31)", "false"),
        ('is_business_day(2026-01-30, "moon")', "fails error"),
    ],
    fails=["error"],
    settings=["calendars"],
)
def is_business_day(day: date, calendar: str = "default", *, calendars: Mapping[str, Any] = {}) -> bool:
    return _works(day, _holidays(calendar, calendars))


@function(
    "add_business_days",
    [DAY, P("days", INTEGER), CALENDAR],
    DATE,
    "The date so many business days later (earlier for a negative number) by a calendar of the rule set.",
    [
        ("add_business_days(2026-03-13, 2)", "2026-03-17"),
        ("add_business_days(2026-03-16, -1)", "2026-03-13"),
        ("add_business_days(2026-03-16, 999999)", "fails error"),
    ],
    fails=["error"],
    settings=["calendars"],
)
def add_business_days(
    day: date, days: int, calendar: str = "default", *, calendars: Mapping[str, Any] = {}
) -> date:
    if abs(days) > _MOST_DAYS:
        raise FunctionFailure("error", f"more than {_MOST_DAYS} business days", days)
    holidays, left, step = _holidays(calendar, calendars), abs(days), 1 if days > 0 else -1
    while left:
        day = _moved(day, step)
        left -= _works(day, holidays)
    return day


@function(
    "business_days_between",
    [P("from", DATE), P("to", DATE), CALENDAR],
    INTEGER,
    "How many business days lie after the first date up to the second; negative if it is before.",
    [
        ("business_days_between(2026-03-13, 2026-03-17)", "2"),
        ("business_days_between(2026-03-17, 2026-03-13)", "-2"),
    ],
    fails=["error"],
    settings=["calendars"],
)
def business_days_between(
    start: date, end: date, calendar: str = "default", *, calendars: Mapping[str, Any] = {}
) -> int:
    holidays, (low, high) = _holidays(calendar, calendars), sorted((start, end))
    if (high - low).days > 2 * _MOST_DAYS:
        raise FunctionFailure("error", f"the dates are more than {2 * _MOST_DAYS} days apart", end)
    days = sum(_works(low + timedelta(days=n), holidays) for n in range(1, (high - low).days + 1))
    return (
        days
        if start <= end
        else -sum(_works(low + timedelta(days=n), holidays) for n in range((high - low).days))
    )


@function(
    "edifact_date",
    [P("value", TEXT), P("format", TEXT)],
    DATE,
    "The date of an EDIFACT DTM by its format code: 102, 203, 204, or 616 for a week (its Monday).",
    [
        ('edifact_date("20260413", "102")', "2026-04-13"),
        ('edifact_date("202604130830", "203")', "2026-04-13"),
        ('edifact_date("202616", "616")', "2026-04-13"),
        ('edifact_date("202660", "616")', "fails error"),
        ('edifact_date("260413", "999")', "fails error"),
    ],
    fails=["error"],
)
def edifact_date(value: str, code: str) -> date:
    text = value.strip()
    if code == "616" and len(text) == 6 and text.isascii() and text.isdigit():
        try:
            return date.fromisocalendar(int(text[:4]), int(text[4:]), 1)
        except ValueError:
            raise FunctionFailure("error", f"{shown(value)} is no week", value) from None
    if code not in _EDIFACT_DATES or code == "101":
        raise FunctionFailure(
            "error", f"{shown(value)} can't be read by the EDIFACT format {shown(code)}", value
        )
    return formats.read(text, _EDIFACT_DATES[code]).date()


@function(
    "edifact_text",
    [DAY, P("format", TEXT)],
    TEXT,
    "A date as an EDIFACT DTM writes it by its format code: 101, 102 or 616.",
    [
        ('edifact_text(2026-04-13, "102")', '"20260413"'),
        ('edifact_text(2026-04-13, "616")', '"202616"'),
        ('edifact_text(2026-04-13, "203")', "fails error"),
    ],
    fails=["error"],
)
def edifact_text(day: date, code: str) -> str:
    if code == "616":
        return f"{day.isocalendar().year:04}{day.isocalendar().week:02}"
    if code not in ("101", "102"):
        raise FunctionFailure("error", f"a date can't be written by the EDIFACT format {shown(code)}", code)
    return formats.write(day, _EDIFACT_DATES[code])


@function(
    "odata_datetime",
    [P("value", TEXT)],
    DATETIME,
    "The instant that SAP OData writes as /Date(milliseconds)/.",
    [
        ('odata_datetime("/Date(1773273600000)/")', "2026-03-12T00:00:00+00:00"),
        ('odata_datetime("1773273600000")', "fails error"),
    ],
    fails=["error"],
)
def odata_datetime(value: str) -> datetime:
    found = _ODATA.fullmatch(value.strip())
    try:
        if found is not None:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(found[1]))
    except OverflowError:
        pass
    raise FunctionFailure("error", f"{shown(value)} is not written as /Date(1773273600000)/", value)


@function(
    "odata_text",
    [P("value", DATETIME)],
    TEXT,
    "An instant as SAP OData writes it.",
    [("odata_text(2026-03-12T00:00:00+00:00)", '"/Date(1773273600000)/"')],
)
def odata_text(value: datetime) -> str:
    since = value - datetime(1970, 1, 1, tzinfo=UTC)
    return f"/Date({since // timedelta(milliseconds=1)})/"


@function(
    "odata_time",
    [P("value", TEXT)],
    TIME,
    "The time of day that SAP OData writes as PT12H32M29S.",
    [
        ('odata_time("PT12H32M29S") = time("12:32:29")', "true"),
        ('odata_time("PT25H")', "fails error"),
        ('odata_time("PT")', "fails error"),
    ],
    fails=["error"],
)
def odata_time(value: str) -> time:
    found = _CLOCK.fullmatch(value.strip())
    if found is None or not any(found.groups()):
        raise FunctionFailure("error", f"{shown(value)} is not written as PT12H32M29S", value)
    try:
        hour, minute, second = (int(part or 0) for part in found.groups())
        return time(hour, minute, second)
    except ValueError:
        raise FunctionFailure("error", f"{shown(value)} is no time of day", value) from None


@function(
    "sap_date",
    [P("value", TEXT)],
    Maybe(DATE),
    "The date of SAP's YYYYMMDD; 00000000, empty and the far ends 20491231 and 99991231 are missing.",
    [
        ('sap_date("20260131")', "2026-01-31"),
        ('sap_date("00000000")', "missing"),
        ('sap_date("99991231")', "missing"),
        ('sap_date("20261301")', "fails error"),
    ],
    fails=["error"],
)
def sap_date(value: str) -> date | None:
    text = value.strip()
    return (
        None
        if text in _NO_DATES or text in ("20491231", "99991231")
        else formats.read(text, "YYYYMMDD").date()
    )
