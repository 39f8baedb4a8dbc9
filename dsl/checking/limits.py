"""Constants against the limits of the field they are given to: lengths, patterns, ranges, allowed values."""

from collections.abc import Iterator
from typing import Any

from dsl import syntax, types
from dsl.checking.constants import constant_value
from dsl.checking.expressions import Expressions
from dsl.decimals import shown
from dsl.limits import Limits, list_faults, value_faults, written
from dsl.program import EnumValue

_MOST = 5


def check_limits(check: Expressions, target: str, node: syntax.Expression, limits: Limits | None) -> None:
    """Report a value that is known now and that the schema does not allow."""
    if limits is None:
        return
    if isinstance(node, syntax.ListLiteral):
        _check_list(check, target, node, limits)
        return
    faults = [
        (value, origin, fault)
        for value, origin in _known(check, node)
        for fault in value_faults(limits, value)
    ]
    for value, origin, fault in faults[:_MOST]:
        _report(check, target, node, f"{origin}{_shown(value)} can't stand there: it {fault}")


def _report(check: Expressions, target: str, node: syntax.Expression, problem: str) -> None:
    check.report("M214", node.span, target=target, problem=problem)


def _check_list(check: Expressions, target: str, node: syntax.ListLiteral, limits: Limits) -> None:
    try:
        faults = [*list_faults(limits, constant_value(node))]
    except LookupError:
        faults = []
    for fault in faults:
        _report(check, target, node, f"the list {fault}")
    for item in node.items:
        check_limits(check, f"an item of {target}", item, limits.each)


def _known(check: Expressions, node: syntax.Expression) -> Iterator[tuple[Any, str]]:
    """The values that an expression can have as far as they stand in the rule set, with where they stand."""
    match node:
        case syntax.Name() if isinstance(meaning := check.session.names.get(node), EnumValue):
            yield meaning.value, ""
        case syntax.LookupCall(lookup=name) if name in check.session.lookups:
            lookup = check.session.lookups[name]
            lookup = lookup.reversed() if node.reverse else lookup
            named = [index for index, column, _ in lookup.answers if node.column in (None, column)]
            for number, row in enumerate(lookup.rows, 1) if len(named) == 1 else ():
                if row[named[0]] is not None:
                    yield row[named[0]], f"row {number} of the lookup {name} gives "
        case syntax.Call(function="coalesce", arguments=arguments):
            for argument in arguments:
                yield from _known(check, argument)
        case syntax.Literal() | syntax.Unary():
            try:
                yield constant_value(node), ""
            except LookupError:
                return


def _shown(value: Any) -> str:
    return shown(value) if isinstance(value, str) else written(value)


def check_enum(
    check: Expressions, target: str, given: types.Type, node: syntax.Expression, limits: Limits | None
) -> None:
    """Report values of an enumeration that the field has no room for."""
    of = types.present(given)
    if limits is None or not isinstance(of, types.Enum) or isinstance(node, syntax.Name | syntax.LookupCall):
        return
    for value in of.values[:200]:
        faults = value_faults(limits, value)
        if faults:
            _report(
                check,
                target,
                node,
                f"{shown(value)}, a value of {types.describe(of)}, can't stand there: it {faults[0]}",
            )
            return
