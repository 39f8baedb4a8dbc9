"""Short ways for what maps do most: the usual text is converted at once, anything else by the function itself."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from dsl import syntax, types
from dsl.functions import Default
from dsl.functions.declaration import FunctionSpec

Implementation = Callable[..., Any]


def shortened(
    spec: FunctionSpec,
    arguments: Sequence[syntax.Expression | Default],
    of: Sequence[types.Type],
    whole: Implementation,
) -> Implementation | None:
    """A function of the first argument alone that gives what the whole call would give."""
    rest = arguments[1:]
    values = [a.value for a in rest if isinstance(a, Default | syntax.Literal)]
    if not of or of[0] != types.TEXT or len(values) < len(rest):
        return None
    defaults = all(isinstance(a, Default) for a in rest)
    match spec.name:
        case "integer" if defaults:
            return lambda text: _integer(text, whole, values)
        case "decimal" if defaults:
            return lambda text: _decimal(text, whole, values)
        case "date" if values[0] in ("YYYYMMDD", "YYYY-MM-DD") and all(
            isinstance(a, Default) for a in rest[1:]
        ):
            length = len(values[0])
            return lambda text: _date(text, length, whole, values)
    return None


def _integer(text: str, whole: Implementation, rest: Sequence[Any]) -> Any:
    if text.isdigit() and text.isascii() and len(text) < 30:
        return int(text)
    return whole(text, *rest)


def _decimal(text: str, whole: Implementation, rest: Sequence[Any]) -> Any:
    if text.isascii() and len(text) < 30:
        before, point, after = text.partition(".")
        if before.isdigit() and (after.isdigit() or not point):
            return Decimal(text)
    return whole(text, *rest)


def _date(text: str, length: int, whole: Implementation, rest: Sequence[Any]) -> Any:
    digits = text if length == 8 else text[:4] + text[5:7] + text[8:]
    if (
        len(text) == length
        and digits.isdigit()
        and text.isascii()
        and (length == 8 or text[4] == text[7] == "-")
    ):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    return whole(text, *rest)
