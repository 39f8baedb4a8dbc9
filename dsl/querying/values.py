"""Values of a query: what kind they are, whether they are equal, their JSON text, and copies of bounded size."""

import json
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from dsl.decimals import bounded, plain
from dsl.querying.budget import (
    DEEPEST_VALUE,
    LARGEST_RESULT,
    LONGEST_RESULT,
    LONGEST_TEXT,
    Budget,
    QueryFailure,
    too_deep,
    too_large,
    too_long,
)

PARENT = "^"
"""Where a node of a hierarchy keeps its parent; never part of a document."""
_KINDS = {
    "str": "string", "bool": "boolean", "int": "number", "Decimal": "number", "float": "number",
    "list": "array", "dict": "object", "NoneType": "null",
}  # fmt: skip


def kind_of(value: Any) -> str:
    """The JMESPath type of a value; `expref` for `&...`."""
    return _KINDS.get(type(value).__name__, "expref")


def settled(value: Any) -> Any:
    """The value as a query sees it: dates and times as text, a node without the link to its parent."""
    if isinstance(value, dict):
        return {name: part for name, part in value.items() if name != PARENT} if PARENT in value else value
    return value.isoformat() if isinstance(value, date | datetime | time) else value


def number(value: Any) -> int | Decimal:
    """A number as an exact one; a float as the decimal it is written as."""
    if isinstance(value, float):
        value = Decimal(repr(value))
    return bounded(value) if isinstance(value, Decimal) else value


def is_false(value: Any) -> bool:
    """What counts as false: null, false, and empty texts, lists and objects; 0 does not."""
    return value is None or value is False or (isinstance(value, str | list | dict) and not value)


def equal(left: Any, right: Any, budget: Budget, depth: int = 0) -> bool:
    """Whether two values are the same; numbers by value, true is never 1."""
    budget.spend(1)
    kind = kind_of(left)
    if depth > DEEPEST_VALUE:
        raise too_deep()
    if kind != kind_of(right):
        return False
    pairs: Iterable[tuple[Any, Any]] | None
    if kind == "number":
        return number(left) == number(right)
    if kind == "array":
        pairs = zip(left, right, strict=True) if len(left) == len(right) else None
    elif kind == "object":
        left, right = settled(left), settled(right)
        pairs = ((part, right[name]) for name, part in left.items()) if left.keys() == right.keys() else None
    else:
        return bool(left == right)
    if pairs is None:
        return False
    for one, other in pairs:
        if not equal(one, other, budget, depth + 1):
            return False
    return True


def json_text(value: Any, budget: Budget) -> str:
    """The value as JSON without spaces; numbers as they are, never as floats."""
    parts: list[str] = []
    _write(value, parts, [LONGEST_TEXT], budget, 0)
    return "".join(parts)


def _write(value: Any, parts: list[str], room: list[int], budget: Budget, depth: int) -> None:
    budget.spend(1)
    if depth > DEEPEST_VALUE:
        raise too_deep()
    value = settled(value)
    if isinstance(value, list):
        _write_all("[", "]", [(None, part) for part in value], parts, room, budget, depth)
    elif isinstance(value, dict):
        _write_all("{", "}", list(value.items()), parts, room, budget, depth)
    else:
        _put(_single(value), parts, room)


def _write_all(
    opening: str,
    closing: str,
    members: list[tuple[Any, Any]],
    parts: list[str],
    room: list[int],
    budget: Budget,
    depth: int,
) -> None:
    _put(opening, parts, room)
    for index, (name, part) in enumerate(members):
        lead = "," if index else ""
        _put(lead if name is None else f"{lead}{json.dumps(str(name))}:", parts, room)
        _write(part, parts, room, budget, depth + 1)
    _put(closing, parts, room)


def _put(text: str, parts: list[str], room: list[int]) -> None:
    room[0] -= len(text)
    if room[0] < 0:
        raise too_long()
    parts.append(text)


def _single(value: Any) -> str:
    if kind_of(value) == "number":
        exact = number(value)
        return plain(exact) if isinstance(exact, Decimal) else str(exact)
    if kind_of(value) == "expref":
        raise QueryFailure("a JMESPath &expression is no value")
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise too_long()
    return json.dumps(value)


def result_copy(value: Any) -> Any:
    """The result of a query as a value of its own, if it is small enough to be one."""
    return _copy(value, [LARGEST_RESULT, LONGEST_RESULT], 0)


def _copy(value: Any, room: list[int], depth: int) -> Any:
    room[0] -= 1
    if depth > DEEPEST_VALUE:
        raise too_deep()
    value = settled(value)
    if isinstance(value, str):
        room[1] -= len(value)
    if room[0] < 0 or room[1] < 0:
        raise too_large()
    if isinstance(value, list):
        return [_copy(part, room, depth + 1) for part in value]
    if isinstance(value, dict):
        return {name: _copy(part, room, depth + 1) for name, part in value.items()}
    if kind_of(value) == "expref":
        raise QueryFailure("a JMESPath &expression is no result")
    return value
