"""Checks of keys: card and account numbers, trade items, and their digits."""

import re

from dsl.decimals import shown
from dsl.errors import FunctionFailure
from dsl.functions.codes import check_digit, gs1_valid
from dsl.functions.declaration import Parameter as P
from dsl.functions.declaration import function
from dsl.types import BOOLEAN, TEXT

VALUE = P("value", TEXT)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}", re.ASCII)
_DIGITS = re.compile(r"[0-9]{2,100}", re.ASCII)


@function(
    "luhn_valid",
    [VALUE],
    BOOLEAN,
    "Whether the last digit of a number is its Luhn check digit (cards, IMEI).",
    [
        ('luhn_valid("79927398713")', "true"),
        ('luhn_valid("79927398710")', "false"),
        ('luhn_valid("A")', "false"),
    ],
)
def luhn_valid(value: str) -> bool:
    digits = value.strip()
    if not _DIGITS.fullmatch(digits):
        return False
    doubled = (int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


@function(
    "iban_valid",
    [VALUE],
    BOOLEAN,
    "Whether a text is written as an IBAN and its check digits are right; spaces do not count.",
    [
        ('iban_valid("DE89 3704 0044 0532 0130 00")', "true"),
        ('iban_valid("DE88370400440532013000")', "false"),
    ],
)
def iban_valid(value: str) -> bool:
    text = "".join(value.split()) if len(value) <= 60 else ""
    if not _IBAN.fullmatch(text):
        return False
    return int("".join(str(int(char, 36)) for char in text[4:] + text[:4])) % 97 == 1


@function(
    "gtin",
    [VALUE],
    TEXT,
    "The 14 digits of a trade item number (GTIN-8, -12, -13 or -14); a wrong check digit fails.",
    [
        ('gtin("4006381333931")', '"04006381333931"'),
        ('gtin("4006381333930")', "fails error"),
        ('gtin("123")', "fails error"),
    ],
    fails=["error"],
)
def gtin(value: str) -> str:
    digits = value.strip()
    if len(digits) not in (8, 12, 13, 14) or not gs1_valid(digits):
        raise FunctionFailure("error", f"{shown(value)} is no GTIN", value)
    return digits.rjust(14, "0")


@function(
    "gln_valid",
    [VALUE],
    BOOLEAN,
    "Whether a text is a global location number: 13 digits with the right check digit.",
    [('gln_valid("4012345000009")', "true"), ('gln_valid("4012345000008")', "false")],
)
def gln_valid(value: str) -> bool:
    digits = value.strip()
    return (
        len(digits) == 13 and _DIGITS.fullmatch(digits) is not None and check_digit(digits[:-1]) == digits[-1]
    )
