"""Keys and check digits of the trade: SAP ALPHA, GS1."""

import re

from dsl.decimals import shown
from dsl.errors import FunctionFailure
from dsl.functions.declaration import Parameter as P
from dsl.functions.declaration import function
from dsl.functions.text import LONGEST
from dsl.types import BOOLEAN, INTEGER, TEXT

_DIGITS = re.compile(r"[0-9]+", re.ASCII)
VALUE = P("value", TEXT)


def _digits(value: str, what: str) -> str:
    text = value.strip()
    if len(text) > 100 or not _DIGITS.fullmatch(text):
        raise FunctionFailure("error", f"{shown(value)} is not {what}: only digits are allowed", value)
    return text


@function(
    "alpha_in",
    [VALUE, P("width", INTEGER)],
    TEXT,
    "The key as SAP stores it: filled with zeros to the width if it is all digits, otherwise as it is.",
    [('alpha_in("88712", 18)', '"000000000000088712"'), ('alpha_in("HT-55190", 18)', '"HT-55190"')],
    fails=["error"],
)
def alpha_in(value: str, width: int) -> str:
    text = value.strip()
    if not 0 < width <= LONGEST or len(text) > width:
        raise FunctionFailure("error", f"{shown(value)} does not fit into {width} characters", value)
    return text.rjust(width, "0") if _DIGITS.fullmatch(text) else text


@function(
    "alpha_out",
    [VALUE],
    TEXT,
    "The key as people write it: an all-digit key without its leading zeros.",
    [
        ('alpha_out("0000004711")', '"4711"'),
        ('alpha_out("HT-55190")', '"HT-55190"'),
        ('alpha_out("000")', '"0"'),
    ],
)
def alpha_out(value: str) -> str:
    text = value.strip()
    return (text.lstrip("0") or "0") if _DIGITS.fullmatch(text) else text


def check_digit(digits: str) -> str:
    """The GS1 check digit that follows these digits."""
    weighted = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(digits)))
    return str(-weighted % 10)


@function(
    "gs1_check_digit",
    [VALUE],
    TEXT,
    "The check digit that GS1 keys (GTIN, GLN, SSCC) put behind these digits.",
    [('gs1_check_digit("629104150021")', '"3"'), ('gs1_check_digit("62A")', "fails error")],
    fails=["error"],
)
def gs1_check_digit(value: str) -> str:
    return check_digit(_digits(value, "a GS1 key"))


@function(
    "gs1_valid",
    [VALUE],
    BOOLEAN,
    "Whether the last digit of a GS1 key (GTIN, GLN, SSCC) is its check digit.",
    [
        ('gs1_valid("6291041500213")', "true"),
        ('gs1_valid("6291041500214")', "false"),
        ('gs1_valid("A")', "false"),
    ],
)
def gs1_valid(value: str) -> bool:
    text = value.strip()
    if not 2 <= len(text) <= 100 or not _DIGITS.fullmatch(text):
        return False
    return check_digit(text[:-1]) == text[-1]


@function(
    "sscc",
    [VALUE],
    TEXT,
    "The 18 digits of a serial shipping container code: a prefix 00 is cut off, 17 digits get their check digit, "
    "a wrong check digit fails.",
    [
        ('sscc("00340123450000000017")', '"340123450000000017"'),
        ('sscc("34012345000000001")', '"340123450000000017"'),
        ('sscc("340123450000000018")', "fails error"),
    ],
    fails=["error"],
)
def sscc(value: str) -> str:
    digits = _digits(value, "an SSCC")
    if len(digits) == 20 and digits.startswith("00"):
        digits = digits[2:]
    if len(digits) == 17:
        return digits + check_digit(digits)
    if len(digits) != 18:
        raise FunctionFailure("error", f"an SSCC has 18 digits, {shown(value)} has {len(digits)}", value)
    if check_digit(digits[:-1]) != digits[-1]:
        raise FunctionFailure("error", f"the check digit of {shown(value)} is wrong", value)
    return digits
