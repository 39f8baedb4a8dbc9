"""Number lines: where the values of an ordered type lie, and what lies between two of them.

A place is something Python orders: an int for whole numbers, days and moments, a Decimal for numbers, a
text for texts. `between` names a place strictly between two others (None is an open end), the one a person
would name, or None where there is none: there is no whole number between 5 and 6.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

from dsl import types
from dsl.analysis.values import SECONDS, NotAnalysed, duration_place, literal
from dsl.decimals import DIGITS

_EXACT = Context(prec=300)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400_000_000
_ROUND_TIMES = (3_600_000_000, 60_000_000, 1_000_000, 1)


@dataclass(frozen=True, slots=True)
class Scale:
    """One ordered type: from a constant to (track, place), what lies between places, and back to text.

    Most types have one track; amounts have one a unit or currency, for only equal units can be put in order.
    """

    place: Callable[[Any], tuple[str, Any]]
    between: Callable[[Any, Any], Any]
    text: Callable[[str, Any], str]
    tracks: tuple[str, ...] = ("",)
    is_open: bool = False


def scale_of(of: types.Type) -> Scale | None:
    """The number line of a type; None where its values have no order."""
    match of:
        case types.Scalar("integer"):
            return Scale(lambda v: ("", v), _whole_between, lambda _, p: str(p))
        case types.Scalar("decimal" | "percent"):
            exponent = -2 if of == types.PERCENT else 0
            return Scale(
                lambda v: ("", Decimal(v)),
                lambda low, high: number_between(low, high, exponent),
                lambda _, p: literal(p, of),
            )
        case types.Scalar("text"):
            return Scale(lambda v: ("", v), text_between, lambda _, p: literal(p, of))
        case types.Scalar("date" | "time" | "datetime"):
            return _SCALES[of.name]
        case types.Scalar("duration"):
            return Scale(duration_place, _whole_between, _duration_text, ("", "business_days"), is_open=True)
        case types.Quantity(unit):
            return _amounts(unit, "unit")
        case types.Money(currency):
            return _amounts(currency, "currency")
    return None


def _amounts(known: str | None, tag: str) -> Scale:
    return Scale(
        lambda v: (v[tag], v["value"]),
        lambda low, high: number_between(low, high, 0),
        lambda track, p: literal({"value": p, tag: track}, types.ANYTHING),
        () if known is None else (known,),
        is_open=known is None,
    )


def _whole_between(low: int | None, high: int | None) -> int | None:
    if low is None:
        return 0 if high is None else high - 1
    if high is None:
        return low + 1
    return low + 1 if high - low > 1 else None


def number_between(low: Decimal | None, high: Decimal | None, exponent: int) -> Decimal | None:
    """The number with the fewest digits, of steps of 10**exponent or finer, that lies between."""
    if low is None or high is None:
        known = low if low is not None else high
        unit = Decimal(1).scaleb(exponent)
        if known is None:
            return Decimal(0)
        if low is not None:
            return _EXACT.add(known.quantize(unit, ROUND_FLOOR, _EXACT), unit)
        return _EXACT.subtract(known.quantize(unit, ROUND_CEILING, _EXACT), unit)
    while exponent > -100:
        unit = Decimal(1).scaleb(exponent)
        found = _EXACT.add(low.quantize(unit, ROUND_FLOOR, _EXACT), unit)
        if found < high:
            return found if len(found.as_tuple().digits) <= DIGITS else None
        exponent -= 1
    return None


def text_between(low: str | None, high: str | None) -> str | None:
    """A text between two by code points; after `low` comes low + NUL at once."""
    if low is None and high is None:
        return "A"
    start = low or ""
    tries = [*"AMaz059", *(start + char for char in "A0 !"), start + "\0"]
    if low is None:
        tries.append("")
    return next((t for t in tries if (low is None or t > low) and (high is None or t < high)), None)


def _moment_between(low: int | None, high: int | None) -> int | None:
    """The roundest microsecond between two."""
    if low is None or high is None:
        return _whole_between(low, high)
    for step in _ROUND_TIMES:
        found = (low // step + 1) * step
        if found < high:
            return found
    return None


def _day_between(low: int | None, high: int | None) -> int | None:
    found = _whole_between(0 if low is None else low, date.max.toordinal() + 1 if high is None else high)
    return high - 1 if low is None and high is not None and high > 1 else found


def _time_between(low: int | None, high: int | None) -> int | None:
    return _moment_between(-1 if low is None else low, _DAY if high is None else high)


def _datetime_between(low: int | None, high: int | None) -> int | None:
    if low is None or high is None:
        far = _DAY if low is not None else -_DAY
        known = low if low is not None else high
        return 0 if known is None else known + far
    return _moment_between(low, high)


def _time_place(value: Any) -> tuple[str, int]:
    if not isinstance(value, time) or value.tzinfo is not None:
        raise NotAnalysed
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return "", seconds * 1_000_000 + value.microsecond


def _time_text(_: str, place: int) -> str:
    return literal((datetime.min + timedelta(microseconds=place)).time(), types.TIME)


def _date_place(value: Any) -> tuple[str, int]:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise NotAnalysed
    return "", value.toordinal()


def _datetime_place(value: Any) -> tuple[str, int]:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise NotAnalysed
    return "", (value - _EPOCH) // _MICROSECOND


def _datetime_text(_: str, place: int) -> str:
    try:
        return (_EPOCH + timedelta(microseconds=place)).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return "another moment"


def _duration_text(track: str, place: int) -> str:
    if track:
        return f"{place} {track}"
    unit = next(u for u in ("days", "hours", "minutes", "seconds") if place % SECONDS[u] == 0)
    return f"{place // SECONDS[unit]} {unit}"


_SCALES = {
    "date": Scale(_date_place, _day_between, lambda _, p: date.fromordinal(p).isoformat()),
    "time": Scale(_time_place, _time_between, _time_text),
    "datetime": Scale(_datetime_place, _datetime_between, _datetime_text),
}
