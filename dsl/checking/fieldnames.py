"""Arguments that name fields of the elements of a list: `key: line`, `id: HL."01"`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsl import syntax, types
from dsl.checking import expressions as e
from dsl.checking import findings, references
from dsl.checking.session import is_broken
from dsl.functions import Argument, FunctionSpec, Parameter

if TYPE_CHECKING:
    from dsl.checking.expressions import Expressions, Typed


def check_field_names(
    check: "Expressions",
    spec: FunctionSpec,
    parameter: Parameter,
    value: syntax.Expression,
    before: Sequence[Argument],
) -> "Typed":
    """The type of what is named in every list among the arguments before; a record where there are several."""
    if not isinstance(value, syntax.FieldNames):
        problem = f"`{parameter.name}` names a field of the elements, for example `{parameter.name}: line`"
        findings.misused(check, value.span, spec, problem)
        return e.BROKEN_VALUE
    lists = [argument.type.item for argument in before if isinstance(argument.type, types.ListOf)]
    found = [(path, _joined(check, value, path, lists)) for path in value.paths]
    if any(of is None for _, of in found):
        return e.BROKEN_VALUE
    kinds = [(path, of) for path, of in found if of is not None]
    of = kinds[0][1] if len(kinds) == 1 else _record(kinds)
    check.session.types[value] = of
    return e.Typed(of)


def _record(kinds: Sequence[tuple[tuple[str, ...], types.Type]]) -> types.Type:
    optional = any(isinstance(of, types.Maybe) for _, of in kinds)
    record = types.Record("key", {path[-1]: types.FieldSpec(types.present(of), True) for path, of in kinds})
    return types.maybe(record) if optional else record


def _joined(
    check: "Expressions", value: syntax.FieldNames, path: tuple[str, ...], lists: Sequence[types.Type]
) -> types.Type | None:
    """The one type that the field has in all the lists."""
    result: types.Type | None = None
    for item in lists:
        if isinstance(item, types.Nothing) or is_broken(item):
            continue
        of = _field(check, value, path, item)
        joined = of if of is None or result is None else types.join(result, of)
        if of is not None and joined is None and result is not None:
            findings.not_comparable(check, value.span, result, of)
        if joined is None:
            return None
        result = joined
    return result


def _field(
    check: "Expressions", value: syntax.FieldNames, path: tuple[str, ...], of: types.Type
) -> types.Type | None:
    optional = False
    for name in path:
        inner = types.present(of)
        known = inner.fields if isinstance(inner, types.Record) else {}
        if name not in known:
            findings.unknown_field(
                check, references.place_of(check, value, name), types.describe(inner), name, known
            )
            return None
        of = types.field_type(known[name])
        optional = optional or isinstance(of, types.Maybe)
    return types.maybe(of) if optional else of
