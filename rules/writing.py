"""One value of the language -> what stands in the document that leaves."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from dsl import types
from dsl.decimals import plain


def write_scalar(of: types.Type, wire: str, value: Any) -> Any:
    """The wire value of a present value, by its type."""
    match of:
        case types.Quantity():
            return _amount(value, "unit", "uom", wire)
        case types.Money():
            return _amount(value, "currency", "currency", wire)
        case types.Scalar(name="duration"):
            return duration_text(value) if wire == "string" else dict(value)
        case _:
            return write_plain(value, wire)


def write_plain(value: Any, wire: str = "") -> Any:
    """A value without its type: exact numbers stay numbers unless the wire wants text; dates are ISO 8601."""
    if isinstance(value, bool) or value is None:
        return value if wire != "string" or value is None else str(value).lower()
    if isinstance(value, Decimal):
        return plain(value) if wire == "string" else value
    if isinstance(value, int):
        return str(value) if wire == "string" else value
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return value


def instant(moment: datetime) -> str:
    """A point in time with its offset; UTC is written Z."""
    text = moment.isoformat()
    return text[:-6] + "Z" if moment.tzinfo is UTC or text.endswith("+00:00") else text


def duration_text(value: dict[str, Any]) -> str:
    """`15 minutes`, `1 day`."""
    amount, unit = value["amount"], value["unit"]
    return f"{amount} {unit[:-1] if amount == 1 else unit}"


def _amount(value: dict[str, Any], name: str, wire_name: str, wire: str) -> Any:
    if wire == "number":
        return value["value"]
    if wire == "string":
        return plain(value["value"])
    return {"value": plain(value["value"]), wire_name: value[name]}
