"""Constants of cells as values that compare, and values as the text an analyst writes."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from dsl import syntax, types
from dsl.decimals import plain
from dsl.functions.lists import identity_key
from dsl.literals import quote

SECONDS: Mapping[str, int] = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = frozenset({"missing", "not", "true", "false", "otherwise"})


class NotAnalysed(Exception):
    """A cell or column is not what its type says, so nothing can be said of the table."""


def constant(node: syntax.Expression) -> Any:
    """The value of the constant in a cell; NotAnalysed where it is none."""
    match node:
        case syntax.Literal(value=value):
            return value
        case syntax.Name(name=name):
            return name
        case syntax.Unary(operator="-", operand=syntax.Literal(value=value)) if not isinstance(
            value, str | bool
        ):
            return _negative(value)
        case syntax.ListLiteral(items=items):
            return [constant(item) for item in items]
        case syntax.RecordLiteral(fields=fields):
            return {name: constant(value) for name, value in fields}
    raise NotAnalysed


def _negative(value: Any) -> Any:
    if not isinstance(value, dict):
        return -value
    part = "amount" if "amount" in value else "value"
    return {**value, part: -value[part]}


def identity(value: Any) -> Any:
    """A hashable stand-in, equal for values that a table takes as equal."""
    if isinstance(value, dict) and "amount" in value:
        return duration_place(value)
    return identity_key(value)


def duration_place(value: Mapping[str, Any]) -> tuple[str, int]:
    """The line a duration lies on (business days have their own) and where."""
    if value["unit"] == "business_days":
        return "business_days", value["amount"]
    return "", value["amount"] * SECONDS[value["unit"]]


def literal(value: Any, of: types.Type) -> str:
    """A value of a type as it stands in a cell."""
    match value:
        case None:
            return "missing"
        case bool():
            return str(value).lower()
        case str() if isinstance(of, types.Enum) and _PLAIN_NAME.fullmatch(value) and value not in _RESERVED:
            return value
        case str():
            return ("= " if set(value) & {"*", "?"} else "") + quote(value)
        case Decimal() if of == types.PERCENT:
            return plain(_short(value * 100)) + "%"
        case Decimal():
            return plain(_short(value))
        case datetime():
            return value.isoformat()
        case time():
            return value.isoformat() if value.microsecond or value.second else value.strftime("%H:%M")
        case date():
            return value.isoformat()
        case list():
            return "[" + ", ".join(literal(item, types.ANYTHING) for item in value) + "]"
        case dict():
            return _measure(value)
    return str(value)


def _measure(value: Mapping[str, Any]) -> str:
    if "currency" in value:
        return f"{plain(value['value'])} {value['currency']}"
    if "amount" in value:
        return f"{value['amount']} {value['unit']}"
    if "unit" in value:
        return f"{plain(_short(value['value']))} {value['unit']}"
    return "{ " + ", ".join(f"{name}: {literal(part, types.ANYTHING)}" for name, part in value.items()) + " }"


def _short(number: Decimal) -> Decimal:
    """Without zeros at its end; whole numbers without exponent."""
    text = plain(number)
    return Decimal(text.rstrip("0").rstrip(".")) if "." in text else number
