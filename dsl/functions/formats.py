"""Date and time patterns: strict, so that nothing rolls over and nothing is guessed.

    YYYY year   MM month   DD day   HH hour   mm minute   ss second   SSS milliseconds
    YY  two-digit year (only where a century is given)     ZZ offset as +01:00, +0100 or Z
T and characters that are no letters stand for themselves; other letters only in 'single quotes'.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache

from dsl.decimals import shown
from dsl.errors import FunctionFailure

_FIELDS = {"YYYY": 4, "SSS": 3, "YY": 2, "MM": 2, "DD": 2, "HH": 2, "mm": 2, "ss": 2}
_TOKEN = re.compile(r"YYYY|SSS|YY|MM|DD|HH|mm|ss|ZZ|'[^']*'|T|[^A-Za-z']")
DATE_FIELDS = frozenset({"YYYY", "YY", "MM", "DD"})
TIME_FIELDS = frozenset({"HH", "mm", "ss", "SSS"})


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern taken apart: its tokens and what a text of it looks like."""

    tokens: tuple[str, ...]
    regex: re.Pattern[str]

    def has(self, token: str) -> bool:
        """Whether the pattern has such a part."""
        return token in self.tokens


@lru_cache(maxsize=512)
def pattern(text: str) -> Pattern:
    """Take a pattern apart; raises ValueError with words an analyst understands."""
    tokens: list[str] = []
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise ValueError(
                f'"{text[position]}" means nothing in a pattern; known are {", ".join(_FIELDS)} and ZZ'
            )
        tokens.append(found.group())
        position = found.end()
    named = [token for token in tokens if token in _FIELDS or token == "ZZ"]
    if len(named) != len(set(named)):
        raise ValueError("a part occurs twice in the pattern")
    return Pattern(tuple(tokens), re.compile("".join(map(_regex, tokens)), re.ASCII))


def _regex(token: str) -> str:
    if token in _FIELDS:
        return f"(?P<{token}>[0-9]{{{_FIELDS[token]}}})"
    if token == "ZZ":
        return r"(?P<ZZ>Z|[+-][0-9]{2}:?[0-9]{2})"
    return re.escape(token.strip("'") if len(token) > 1 else token)


def pattern_fault(needed: frozenset[str], allowed: frozenset[str]) -> "PatternCheck":
    """A compile-time check that a pattern has the parts a function needs, and no others."""
    return PatternCheck(needed, allowed)


@dataclass(frozen=True, slots=True)
class PatternCheck:
    """Says what is wrong with a constant pattern, or nothing."""

    needed: frozenset[str]
    allowed: frozenset[str]

    def __call__(self, text: str) -> str | None:
        try:
            tokens = set(pattern(text).tokens)
        except ValueError as error:
            return str(error)
        years = {"YYYY"} if "YY" in tokens else set()
        lacking = self.needed - tokens - years
        extra = (tokens & (DATE_FIELDS | TIME_FIELDS | {"ZZ"})) - self.allowed
        if lacking:
            return f"the pattern lacks {', '.join(sorted(lacking))}"
        return f"{', '.join(sorted(extra))} has no place in this pattern" if extra else None


def read(value: str, text: str, century: int | None = None) -> datetime:
    """The instant a text says, with offset only if the pattern has one.

    Errors: FunctionFailure, also for days that do not exist and hours beyond 23.
    """
    try:
        wanted = pattern(text)
    except ValueError as error:
        raise FunctionFailure("error", str(error), text) from None
    found = wanted.regex.fullmatch(value) if len(value) <= 100 else None
    if found is None:
        raise FunctionFailure("error", f'{shown(value)} is not written as "{text}"', value)
    parts = found.groupdict()
    try:
        return datetime(
            _year(parts, century),
            int(parts.get("MM", "1")),
            int(parts.get("DD", "1")),
            int(parts.get("HH", "0")),
            int(parts.get("mm", "0")),
            int(parts.get("ss", "0")),
            int(parts.get("SSS", "0")) * 1000,
            _offset(parts.get("ZZ")),
        )
    except ValueError as error:
        raise FunctionFailure("error", f"{shown(value)} does not exist: {error}", value) from None


def _year(parts: dict[str, str], century: int | None) -> int:
    if "YYYY" in parts:
        return int(parts["YYYY"])
    if "YY" not in parts:
        return 1
    if century is None:
        raise ValueError("a year of two digits needs `century: 20`")
    return century * 100 + int(parts["YY"])


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 14 or minutes > 59:
        raise ValueError("there is no such offset")
    delta = timedelta(hours=hours, minutes=minutes)
    return timezone(-delta if text[0] == "-" else delta)


def write(value: date | time | datetime, text: str) -> str:
    """A date or time written by a pattern; a pattern that needs more than the value has fails."""
    try:
        tokens = pattern(text).tokens
    except ValueError as error:
        raise FunctionFailure("error", str(error), text) from None
    return "".join(_part(value, token) for token in tokens)


def _part(value: date | time | datetime, token: str) -> str:
    if token in DATE_FIELDS and isinstance(value, date):
        return {"YYYY": f"{value.year:04}", "YY": f"{value.year % 100:02}", "MM": f"{value.month:02}"}.get(
            token, f"{value.day:02}"
        )
    if token in TIME_FIELDS and isinstance(value, datetime | time):
        return {"HH": f"{value.hour:02}", "mm": f"{value.minute:02}", "ss": f"{value.second:02}"}.get(
            token, f"{value.microsecond // 1000:03}"
        )
    if token == "ZZ" and isinstance(value, datetime):
        return value.strftime("%z")[:3] + ":" + value.strftime("%z")[3:5]
    if token in _FIELDS or token == "ZZ":
        raise FunctionFailure("error", f"the value has no {token}", value)
    return token.strip("'") if len(token) > 1 else token
