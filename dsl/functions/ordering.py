"""Lists as a whole: parts, orders, places; and the names of a record."""

from collections.abc import Sequence
from typing import Any

from dsl import types
from dsl.errors import FunctionFailure
from dsl.functions import kinds
from dsl.functions.declaration import Accepts, Argument, TypeRuleError, function
from dsl.functions.declaration import Parameter as P
from dsl.functions.lists import LIST, identity_key, order_key
from dsl.types import BOOLEAN, INTEGER, TEXT, ListOf, Maybe

LONGEST = 1_000_000
_ORDERED = Accepts(
    "list of texts, numbers, dates or times", lambda of: isinstance(of, ListOf) and _sortable(of.item)
)
_NESTED = Accepts(
    "list of lists", lambda of: isinstance(of, ListOf) and isinstance(of.item, ListOf | types.Nothing)
)


def _sortable(of: types.Type) -> bool:
    return kinds.is_scalar(of, kinds.ORDERED) or isinstance(of, types.Enum | types.Nothing)


def _same_list(arguments: Sequence[Argument]) -> types.Type:
    return arguments[0].type


def _joined_list(arguments: Sequence[Argument]) -> types.Type:
    joined = types.join(arguments[0].type.item, arguments[1].type.item)  # type: ignore[union-attr]
    if joined is None:
        raise TypeRuleError("the lists have elements of different types")
    return ListOf(joined)


def _element_and_list(arguments: Sequence[Argument]) -> types.Type:
    item = kinds.item_of_first(arguments)
    if types.join(item, arguments[1].type) is None:
        raise TypeRuleError(f"{types.describe(arguments[1].type)} is never an element of this list")
    return Maybe(INTEGER)


@function(
    "reverse",
    [LIST],
    _same_list,
    "The elements in reverse order.",
    [("reverse([1, 2, 3])", "[3, 2, 1]")],
    result_words="as list",
)
def reverse(values: list[Any]) -> list[Any]:
    return values[::-1]


@function(
    "sort",
    [P("list", _ORDERED)],
    _same_list,
    "The elements from the smallest to the largest; texts by the order of their characters.",
    [("sort([3, 1, 2])", "[1, 2, 3]"), ('sort(["b", "a"])', '["a", "b"]')],
    result_words="as list",
)
def sort(values: list[Any]) -> list[Any]:
    return sorted(values, key=order_key)


@function(
    "slice",
    [LIST, P("start", INTEGER), P("count", INTEGER)],
    _same_list,
    "So many elements from a place on; the first element is number 1.",
    [
        ("slice([4, 5, 6, 7], 2, 2)", "[5, 6]"),
        ("slice([4], 2, 5)", "[]"),
        ("slice([4], 0, 1)", "fails error"),
    ],
    fails=["error"],
    result_words="as list",
)
def slice_of(values: list[Any], start: int, count: int) -> list[Any]:
    if start < 1 or count < 0:
        raise FunctionFailure(
            "error", "the first element is number 1, and the count can't be negative", start
        )
    return values[start - 1 : start - 1 + count]


@function(
    "flatten",
    [P("list", _NESTED)],
    kinds.item_of_first,
    "The elements of all inner lists in one list.",
    [("flatten([[1, 2], [3]])", "[1, 2, 3]"), ("flatten([])", "[]")],
    result_words="list",
)
def flatten(values: list[list[Any]]) -> list[Any]:
    return [element for inner in values for element in inner]


@function(
    "concat",
    [LIST, P("other", kinds.LIST)],
    _joined_list,
    "The elements of both lists, one after the other.",
    [("concat([1], [2, 3])", "[1, 2, 3]")],
    fails=["error"],
    result_words="list",
)
def concat(values: list[Any], other: list[Any]) -> list[Any]:
    if len(values) + len(other) > LONGEST:
        raise FunctionFailure("error", f"the list would have more than {LONGEST} elements")
    return values + other


@function(
    "index_of",
    [LIST, P("element", kinds.ANY)],
    _element_and_list,
    "Where an element stands in a list for the first time, counted from 1; missing if it is not there.",
    [('index_of(["a", "b"], "b")', "2"), ("index_of([1], 2)", "missing")],
)
def index_of(values: list[Any], element: Any) -> int | None:
    wanted = identity_key(element)
    return next((number for number, value in enumerate(values, 1) if identity_key(value) == wanted), None)


@function(
    "has_duplicates",
    [LIST],
    BOOLEAN,
    "Whether an element occurs more than once.",
    [("has_duplicates([1, 2, 1])", "true"), ("has_duplicates([])", "false")],
)
def has_duplicates(values: list[Any]) -> bool:
    return len({identity_key(value) for value in values}) < len(values)


@function(
    "range",
    [P("from", INTEGER), P("to", INTEGER)],
    ListOf(INTEGER),
    "The whole numbers from one to another; at most 10000.",
    [("range(1, 3)", "[1, 2, 3]"), ("range(2, 1)", "[]"), ("range(1, 99999)", "fails error")],
    fails=["error"],
)
def range_of(start: int, end: int) -> list[int]:
    if end - start >= 10_000:
        raise FunctionFailure("error", "a range has at most 10000 numbers", end)
    return list(range(start, end + 1))


@function(
    "keys",
    [P("record", kinds.RECORD)],
    ListOf(TEXT),
    "The names of the fields of a record that are there.",
    [("keys({ a: 1, b: missing })", '["a"]')],
)
def keys(record: dict[str, Any]) -> list[str]:
    return [name for name, value in record.items() if value is not None and name != "^"]


@function(
    "has",
    [P("record", kinds.RECORD), P("field", TEXT)],
    BOOLEAN,
    "Whether a record has a value in the field of this name.",
    [('has({ a: 1 }, "a")', "true"), ('has({ a: 1 }, "b")', "false")],
)
def has(record: dict[str, Any], field: str) -> bool:
    return field != "^" and record.get(field) is not None
