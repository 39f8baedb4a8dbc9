"""The functions of the language, one declaration each.

A declaration (`@function`) holds the name, the parameters with their types, the rule for the result
type, the failure kinds, a sentence of documentation, examples and the implementation. Checker,
compiler, completion, reference and tests all read it; a new function is one declaration in the module
of its family. Implementations are pure and take plain values as dsl.types describes them. They fail
by FunctionFailure(kind, message) and are bounded in time and memory for any input.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from dsl.errors import FunctionFailure
from dsl.functions import (
    calendars,
    checks,
    codes,
    comparing,
    dates,
    edi,
    figures,
    lists,
    measures,
    numbers,
    ordering,
    queries,
    records,
    tests,
    text,
    trees,
    wording,
)
from dsl.functions.declaration import (
    REQUIRED,
    Accepts,
    Argument,
    Example,
    Fault,
    FunctionSpec,
    Parameter,
    TypeRuleError,
    declared,
    function,
)
from dsl.program import Manifest
from dsl.syntax import Call, Expression

__all__ = [
    "FAMILIES", "PASSING", "REQUIRED", "Accepts", "Argument", "Default", "Example", "Fault", "FunctionFailure", "FunctionSpec",
    "Parameter", "TypeRuleError", "arrange", "bound", "function", "registry",
]  # fmt: skip

FAMILIES = tuple(
    module.__name__.rpartition(".")[2]
    for module in (
        text,
        wording,
        numbers,
        figures,
        dates,
        calendars,
        lists,
        ordering,
        trees,
        comparing,
        records,
        measures,
        codes,
        checks,
        edi,
        queries,
        tests,
    )
)


PASSING = frozenset({"tree", "descendants", "distinct", "sort", "reverse", "slice"})
"""Functions that give elements of their first argument, so that a value of the result leads back to its element."""


class Default:
    """Stands for an argument that a call leaves out; `value` is what the implementation gets."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def registry() -> Mapping[str, FunctionSpec]:
    """All functions by name."""
    return declared()


def arrange(spec: FunctionSpec, call: Call) -> list[Expression | Default]:
    """The arguments of a call in the order the implementation takes them; the call has been checked."""
    named = dict(call.named)
    rest = list(call.arguments)
    arranged: list[Expression | Default] = []
    for parameter in spec.parameters:
        if parameter.repeated:
            arranged.extend(rest)
            rest = []
        elif not parameter.named and rest:
            arranged.append(rest.pop(0))
        else:
            arranged.append(named.get(parameter.name) or Default(parameter.default))
    return arranged


def bound(spec: FunctionSpec, manifest: Manifest) -> Callable[..., Any]:
    """The implementation with the settings of the rule set filled in."""
    if spec.implementation is None:
        raise LookupError(f"{spec.name} is answered by the engine")
    settings: dict[str, Any] = {
        "time_zone": manifest.time_zone or "UTC",
        "holidays": frozenset(day for days in manifest.calendars.values() for day in days),
    }
    settings["calendars"] = manifest.calendars
    chosen = {name: settings[name] for name in spec.settings}
    return partial(spec.implementation, **chosen) if chosen else spec.implementation
