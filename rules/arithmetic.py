"""Exact arithmetic and comparison of what is more than a number: amounts, durations, dates."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from dsl.errors import FunctionFailure
from rules.cells import comparable

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}


def _tag(value: dict[str, Any]) -> str:
    return "currency" if "currency" in value else "unit"


def minus(value: Any) -> Any:
    """The value with its sign turned."""
    if isinstance(value, dict):
        name = "amount" if "amount" in value else "value"
        return {**value, name: -value[name]}
    return -value


def plus(left: Any, right: Any) -> Any:
    """Left plus right."""
    return _sum(left, right, 1)


def less(left: Any, right: Any) -> Any:
    """Left minus right."""
    return _sum(left, right, -1)


def _sum(left: Any, right: Any, sign: int) -> Any:
    if isinstance(left, date):
        return _shift(left, right, sign)
    if isinstance(left, dict) and isinstance(right, dict):
        if "amount" in left:
            return _durations(left, right, sign)
        name = _tag(left)
        if left[name] != right.get(name):
            raise FunctionFailure("error", f"{left[name]} and {right.get(name)} can't be combined", right)
        return {"value": left["value"] + sign * right["value"], name: left[name]}
    if isinstance(right, date):
        return _shift(right, left, sign)
    return left + right if sign > 0 else left - right


def _durations(left: dict[str, Any], right: dict[str, Any], sign: int) -> dict[str, Any]:
    if left["unit"] == right["unit"]:
        return {"amount": left["amount"] + sign * right["amount"], "unit": left["unit"]}
    if "business_days" in (left["unit"], right["unit"]):
        raise FunctionFailure("error", "business days and other durations can't be combined", right)
    total = left["amount"] * SECONDS[left["unit"]] + sign * right["amount"] * SECONDS[right["unit"]]
    return {"amount": total, "unit": "seconds"}


def _shift(moment: date, duration: Any, sign: int) -> date:
    if not isinstance(duration, dict) or "amount" not in duration:
        raise FunctionFailure("error", "only a duration can be added to a date", duration)
    amount, unit = sign * duration["amount"], duration["unit"]
    if unit == "business_days":
        raise FunctionFailure("error", "business days need a calendar: use add_business_days", duration)
    if not isinstance(moment, datetime) and unit not in ("days", "weeks"):
        raise FunctionFailure("error", f"{unit} can't be added to a date", duration)
    try:
        return moment + timedelta(seconds=amount * SECONDS[unit])
    except OverflowError:
        raise FunctionFailure("error", "the date would be out of range", duration) from None


def multiply(left: Any, right: Any) -> Any:
    """Left times right; one of them may carry a unit."""
    if isinstance(right, dict):
        left, right = right, left
    if isinstance(left, dict):
        name = "amount" if "amount" in left else "value"
        return {**left, name: left[name] * right}
    return left * right


def divide(left: Any, right: Any) -> Any:
    """Left by right; amounts of one unit give a plain number."""
    if isinstance(left, dict) and isinstance(right, dict):
        name = _tag(left)
        if left[name] != right.get(name):
            raise FunctionFailure("error", f"{left[name]} and {right.get(name)} can't be combined", right)
        return Decimal(left["value"]) / Decimal(right["value"])
    if isinstance(left, dict):
        return {**left, "value": Decimal(left["value"]) / Decimal(right)}
    return Decimal(left) / Decimal(right)


CALCULATE: dict[str, Callable[[Any, Any], Any]] = {"+": plus, "-": less, "*": multiply, "/": divide}


def equal(left: Any, right: Any) -> bool:
    """Whether two values are the same: amounts need one unit, durations count by their length."""
    one, two = comparable(left), comparable(right)
    if isinstance(left, dict) and isinstance(right, dict) and ("value" in left or "amount" in left):
        return bool(one <= two and two <= one)
    return bool(one == two)


def _ordering(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: compare(comparable(left), comparable(right))


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": equal, "<>": lambda left, right: not equal(left, right),
    "<": _ordering(lt), "<=": _ordering(le), ">": _ordering(gt), ">=": _ordering(ge),
}  # fmt: skip


def contains(options: Any, value: Any) -> bool:
    """Whether a list holds a value."""
    wanted = comparable(value)
    return any(comparable(option) == wanted for option in options)
