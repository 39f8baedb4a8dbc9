"""When a function that can fail in general can't fail with the arguments at hand, so that no handler is asked for."""

from collections.abc import Callable, Sequence
from typing import Any

from dsl import types
from dsl.functions import kinds
from dsl.functions.declaration import Given
from dsl.syntax import FailureKind

Safe = Callable[[Given], Sequence[FailureKind]]
Test = Callable[[Any], bool]


def constants(**tests: Test) -> Safe:
    """No error where these arguments are left out, or are constants that pass their test."""

    def safe(given: Given) -> Sequence[FailureKind]:
        fine = all(
            name not in given or (given[name].constant and test(given[name].value))
            for name, test in tests.items()
        )
        return ("error",) if fine else ()

    return safe


def typed(name: str, test: Callable[[types.Type], bool], also: Safe | None = None) -> Safe:
    """No error where an argument is of certain types (and the other condition holds too)."""

    def safe(given: Given) -> Sequence[FailureKind]:
        if name in given and test(types.present(given[name].type)):
            return also(given) if also is not None else ("error",)
        return ()

    return safe


def single_values(given: Given) -> Sequence[FailureKind]:
    """min and max of single values are never missing; only units can disagree."""
    of = given["values"].type
    inner = of.item if isinstance(of, types.ListOf) else of
    measured = isinstance(inner, types.Quantity | types.Money)
    safe: tuple[FailureKind, ...] = () if measured else ("error",)
    return safe if isinstance(of, types.ListOf) else (*safe, "missing")


def plain_numbers(given: Given) -> Sequence[FailureKind]:
    """The mean of plain numbers has no units that could disagree."""
    of = given["list"].type
    plain = isinstance(of, types.ListOf) and (kinds.is_number(of.item) or isinstance(of.item, types.Nothing))
    return ("error",) if plain else ()


def one_unit(given: Given) -> Sequence[FailureKind]:
    """Quantities whose unit is known by type can be added without looking at it."""
    of = given["list"].type
    item = of.item if isinstance(of, types.ListOf) else of
    known = item not in (types.Quantity(), types.Money())
    return ("error",) if known else ()


def small(value: Any) -> bool:
    """A number of characters or digits within all limits."""
    return isinstance(value, int) and 0 <= value <= 30_000


def text(value: Any) -> bool:
    """A text that is not empty."""
    return isinstance(value, str) and value != ""


def any_value(value: Any) -> bool:
    """Any constant: it has been checked already."""
    return True


def not_zero(value: Any) -> bool:
    """A divisor."""
    return bool(value)


def not_any(of: types.Type) -> bool:
    """A value whose type is known."""
    return not isinstance(of, types.Anything)
