"""Lists: what a comprehension collects (`sum(d.qty for d in nc.defects)`) goes through these too."""

from collections.abc import Callable, Sequence
from decimal import Decimal, DecimalException
from typing import Any

from dsl import types
from dsl.decimals import CONTEXT
from dsl.errors import FunctionFailure
from dsl.functions import kinds, safety
from dsl.functions.declaration import Argument, TypeRuleError, function
from dsl.functions.declaration import Parameter as P
from dsl.functions.text import within_limit
from dsl.types import BOOLEAN, DECIMAL, INTEGER, TEXT

LIST = P("list", kinds.LIST)


@function(
    "coalesce",
    [P("values", kinds.ANY, repeated=True, missing_ok=True)],
    kinds.common,
    "The first value that is there. A part that fails because something is missing counts as missing; "
    "only if the last one is missing too, the result is.",
    [
        ('coalesce(missing, "a", "b")', '"a"'),
        ("coalesce(missing, 1)", "1"),
        ("coalesce(missing, missing)", "missing"),
    ],
    result_words="as values",
    lazy=True,
)
def coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


@function(
    "count", [LIST], INTEGER, "How many elements the list has.", [("count([4, 5])", "2"), ("count([])", "0")]
)
def count(values: list[Any]) -> int:
    return len(values)


def _sum_type(arguments: Sequence[Argument]) -> types.Type:
    item = kinds.item_of_first(arguments)
    return INTEGER if isinstance(item, types.Nothing) else item


def add(left: Any, right: Any) -> Any:
    """Two amounts added exactly; units and currencies have to agree."""
    if isinstance(left, dict) and isinstance(right, dict):
        unit = "unit" if "unit" in left else "currency"
        if left.get(unit) != right.get(unit):
            raise FunctionFailure("error", f"{left.get(unit)} and {right.get(unit)} can't be added", right)
        return {**left, "value": add(left["value"], right["value"])}
    if isinstance(left, int) and isinstance(right, int):
        return left + right
    try:
        return CONTEXT.add(Decimal(left), Decimal(right))
    except DecimalException:
        raise FunctionFailure("error", "the sum is too large") from None


@function(
    "sum",
    [P("list", kinds.LIST_OF_NUMBERS)],
    _sum_type,
    "All numbers of a list added; of an empty list it is 0.",
    [("sum([1, 2, 3])", "6"), ("sum([0.1, 0.2])", "0.3"), ("sum([])", "0")],
    result_words="as elements",
)
def sum_of(values: list[Any]) -> Any:
    return total(values) if values else 0


@function(
    "total",
    [P("list", kinds.LIST_OF_MEASURES)],
    kinds.item_of_first,
    "All quantities or amounts of a list added: they need one unit or currency, and there has to be at least one.",
    [("total([5 KGM, 7 KGM])", "12 KGM"), ("total([5 KGM, 7 EA])", "fails error")],
    fails=["error", "missing"],
    safe=safety.one_unit,
    result_words="as elements",
)
def total(values: list[Any]) -> Any:
    if not values:
        raise FunctionFailure("missing", "there is nothing to add, so no unit is known")
    result = values[0]
    for value in values[1:]:
        result = add(result, value)
    return result


def _average_type(arguments: Sequence[Argument]) -> types.Type:
    item = kinds.item_of_first(arguments)
    return DECIMAL if item == INTEGER or isinstance(item, types.Nothing) else item


@function(
    "avg",
    [P("list", kinds.LIST_OF_AMOUNTS)],
    _average_type,
    "The mean of all elements; of none it is missing.",
    [("avg([1, 2])", "1.5"), ("avg([])", "fails missing")],
    fails=["error", "missing"],
    safe=safety.plain_numbers,
    result_words="decimal, or as elements",
)
def average(values: list[Any]) -> Any:
    if not values:
        raise FunctionFailure("missing", "there is nothing to take the mean of")
    result = total(values)
    number = result["value"] if isinstance(result, dict) else result
    mean = CONTEXT.divide(Decimal(number), Decimal(len(values)))
    return {**result, "value": mean} if isinstance(result, dict) else mean


def _extreme_type(arguments: Sequence[Argument]) -> types.Type:
    if len(arguments) == 1 and isinstance(arguments[0].type, types.ListOf):
        return arguments[0].type.item
    if any(isinstance(argument.type, types.ListOf) for argument in arguments):
        raise TypeRuleError("give either one list or single values")
    return kinds.common(arguments)


