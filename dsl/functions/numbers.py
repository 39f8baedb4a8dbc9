"""Numbers: exact, never binary floating point, never guessed from a text of unknown notation."""

import decimal
import re
from decimal import Decimal
from typing import Any

from dsl.decimals import CONTEXT, bounded, parse_decimal, plain, shown
from dsl.errors import FunctionFailure
from dsl.functions import kinds, safety
from dsl.functions.declaration import Parameter as P
from dsl.functions.declaration import function
from dsl.types import DECIMAL, INTEGER, PERCENT, TEXT

LOCALES = {
    "plain": ("", "."),
    "en": (",", "."),
    "de": (".", ","),
    "fr": (" ", ","),
    "ch": ("'", "."),
}
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2019": "'"})
_MODES = {
    "half_even": decimal.ROUND_HALF_EVEN,
    "half_up": decimal.ROUND_HALF_UP,
    "half_down": decimal.ROUND_HALF_DOWN,
    "up": decimal.ROUND_CEILING,
    "down": decimal.ROUND_FLOOR,
    "to_zero": decimal.ROUND_DOWN,
    "from_zero": decimal.ROUND_UP,
}


def _one_of(choices: dict[str, Any], what: str) -> Any:
    def fault(value: Any) -> str | None:
        return None if value in choices else f"{what} has to be one of {', '.join(choices)}"

    return fault


LOCALE = P(
    "locale",
    TEXT,
    default="plain",
    named=True,
    constant=True,
    word=True,
    check=_one_of(LOCALES, "the locale"),
)
NUMBER_VALUE = P("value", kinds.NUMBER_OR_TEXT)


@function(
    "decimal",
    [NUMBER_VALUE, LOCALE],
    DECIMAL,
    "The exact number that a text says. Locales: plain 1250.5, en 1,250.5, de 1.250,5, fr 1 250,5, ch 1'250.5; "
    "a minus may stand behind (SAP).",
    [
        ('decimal("12.50")', "12.50"),
        ('decimal("1.250,000", locale: "de")', "1250.000"),
        ('decimal("12.5-")', "-12.5"),
        ('decimal("1.5", locale: "de")', "fails error"),
        ('decimal("1e1500000")', "fails error"),
        ('decimal("")', "fails error"),
    ],
    fails=["error"],
    safe=safety.typed("value", kinds.is_number),
)
def to_decimal(value: Any, locale: str = "plain") -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise FunctionFailure("error", f"{shown(value)} is not a number", value)
    if isinstance(value, int):
        return to_decimal_of_integer(value)
    if isinstance(value, Decimal):
        return bounded(value)
    text = value.translate(_SPACES).strip() if len(value) <= 200 else value
    if text.endswith("-") and not text.startswith(("-", "+")):
        text = "-" + text[:-1].rstrip()
    if locale not in LOCALES:
        raise FunctionFailure("error", f"the locale {shown(locale)} is not known", locale)
    return parse_decimal(_without_grouping(text, value, *LOCALES[locale]))


def to_decimal_of_integer(value: int) -> Decimal:
    """An integer as a decimal, refused where it is absurdly large."""
    if value.bit_length() > 400:
        raise FunctionFailure("error", "the number is too large to be meant")
    return bounded(Decimal(value))


def _without_grouping(text: str, original: str, group: str, point: str) -> str:
    whole, dot, fraction = text.partition(point)
    if group and group in whole:
        grouped = rf"[+-]?[0-9]{{1,3}}({re.escape(group)}[0-9]{{3}})+"
        if not re.fullmatch(grouped, whole, re.ASCII):
            raise FunctionFailure("error", f"{shown(original)} is not grouped as the locale says", original)
        whole = whole.replace(group, "")
    if point == "," and "." in whole + fraction:
        raise FunctionFailure("error", f"{shown(original)} is not a number of this locale", original)
    return f"{whole}.{fraction}" if dot else whole


@function(
    "integer",
    [NUMBER_VALUE, LOCALE],
    INTEGER,
    "The whole number that a text says; a number with a fraction fails instead of being rounded.",
    [('integer("0010")', "10"), ('integer("3.0")', "3"), ('integer("3.5")', "fails error")],
    fails=["error"],
    safe=safety.typed("value", lambda of: of == INTEGER),
)
def to_integer(value: Any, locale: str = "plain") -> int:
    number = to_decimal(value, locale)
    if number != number.to_integral_value():
        raise FunctionFailure("error", f"{shown(value)} is not a whole number", value)
    return int(number)


@function(
    "percent",
    [P("value", TEXT)],
    PERCENT,
    'A text of hundredths as a percentage: "5" and "5%" are 5%. For a part of a whole, see ratio.',
    [('percent("5%")', "5%"), ('percent("2.5")', "2.5%"), ('percent("five")', "fails error")],
    fails=["error"],
)
def percent(value: str) -> Decimal:
    return CONTEXT.divide(to_decimal(value.strip().removesuffix("%").rstrip()), Decimal(100))


