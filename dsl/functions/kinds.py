"""The choices of types that parameters share."""

from collections.abc import Sequence

from dsl import types
from dsl.functions.declaration import Accepts, Argument, TypeRuleError

ORDERED = ("text", "integer", "decimal", "percent", "date", "time", "datetime")
NUMBERS = ("integer", "decimal", "percent")


def is_scalar(of: types.Type, names: Sequence[str]) -> bool:
    """Whether it is one of the named built-in types."""
    return isinstance(of, types.Scalar) and of.name in names


def is_number(of: types.Type) -> bool:
    """integer, decimal or percent."""
    return is_scalar(of, NUMBERS)


def is_amount(of: types.Type) -> bool:
    """A number, or a number with a unit or currency."""
    return is_number(of) or isinstance(of, types.Quantity | types.Money)


def is_ordered(of: types.Type) -> bool:
    """What `<` compares."""
    return is_scalar(of, ORDERED) or isinstance(of, types.Quantity | types.Money)


NUMBER = Accepts("number", is_number)
AMOUNT = Accepts("number, quantity or money", is_amount)
LIST = Accepts("list", lambda of: isinstance(of, types.ListOf))
LIST_OF_TEXT = Accepts("list of text", lambda of: types.fits(of, types.ListOf(types.TEXT)))
LIST_OF_BOOLEAN = Accepts("list of boolean", lambda of: types.fits(of, types.ListOf(types.BOOLEAN)))
LIST_OF_AMOUNTS = Accepts(
    "list of numbers, quantities or money",
    lambda of: isinstance(of, types.ListOf) and (is_amount(of.item) or isinstance(of.item, types.Nothing)),
)
LIST_OF_NUMBERS = Accepts(
    "list of numbers",
    lambda of: isinstance(of, types.ListOf) and (is_number(of.item) or isinstance(of.item, types.Nothing)),
)
LIST_OF_MEASURES = Accepts(
    "list of quantities or money",
    lambda of: isinstance(of, types.ListOf) and isinstance(of.item, types.Quantity | types.Money),
)
ORDERED_OR_LIST = Accepts(
    "values that can be ordered, or one list of them",
    lambda of: is_ordered(of.item) if isinstance(of, types.ListOf) else is_ordered(of),
)
RECORD = Accepts("record", lambda of: isinstance(of, types.Record))
LIST_OF_RECORDS = Accepts(
    "list of records", lambda of: isinstance(of, types.ListOf) and isinstance(of.item, types.Record)
)
ANY = Accepts("any value", lambda of: True)
FIELD = Accepts("field of the elements", lambda of: True)
SINGLE = Accepts(
    "any single value but a percentage (see format_percent)",
    lambda of: not isinstance(of, types.ListOf | types.Record | types.Nothing) and of != types.PERCENT,
)
NUMBER_OR_TEXT = Accepts(
    "text or number",
    lambda of: (
        is_scalar(of, ("text", "integer", "decimal", "percent"))
        or isinstance(of, types.Enum | types.Anything)
    ),
)


def same_as_first(arguments: Sequence[Argument]) -> types.Type:
    """The result has the type of the first argument."""
    return types.present(arguments[0].type)


def item_of_first(arguments: Sequence[Argument]) -> types.Type:
    """The result is an element of the list given first."""
    first = arguments[0].type
    if not isinstance(first, types.ListOf):
        raise TypeRuleError(f"a list is needed here, not {types.describe(first)}")
    return first.item


def common(arguments: Sequence[Argument]) -> types.Type:
    """The one type all arguments fit; a missing one makes it `T?`."""
    result: types.Type = arguments[0].type
    for argument in arguments[1:]:
        joined = types.join(result, argument.type)
        if joined is None:
            left, right = types.describe(result), types.describe(argument.type)
            raise TypeRuleError(f"all values have to be of one type, but here are {left} and {right}")
        result = joined
    return result
