"""Exact numbers: 34 digits, half-even, and a bound on magnitude so that no number can exhaust a worker."""

import re
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

from dsl.errors import FunctionFailure

DIGITS = 34
MAGNITUDE = 100
CONTEXT = Context(
    prec=DIGITS,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
_PLAIN = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,9})?", re.ASCII)


def parse_decimal(text: str) -> Decimal:
    """An exact decimal of plain notation (`-12.50`, `1e3`); anything else fails as `error`."""
    if len(text) > 200 or not _PLAIN.fullmatch(text):
        raise FunctionFailure("error", f"{shown(text)} is not a number", text)
    return bounded(Decimal(text))


def bounded(number: Decimal) -> Decimal:
    """The number itself, if it is finite, exact in 34 digits and not absurdly large or small."""
    if not number.is_finite():
        raise FunctionFailure("error", f"{number} is not a number", number)
    if number and abs(number.adjusted()) > MAGNITUDE:
        raise FunctionFailure("error", "the number is too large or too small to be meant", str(number))
    if number and len(number.as_tuple().digits) > DIGITS:
        if len(number.normalize(Context(prec=200)).as_tuple().digits) > DIGITS:
            raise FunctionFailure("error", f"the number has more than {DIGITS} digits", str(number))
    return number


def plain(number: Decimal) -> str:
    """The number without exponent, as people write it."""
    return format(number, "f")


def shown(value: object) -> str:
    """A value in quotes, shortened, for a message."""
    text = str(value)
    return f'"{text[:57]}..."' if len(text) > 60 else f'"{text}"'