@function(
    "ratio",
    [P("part", kinds.NUMBER), P("whole", kinds.NUMBER)],
    PERCENT,
    "The part of a whole as a percentage.",
    [("ratio(7, 50)", "14%"), ("ratio(1, 0)", "fails error")],
    fails=["error"],
    safe=safety.constants(whole=safety.not_zero),
)
def ratio(part: Any, whole: Any) -> Decimal:
    if whole == 0:
        raise FunctionFailure("error", "division by zero", whole)
    return CONTEXT.divide(Decimal(part), Decimal(whole))


@function(
    "format_percent",
    [P("value", PERCENT), P("digits", INTEGER, default=1)],
    TEXT,
    "A percentage as text, rounded to so many digits.",
    [("format_percent(14%)", '"14.0%"'), ("format_percent(2.25%, 1)", '"2.2%"')],
    fails=["error"],
    safe=safety.constants(digits=safety.small),
)
def format_percent(value: Decimal, digits: int = 1) -> str:
    return plain(rounded(CONTEXT.multiply(value, Decimal(100)), digits)) + "%"


def rounded(number: Decimal, digits: int, mode: str = "half_even") -> Decimal:
    """A number with so many digits after the point; raises FunctionFailure."""
    if not -30 <= digits <= 30:
        raise FunctionFailure("error", "the number of digits has to be between -30 and 30", digits)
    try:
        result = number.quantize(Decimal(1).scaleb(-digits), rounding=_MODES[mode], context=CONTEXT)
    except (decimal.InvalidOperation, KeyError):
        raise FunctionFailure("error", f"the number can't be rounded to {digits} digits", number) from None
    return result if digits >= 0 else Decimal(int(result))


def apply_to_amount(value: Any, change: Any) -> Any:
    """A change of the number inside a number, quantity or money."""
    if isinstance(value, dict):
        return {**value, "value": change(value["value"])}
    return change(value)


@function(
    "round",
    [
        P("value", kinds.AMOUNT),
        P("digits", INTEGER, default=0),
        P("mode", TEXT, default="half_even", constant=True, word=True, check=_one_of(_MODES, "the mode")),
    ],
    kinds.same_as_first,
    "The number with so many digits behind the point. Modes: half_even, half_up, half_down, up, down, to_zero, "
    "from_zero.",
    [("round(33.335, 2)", "33.34"), ("round(2.5)", "2"), ('round(2.5, 0, "half_up")', "3")],
    fails=["error"],
    safe=safety.constants(digits=safety.small),
    result_words="as value",
)
def round_value(value: Any, digits: int = 0, mode: str = "half_even") -> Any:
    if isinstance(value, int) and digits >= 0:
        return value
    if isinstance(value, int):
        return int(rounded(Decimal(value), digits, mode))
    return apply_to_amount(value, lambda number: rounded(number, digits, mode))


@function(
    "abs",
    [P("value", kinds.AMOUNT)],
    kinds.same_as_first,
    "The value without its sign.",
    [("abs(-3.5)", "3.5"), ("abs(2)", "2")],
    result_words="as value",
)
def absolute(value: Any) -> Any:
    return apply_to_amount(value, abs)


@function(
    "floor",
    [P("value", DECIMAL)],
    INTEGER,
    "The next whole number below.",
    [("floor(2.9)", "2"), ("floor(-2.1)", "-3")],
)
def floor(value: Any) -> int:
    return int(Decimal(value).to_integral_value(decimal.ROUND_FLOOR))


@function(
    "ceiling",
    [P("value", DECIMAL)],
    INTEGER,
    "The next whole number above.",
    [("ceiling(2.1)", "3"), ("ceiling(-2.9)", "-2")],
)
def ceiling(value: Any) -> int:
    return int(Decimal(value).to_integral_value(decimal.ROUND_CEILING))


@function(
    "remainder",
    [P("value", INTEGER), P("divisor", INTEGER)],
    INTEGER,
    "What a whole division leaves over; it has the sign of the divisor.",
    [("remainder(17, 5)", "2"), ("remainder(1, 0)", "fails error")],
    fails=["error"],
    safe=safety.constants(divisor=safety.not_zero),
)
def remainder(value: int, divisor: int) -> int:
    if divisor == 0:
        raise FunctionFailure("error", "division by zero", value)
    return value % divisor


@function(
    "implied",
    [P("value", TEXT), P("digits", INTEGER)],
    DECIMAL,
    "A number whose decimal point is not written (X12 type N2, fixed-width files).",
    [('implied("12550", 2)', "125.50"), ('implied("-5", 2)', "-0.05"), ('implied("1.5", 2)', "fails error")],
    fails=["error"],
)
def implied(value: str, digits: int) -> Decimal:
    if not 0 <= digits <= 30:
        raise FunctionFailure("error", "the number of digits has to be between 0 and 30", digits)
    text = value.strip()
    if "." in text or "e" in text.lower():
        raise FunctionFailure("error", f"{shown(value)} already has a decimal point", value)
    return parse_decimal(text).scaleb(-digits, CONTEXT)
