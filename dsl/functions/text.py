"""Text: cutting, padding, searching, and regular expressions by a linear-time engine."""

from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

import re2

from dsl.decimals import plain, shown
from dsl.errors import FunctionFailure
from dsl.functions import kinds, safety
from dsl.functions.declaration import Parameter as P
from dsl.functions.declaration import function
from dsl.types import BOOLEAN, INTEGER, TEXT, ListOf, Maybe

LONGEST = 1_000_000
VALUE = P("value", TEXT)


def within_limit(text: str) -> str:
    """The text itself, unless it has grown beyond what a message may hold."""
    if len(text) > LONGEST:
        raise FunctionFailure("error", f"the text would be longer than {LONGEST} characters")
    return text


def _length(value: int, what: str) -> int:
    if value < 0:
        raise FunctionFailure("error", f"{what} can't be negative", value)
    if value > LONGEST:
        raise FunctionFailure("error", f"{what} is larger than {LONGEST}", value)
    return value


def _is_one(fill: Any) -> bool:
    return isinstance(fill, str) and len(fill) == 1


@function("trim", [VALUE], TEXT, "The text without white space at both ends.", [('trim("  A1 ")', '"A1"')])
def trim(value: str) -> str:
    return value.strip()


@function("upper", [VALUE], TEXT, "The text in capital letters.", [('upper("ab-1")', '"AB-1"')])
def upper(value: str) -> str:
    return within_limit(value.upper())


@function("lower", [VALUE], TEXT, "The text in small letters.", [('lower("AB-1")', '"ab-1"')])
def lower(value: str) -> str:
    return within_limit(value.lower())


@function("length", [VALUE], INTEGER, "The number of characters.", [('length("Öl 5W")', "5")])
def length(value: str) -> int:
    return len(value)


@function(
    "left",
    [VALUE, P("count", INTEGER)],
    TEXT,
    "The first characters; all of a shorter text.",
    [('left("4711-A", 4)', '"4711"'), ('left("A", 4)', '"A"'), ('left("A", -1)', "fails error")],
    fails=["error"],
    safe=safety.constants(count=safety.small),
)
def left(value: str, count: int) -> str:
    return value[: _length(count, "the number of characters")]


@function(
    "right",
    [VALUE, P("count", INTEGER)],
    TEXT,
    "The last characters; all of a shorter text.",
    [('right("00012345", 5)', '"12345"'), ('right("A", 0)', '""')],
    fails=["error"],
    safe=safety.constants(count=safety.small),
)
def right(value: str, count: int) -> str:
    wanted = _length(count, "the number of characters")
    return value[-wanted:] if wanted else ""


@function(
    "mid",
    [VALUE, P("start", INTEGER), P("count", INTEGER)],
    TEXT,
    "Characters from the middle; the first character is number 1.",
    [('mid("ABCDEF", 3, 2)', '"CD"'), ('mid("ABC", 0, 2)', "fails error")],
    fails=["error"],
    safe=safety.constants(start=safety.not_zero, count=safety.small),
)
def mid(value: str, start: int, count: int) -> str:
    if start < 1:
        raise FunctionFailure("error", "the first character is number 1", start)
    return value[start - 1 : start - 1 + _length(count, "the number of characters")]


@function(
    "replace",
    [VALUE, P("old", TEXT), P("new", TEXT)],
    TEXT,
    "The text with every occurrence of one text replaced by another.",
    [('replace("A-B-C", "-", "/")', '"A/B/C"'), ('replace("A", "", "x")', "fails error")],
    fails=["error"],
    safe=safety.constants(old=safety.text),
)
def replace(value: str, old: str, new: str) -> str:
    if not old:
        raise FunctionFailure("error", "the text to be replaced is empty")
    if len(value) + value.count(old) * max(0, len(new) - len(old)) > LONGEST:
        raise FunctionFailure("error", f"the text would be longer than {LONGEST} characters")
    return value.replace(old, new)


@function(
    "split",
    [VALUE, P("separator", TEXT)],
    ListOf(TEXT),
    "The parts between the separators, as a list.",
    [('split("A;B;;C", ";")', '["A", "B", "", "C"]'), ('split("A", "")', "fails error")],
    fails=["error"],
    safe=safety.constants(separator=safety.text),
)
def split(value: str, separator: str) -> list[str]:
    if not separator:
        raise FunctionFailure("error", "the separator is empty")
    return value.split(separator)


@function(
    "strip_zeros",
    [VALUE],
    TEXT,
    "The text without leading zeros; of nothing but zeros one stays.",
    [('strip_zeros("000000088712")', '"88712"'), ('strip_zeros("000")', '"0"')],
)
def strip_zeros(value: str) -> str:
    return value.lstrip("0") or value[-1:]


