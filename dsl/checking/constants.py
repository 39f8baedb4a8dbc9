"""Constants in rows of lookups and tables, and values of lookup files."""

from datetime import date, datetime
from typing import Any

from dsl import syntax, types
from dsl.checking.expressions import Expressions
from dsl.checking.scopes import Scope
from dsl.checking.session import is_broken
from dsl.errors import FunctionFailure
from dsl.functions.dates import to_date, to_datetime
from dsl.functions.numbers import percent, to_decimal, to_integer


def constant_value(node: syntax.Expression) -> Any:
    """The value of a constant expression; LookupError where it is none."""
    match node:
        case syntax.Literal(value=value):
            return value
        case syntax.Name(name=name):
            return name
        case syntax.MissingLiteral():
            return None
        case syntax.Unary(operator="-", operand=syntax.Literal(value=value)) if not isinstance(
            value, str | bool
        ):
            return {**value, "value": -value["value"]} if isinstance(value, dict) else -value
        case syntax.ListLiteral(items=items):
            return [constant_value(item) for item in items]
        case syntax.RecordLiteral(fields=fields):
            return {name: constant_value(value) for name, value in fields}
    raise LookupError("no constant")


def check_constant(check: Expressions, node: syntax.Expression, column: str, wanted: types.Type) -> Any:
    """A constant of a column's type; reported, and None, where it is not."""
    typed = check.infer(node, Scope(), wanted)
    try:
        value = constant_value(node)
    except LookupError:
        check.report("M412", node.span)
        return None
    fits_column(check, node, column, typed.type, wanted)
    return value


def fits_column(
    check: Expressions, node: syntax.Node, column: str, given: types.Type, wanted: types.Type
) -> bool:
    """Whether a value may stand in a column; reported where it may not."""
    if is_broken(given) or is_broken(wanted) or types.fits(given, wanted):
        return True
    check.report("M606", node.span, column=column, wanted=types.describe(wanted), given=types.describe(given))
    return False


def read_cell(text: str, of: types.Type) -> Any:
    """The value of a text in a lookup file; raises FunctionFailure."""
    wanted = types.present(of)
    if text == "":
        if isinstance(of, types.Maybe):
            return None
        raise FunctionFailure("error", f"the cell is empty, but the column is {types.describe(of)}")
    match wanted:
        case types.Enum(values=values):
            if text not in values:
                raise FunctionFailure("error", f'"{text}" is no value of {types.describe(wanted)}')
            return text
        case types.Scalar("boolean"):
            return _boolean(text)
        case types.Scalar(name) if name in _READERS:
            return _READERS[name](text)
        case types.Scalar("text"):
            return text
    raise FunctionFailure("error", f"a file can't hold {types.describe(wanted)}")


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise FunctionFailure("error", f'"{text}" is neither true nor false')
    return text == "true"


def _date(text: str) -> date:
    return to_date(text)


def _datetime(text: str) -> datetime:
    return to_datetime(text)


_READERS: dict[str, Any] = {
    "decimal": to_decimal,
    "integer": to_integer,
    "percent": percent,
    "date": _date,
    "datetime": _datetime,
}