def order_key(value: Any) -> Any:
    """What a value is compared by; a quantity by its number."""
    return value["value"] if isinstance(value, dict) else value


def _extreme(values: tuple[Any, ...], choose: Callable[..., Any]) -> Any:
    candidates = values[0] if len(values) == 1 and isinstance(values[0], list) else list(values)
    if not candidates:
        raise FunctionFailure("missing", "the list is empty")
    units = {(v.get("unit"), v.get("currency")) for v in candidates if isinstance(v, dict)}
    if len(units) > 1:
        raise FunctionFailure("error", "values of different units can't be compared")
    return choose(candidates, key=order_key)


@function(
    "min",
    [P("values", kinds.ORDERED_OR_LIST, repeated=True)],
    _extreme_type,
    "The smallest of several values or of a list; of an empty list it is missing.",
    [("min(3, 2)", "2"), ("min([4.5, 4.25])", "4.25"), ("min([])", "fails missing")],
    fails=["missing", "error"],
    safe=safety.single_values,
    result_words="as values",
)
def smallest(*values: Any) -> Any:
    return _extreme(values, min)


@function(
    "max",
    [P("values", kinds.ORDERED_OR_LIST, repeated=True)],
    _extreme_type,
    "The largest of several values or of a list; of an empty list it is missing.",
    [("max(2026-01-31, 2026-02-01)", "2026-02-01"), ("max([])", "fails missing")],
    fails=["missing", "error"],
    safe=safety.single_values,
    result_words="as values",
)
def largest(*values: Any) -> Any:
    return _extreme(values, max)


@function(
    "all",
    [P("list", kinds.LIST_OF_BOOLEAN)],
    BOOLEAN,
    "Whether every element is true; for no elements it is true.",
    [("all([true, true])", "true"), ("all([])", "true")],
)
def all_true(values: list[bool]) -> bool:
    return all(values)


@function(
    "any",
    [P("list", kinds.LIST_OF_BOOLEAN)],
    BOOLEAN,
    "Whether at least one element is true.",
    [("any([false, true])", "true"), ("any([])", "false")],
)
def any_true(values: list[bool]) -> bool:
    return any(values)


@function(
    "one",
    [LIST],
    kinds.item_of_first,
    "The only element: fails as `missing` for none and as `many` for several.",
    [('one(["A"])', '"A"'), ("one([1, 2])", "fails many"), ("one([])", "fails missing")],
    fails=["missing", "many"],
    result_words="element",
)
def one(values: list[Any]) -> Any:
    if len(values) > 1:
        raise FunctionFailure("many", f"one element is expected and there are {len(values)}")
    return first(values)


@function(
    "first",
    [LIST],
    kinds.item_of_first,
    "The first element; fails as `missing` where there is none.",
    [("first([4, 5])", "4"), ("first([])", "fails missing")],
    fails=["missing"],
    result_words="element",
)
def first(values: list[Any]) -> Any:
    if not values:
        raise FunctionFailure("missing", "the list is empty")
    return values[0]


@function(
    "last",
    [LIST],
    kinds.item_of_first,
    "The last element; fails as `missing` where there is none.",
    [("last([4, 5])", "5")],
    fails=["missing"],
    result_words="element",
)
def last(values: list[Any]) -> Any:
    return first(values[-1:])


@function(
    "join",
    [P("list", kinds.LIST_OF_TEXT), P("separator", TEXT, default=", ")],
    TEXT,
    "The texts in a row, with the separator between them.",
    [('join(["A", "B"], "/")', '"A/B"'), ("join([])", '""')],
)
def join(values: list[str], separator: str = ", ") -> str:
    if sum(map(len, values)) + len(separator) * len(values) > 10_000_000:
        raise FunctionFailure("error", "the text would be too long")
    return within_limit(separator.join(values))


def identity_key(value: Any) -> Any:
    """A hashable stand-in that is equal for equal values."""
    if isinstance(value, dict):
        return tuple(sorted((name, identity_key(v)) for name, v in value.items() if name != "^"))
    return tuple(map(identity_key, value)) if isinstance(value, list) else value


@function(
    "distinct",
    [LIST],
    lambda arguments: arguments[0].type,
    "Every element once, in the order of the first occurrence.",
    [('distinct(["B", "A", "B"])', '["B", "A"]')],
    result_words="as list",
)
def distinct(values: list[Any]) -> list[Any]:
    seen: dict[Any, Any] = {}
    for value in values:
        seen.setdefault(identity_key(value), value)
    return list(seen.values())