@function(
    "pad_left",
    [VALUE, P("width", INTEGER), P("with", TEXT, default="0")],
    TEXT,
    "The text filled up on the left (with zeros unless said); a longer text stays as it is.",
    [('pad_left("10", 5)', '"00010"'), ('pad_left("A", 3, " ")', '"  A"')],
    fails=["error"],
    safe=safety.constants(width=safety.small, **{"with": _is_one}),
)
def pad_left(value: str, width: int, fill: str = "0") -> str:
    return value.rjust(_length(width, "the width"), _one_character(fill))


@function(
    "pad_right",
    [VALUE, P("width", INTEGER), P("with", TEXT, default=" ")],
    TEXT,
    "The text filled up on the right (with spaces unless said); a longer text stays as it is.",
    [('pad_right("AB", 4) & "|"', '"AB  |"'), ('pad_right("AB", 4, "..")', "fails error")],
    fails=["error"],
    safe=safety.constants(width=safety.small, **{"with": _is_one}),
)
def pad_right(value: str, width: int, fill: str = " ") -> str:
    return value.ljust(_length(width, "the width"), _one_character(fill))


def _one_character(fill: str) -> str:
    if len(fill) != 1:
        raise FunctionFailure("error", f"filling up needs exactly one character, not {shown(fill)}", fill)
    return fill


@function(
    "starts_with",
    [VALUE, P("start", TEXT)],
    BOOLEAN,
    "Whether the text begins so.",
    [('starts_with("SAP-1", "SAP")', "true"), ('starts_with("sap", "SAP")', "false")],
)
def starts_with(value: str, start: str) -> bool:
    return value.startswith(start)


@function(
    "ends_with",
    [VALUE, P("ending", TEXT)],
    BOOLEAN,
    "Whether the text ends so.",
    [('ends_with("part.pdf", ".pdf")', "true")],
)
def ends_with(value: str, ending: str) -> bool:
    return value.endswith(ending)


@function(
    "contains",
    [VALUE, P("part", TEXT)],
    BOOLEAN,
    "Whether the text holds the other text anywhere.",
    [('contains("Incomplete Packing", "Pack")', "true"), ('contains("A", "B")', "false")],
)
def contains(value: str, part: str) -> bool:
    return part in value


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """A pattern of the linear-time engine; raises re2.error where it can't be had."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return re2.compile(pattern, options)


def pattern_fault(pattern: str) -> str | None:
    """What is wrong with a regular expression, in words, or None."""
    if len(pattern) > 1000:
        return "the pattern is longer than 1000 characters"
    try:
        compiled(pattern)
    except re2.error as error:
        words = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        return f"the pattern can't be used: {words}"
    return None


PATTERN = P("pattern", TEXT, constant=True, check=pattern_fault)


@function(
    "matches",
    [VALUE, PATTERN],
    BOOLEAN,
    "Whether the whole text fits a regular expression (RE2 syntax: it never backtracks).",
    [('matches("L-0042", "L-[0-9]{4}")', "true"), ('matches("xL-0042", "L-[0-9]{4}")', "false")],
)
def matches(value: str, pattern: str) -> bool:
    return compiled(pattern).fullmatch(value) is not None


@function(
    "extract",
    [VALUE, PATTERN],
    Maybe(TEXT),
    "The first part of the text that fits a regular expression (its first group, if it has one); missing if none does.",
    [('extract("Lot L-0042 bad", "L-[0-9]+")', '"L-0042"'), ('extract("none", "[0-9]+")', "missing")],
)
def extract(value: str, pattern: str) -> str | None:
    found = compiled(pattern).search(value)
    if found is None:
        return None
    text: str | None = found.group(1) if found.re.groups else found.group(0)
    return text


@function(
    "fit",
    [VALUE, P("width", INTEGER)],
    TEXT,
    "The text cut to the width a target field has room for.",
    [('fit("Incomplete Packing", 10)', '"Incomplete"'), ('fit("A", 10)', '"A"')],
    fails=["error"],
    safe=safety.constants(width=safety.small),
)
def fit(value: str, width: int) -> str:
    return value[: _length(width, "the width")].rstrip() if len(value) > width else value


@function(
    "text",
    [P("value", kinds.SINGLE)],
    TEXT,
    "The value as text: numbers without exponent, dates and times as ISO 8601, true and false.",
    [("text(12.50)", '"12.50"'), ("text(2026-01-31)", '"2026-01-31"'), ("text(5 KGM)", '"5 KGM"')],
    fails=["error"],
    safe=safety.typed("value", safety.not_any),
)
def text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return plain(Decimal(value))
        case date() | datetime() | time():
            return value.isoformat()
        case {"value": Decimal() as number, "unit": str(unit)} | {
            "value": Decimal() as number,
            "currency": str(unit),
        }:
            return f"{plain(number)} {unit}"
        case {"amount": amount, "unit": str(unit)}:
            return f"{amount} {unit}"
    raise FunctionFailure("error", "only a single value can become a text", value)
