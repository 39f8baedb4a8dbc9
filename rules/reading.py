"""One wire value -> one value of the language; what can't be read raises Unreadable."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeVar

from dsl import types
from dsl.decimals import DIGITS, bounded, parse_decimal
from dsl.errors import FunctionFailure

_INTEGER = re.compile(r"[+-]?[0-9]{1,34}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?", re.ASCII)
_DURATION = re.compile(r"(\d{1,9}) (second|minute|hour|day|week|business_day)s?", re.ASCII)
_ISO_DURATION = re.compile(r"P(?:(\d{1,9})([DW])|T(\d{1,9})([HMS]))", re.ASCII)
_ISO_UNITS = {"D": "days", "W": "weeks", "H": "hours", "M": "minutes", "S": "seconds"}
_UNITS = frozenset({"seconds", "minutes", "hours", "days", "weeks", "business_days"})
_LARGEST = 10**DIGITS
Moment = TypeVar("Moment")


class Unreadable(Exception):
    """The wire value is not one of the type; the message says what was expected."""


def read_scalar(of: types.Type, wire: str, value: Any) -> Any:
    """The value of the language that a present wire value stands for; raises Unreadable."""
    match of:
        case types.Scalar(name=name):
            return READERS[name](value)
        case types.Enum(values=values):
            if isinstance(value, str) and value in values:
                return value
            raise Unreadable(f"expected one of {', '.join(values[:12])}")
        case types.Quantity(unit=unit):
            return _amount(value, unit, "unit", ("uom", "unit"))
        case types.Money(currency=currency):
            return _amount(value, currency, "currency", ("currency",))
        case _:
            return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise Unreadable("expected text")


def _integer(value: Any) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    number = _whole(value)
    if number is None or abs(number) >= _LARGEST:
        raise Unreadable("expected a whole number")
    return number


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal | float):
        exact = _decimal(value)
        return int(exact) if exact == exact.to_integral_value() and exact.adjusted() < DIGITS else None
    return None


def _decimal(value: Any) -> Decimal:
    try:
        if isinstance(value, Decimal):
            return bounded(value)
        if isinstance(value, str):
            return parse_decimal(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST:
            return Decimal(value)
        if isinstance(value, float):
            return bounded(Decimal(repr(value)))
    except FunctionFailure as failure:
        raise Unreadable(f"expected a number: {failure.message}") from None
    raise Unreadable("expected a number")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise Unreadable("expected true or false")


def _date(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        return _calendar(date.fromisoformat, value, "expected a date such as 2026-01-31")
    raise Unreadable("expected a date such as 2026-01-31")


def _time(value: Any) -> time:
    if isinstance(value, time):
        return value
    if isinstance(value, str) and _TIME.fullmatch(value):
        return _calendar(time.fromisoformat, value, "expected a time such as 08:30:00")
    raise Unreadable("expected a time such as 08:30:00")


def _datetime(value: Any) -> datetime:
    wanted = "expected a date and time with an offset such as 2026-01-31T08:00:00+01:00"
    moment = value
    if isinstance(value, str) and len(value) <= 40 and value[10:11] in ("T", "t", " "):
        moment = _calendar(datetime.fromisoformat, value, wanted)
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment
    raise Unreadable(wanted)


def _calendar(parse: Callable[[str], Moment], value: str, wanted: str) -> Moment:
    try:
        return parse(value)
    except ValueError:
        raise Unreadable(wanted) from None


def _duration(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        amount, unit = value.get("amount"), value.get("unit")
        if isinstance(amount, int) and not isinstance(amount, bool) and unit in _UNITS:
            return {"amount": amount, "unit": unit}
    if isinstance(value, str):
        if plain := _DURATION.fullmatch(value):
            return {"amount": int(plain[1]), "unit": plain[2] + "s"}
        if iso := _ISO_DURATION.fullmatch(value):
            return {"amount": int(iso[1] or iso[3]), "unit": _ISO_UNITS[iso[2] or iso[4]]}
    raise Unreadable("expected a duration such as 15 minutes")


def _amount(value: Any, fixed: str | None, name: str, spellings: tuple[str, ...]) -> dict[str, Any]:
    if isinstance(value, Mapping):
        found = next((value[s] for s in spellings if value.get(s) is not None), fixed)
        number = value.get("value")
    else:
        found, number = fixed, value
    if number is None or not isinstance(found, str) or not found:
        raise Unreadable(f"expected a value with its {name}")
    if fixed is not None and found != fixed:
        raise Unreadable(f"expected {fixed}, not {found}")
    return {"value": _decimal(number), name: found}


READERS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "integer": _integer,
    "decimal": _decimal,
    "percent": _decimal,
    "boolean": _boolean,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "duration": _duration,
}
