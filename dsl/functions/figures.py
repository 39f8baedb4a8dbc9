"""Figures: powers, signs, limits, and numbers written for people or for SAP."""

from decimal import Decimal, DecimalException
from typing import Any

from dsl.decimals import CONTEXT, bounded, plain, shown
from dsl.errors import FunctionFailure
from dsl.functions import kinds, safety
from dsl.functions.declaration import Parameter as P
from dsl.functions.declaration import function
from dsl.functions.numbers import LOCALE, LOCALES, rounded, to_decimal
from dsl.types import BOOLEAN, DECIMAL, INTEGER, TEXT

VALUE = P("value", DECIMAL)
DIGITS = P("digits", INTEGER, default=2)
HIGHEST_POWER = 100


@function(
    "sign",
    [VALUE],
    INTEGER,
    "1 above zero, -1 below zero, 0 for zero.",
    [("sign(-3.5)", "-1"), ("sign(0)", "0")],
)
def sign(value: Any) -> int:
    return int(value > 0) - int(value < 0)


@function(
    "power",
    [VALUE, P("exponent", INTEGER)],
    DECIMAL,
    f"The number multiplied by itself so many times; exponents from -{HIGHEST_POWER} to {HIGHEST_POWER}.",
    [
        ("power(2, 3)", "8"),
        ("power(1.1, 2)", "1.21"),
        ("power(2, 101)", "fails error"),
        ("power(0, -1)", "fails error"),
    ],
    fails=["error"],
    safe=safety.constants(value=lambda v: abs(v) <= 1_000 and v != 0, exponent=lambda n: 0 <= n <= 20),
)
def power(value: Any, exponent: int) -> Decimal:
    if abs(exponent) > HIGHEST_POWER:
        raise FunctionFailure(
            "error", f"the exponent has to be between -{HIGHEST_POWER} and {HIGHEST_POWER}", exponent
        )
    try:
        return bounded(CONTEXT.power(bounded(Decimal(value)), exponent))
    except DecimalException:
        raise FunctionFailure("error", "the power can't be made", exponent) from None


@function(
    "quotient",
    [P("value", INTEGER), P("divisor", INTEGER)],
    INTEGER,
    "The whole part of a division, downwards: value = quotient * divisor + remainder.",
    [("quotient(17, 5)", "3"), ("quotient(-17, 5)", "-4"), ("quotient(1, 0)", "fails error")],
    fails=["error"],
    safe=safety.constants(divisor=safety.not_zero),
)
def quotient(value: int, divisor: int) -> int:
    if divisor == 0:
        raise FunctionFailure("error", "division by zero", value)
    return value // divisor


@function(
    "clamp",
    [VALUE, P("low", DECIMAL), P("high", DECIMAL)],
    DECIMAL,
    "The number, but not below low and not above high.",
    [("clamp(12, 0, 10)", "10"), ("clamp(-1, 0, 10)", "0"), ("clamp(5, 0, 10)", "5")],
)
def clamp(value: Any, low: Any, high: Any) -> Any:
    return max(low, min(value, high))


@function(
    "is_number",
    [P("value", TEXT), LOCALE],
    BOOLEAN,
    "Whether `decimal` can read the text in this locale.",
    [
        ('is_number("12.50")', "true"),
        ('is_number("1.250,0", locale: "de")', "true"),
        ('is_number("12a")', "false"),
    ],
)
def is_number(value: str, locale: str = "plain") -> bool:
    try:
        to_decimal(value, locale)
    except FunctionFailure:
        return False
    return True


@function(
    "format_number",
    [VALUE, DIGITS, LOCALE],
    TEXT,
    "A number as text with so many digits behind the point (half to even), grouped as the locale says.",
    [
        ('format_number(1250.5, 2, locale: "de")', '"1.250,50"'),
        ('format_number(1250.5, 0, locale: "en")', '"1,250"'),
        ("format_number(-0.5, 1)", '"-0.5"'),
    ],
    fails=["error"],
    safe=safety.typed("value", lambda of: of == INTEGER, safety.constants(digits=lambda n: 0 <= n <= 10)),
)
def format_number(value: Any, digits: int = 2, locale: str = "plain") -> str:
    if digits < 0:
        raise FunctionFailure("error", "the number of digits can't be negative", digits)
    if locale not in LOCALES:
        raise FunctionFailure("error", f"the locale {shown(locale)} is not known", locale)
    group, point = LOCALES[locale]
    whole, _, fraction = plain(rounded(Decimal(value), digits)).partition(".")
    minus, bare = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    if group:
        bare = f"{int(bare):,}".replace(",", group)
    return minus + bare + (point + fraction if fraction else "")


@function(
    "sap_sign",
    [VALUE],
    TEXT,
    "A number as SAP IDocs write it: the minus stands behind.",
    [("sap_sign(-12.5)", '"12.5-"'), ("sap_sign(3)", '"3"')],
)
def sap_sign(value: Any) -> str:
    text = plain(Decimal(value))
    return text[1:] + "-" if text.startswith("-") else text


@function(
    "implied_text",
    [VALUE, P("digits", INTEGER)],
    TEXT,
    "A number without its decimal point, as X12 type N and fixed-width files write it; further digits fail.",
    [
        ("implied_text(125.50, 2)", '"12550"'),
        ("implied_text(-0.05, 2)", '"-5"'),
        ("implied_text(1.005, 2)", "fails error"),
    ],
    fails=["error"],
)
def implied_text(value: Any, digits: int) -> str:
    if not 0 <= digits <= 30:
        raise FunctionFailure("error", "the number of digits has to be between 0 and 30", digits)
    scaled = Decimal(value).scaleb(digits, CONTEXT)
    if scaled != scaled.to_integral_value():
        raise FunctionFailure(
            "error", f"{shown(value)} has more than {digits} digits behind the point", value
        )
    return str(int(scaled))


@function(
    "in_tolerance",
    [VALUE, P("expected", DECIMAL), P("tolerance", kinds.NUMBER)],
    BOOLEAN,
    "Whether a number differs from the expected one by no more than a part of it: 10% of 100 is from 90 to 110.",
    [("in_tolerance(110, 100, 10%)", "true"), ("in_tolerance(111, 100, 10%)", "false")],
)
def in_tolerance(value: Any, expected: Any, tolerance: Any) -> bool:
    difference = abs(CONTEXT.subtract(Decimal(value), Decimal(expected)))
    return difference <= abs(CONTEXT.multiply(Decimal(expected), Decimal(tolerance)))
