"""Cells and values of the language in FEEL, level 2 and the few words beyond it that mean the same.

Refused: what FEEL can't say the same way (free conditions, business days, order of quantities, calls)
"""

import re
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from dsl import syntax
from dsl.decimals import plain
from dsl.errors import ExchangeError

_DURATIONS = {"seconds": "PT{}S", "minutes": "PT{}M", "hours": "PT{}H", "days": "P{}D"}
_OPERATORS = {
    "+": "+",
    "-": "-",
    "*": "*",
    "/": "/",
    "&": "+",
    "=": "=",
    "<>": "!=",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
}
_UNORDERED = ("quantity", "money")


def condition_feel(cell: syntax.Cell, optional: bool) -> str:
    """A condition as FEEL unary tests; `optional` says that the input may be missing."""
    match cell:
        case syntax.AnyCell():
            return "-"
        case syntax.NotCell(cells=cells):
            return f"not({', '.join(map(_test, cells))})"
        case syntax.CompareCell(operator="<>", value=value):
            return f"not({value_feel(value)}{', null' if optional else ''})"
        case syntax.ListCell(cells=cells):
            return ", ".join(map(_test, cells))
    return _test(cell)


def _test(cell: syntax.Cell) -> str:
    match cell:
        case syntax.ValueCell(value=value) | syntax.CompareCell(operator="=", value=value):
            return value_feel(value)
        case syntax.CompareCell(operator="<" | "<=" | ">" | ">=" as operator, value=value):
            return f"{operator} {_ordered(value)}"
        case syntax.RangeCell(low=low, high=high, low_closed=low_closed, high_closed=high_closed):
            return (
                f"{'[' if low_closed else '('}{_ordered(low)}..{_ordered(high)}{']' if high_closed else ')'}"
            )
        case syntax.MissingCell():
            return "null"
        case syntax.PatternCell(pattern=pattern):
            return _pattern(pattern)
        case syntax.ListCell(cells=cells):
            return ", ".join(map(_test, cells))
        case syntax.ConditionCell():
            raise ExchangeError("a free condition (`? ...`) has no equal in FEEL unary tests")
        case syntax.NotCell() | syntax.CompareCell():
            raise ExchangeError("`not(...)` and `<>` stand alone in FEEL unary tests, not in a list")
    raise ExchangeError("this condition has no equal in FEEL unary tests")


def _pattern(pattern: str) -> str:
    if "?" not in pattern and pattern.count("*") == 1:
        if pattern.endswith("*"):
            return f"starts with(?, {string(pattern[:-1])})"
        if pattern.startswith("*"):
            return f"ends with(?, {string(pattern[1:])})"
    expression = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    return f'matches(?, {string(f"^{expression}$")}, "s")'


def _ordered(value: syntax.Expression) -> str:
    literal = value.operand if isinstance(value, syntax.Unary) else value
    if isinstance(literal, syntax.Literal) and literal.kind in _UNORDERED:
        raise ExchangeError(f"FEEL has no order of a {literal.kind}")
    return value_feel(value)


def value_feel(node: syntax.Expression, inputs: Collection[str] = ()) -> str:
    """A value as a FEEL expression; `inputs` are the names it may refer to, every other name is a value."""
    match node:
        case syntax.Literal(kind=kind, value=value):
            return _literal(kind, value)
        case syntax.Name(name=name):
            return name if name in inputs else string(name)
        case syntax.Path(base=base, field=field) if re.fullmatch(r"[A-Za-z_]\w*", field, re.ASCII):
            return f"{value_feel(base, inputs)}.{field}"
        case syntax.MissingLiteral():
            return "null"
        case syntax.ListLiteral(items=items):
            return f"[{', '.join(value_feel(item, inputs) for item in items)}]"
        case syntax.Unary(operator="-", operand=operand):
            return f"-{_operand(operand, inputs)}"
        case syntax.Binary(operator=operator) if operator in _OPERATORS:
            return f"{_operand(node.left, inputs)} {_OPERATORS[operator]} {_operand(node.right, inputs)}"
    raise ExchangeError(f"{_NAMES.get(type(node), 'this expression')} is beyond FEEL's simple expressions")


_NAMES: dict[type, str] = {
    syntax.Call: "a call of a function", syntax.LookupCall: "a lookup", syntax.TableCall: "a call of a table",
    syntax.Binary: "`and` and `or`", syntax.Unary: "`not`", syntax.RecordLiteral: "a record",
    syntax.Membership: "`in`", syntax.Presence: "a test for missing", syntax.Comprehension: "an aggregate",
}  # fmt: skip


def _operand(node: syntax.Expression, inputs: Collection[str]) -> str:
    text = value_feel(node, inputs)
    return f"({text})" if isinstance(node, syntax.Binary | syntax.Unary) else text


def _literal(kind: str, value: Any) -> str:
    match kind:
        case "text":
            return string(value)
        case "boolean":
            return "true" if value else "false"
        case "integer" | "decimal" | "percent":
            return plain(Decimal(value))
        case "date" | "time":
            return f'{kind}("{value.isoformat()}")'
        case "datetime":
            return f'date and time("{value.isoformat()}")'
        case "duration":
            return _duration(value["amount"], value["unit"])
        case "quantity":
            return f'{{value: {plain(value["value"])}, unit: "{value["unit"]}"}}'
    return f'{{value: {plain(value["value"])}, currency: "{value["currency"]}"}}'


def _duration(amount: int, unit: str) -> str:
    if unit == "weeks":
        amount, unit = 7 * amount, "days"
    if unit not in _DURATIONS:
        raise ExchangeError(f"FEEL has no {unit.replace('_', ' ')}")
    return f'duration("{_DURATIONS[unit].format(amount)}")'


def string(text: str) -> str:
    """A FEEL string."""
    plain_text = (
        text.replace("\\", "\\\\")
        .replace('"', '\\"')
        .replace("\n", "\\n")
        .replace("\t", "\\t")
        .replace("\r", "\\r")
    )
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):06X}" for c in plain_text) + '"'
