"""`remember` and `forget`: keys of the dataset's columns, records that fit its schema."""

from collections.abc import Iterator

from dsl import syntax, types
from dsl.checking import handlers
from dsl.checking.expressions import Expressions
from dsl.checking.references import check_arguments, unknown_declaration
from dsl.checking.scopes import Scope
from dsl.checking.session import is_broken, suggestions
from dsl.program import CheckedDataset
from dsl.source import Span


def check_remember(check: Expressions, node: syntax.Remember, scope: Scope) -> None:
    """The key and the record that is kept under it."""
    dataset = _dataset(check, node, node.dataset)
    _check_keys(check, node, node.dataset, node.keys, dataset, scope)
    record = dataset.schema.record if dataset is not None else None
    typed = check.need(node.record, scope, record)
    handlers.no_failures(check, node.record, typed.failures)
    if dataset is None or is_broken(typed.type):
        return
    for span, problem in _misfits(check, node.record, typed.type, dataset.schema.record, ""):
        schema = f"{dataset.schema.name}@{dataset.schema.version}"
        check.report("M728", span, dataset=node.dataset, schema=schema, problem=problem)


def check_forget(check: Expressions, node: syntax.Forget, scope: Scope) -> None:
    """The key of what is forgotten."""
    _check_keys(check, node, node.dataset, node.keys, _dataset(check, node, node.dataset), scope)


def _dataset(check: Expressions, node: syntax.Node, name: str) -> CheckedDataset | None:
    known = check.session.datasets
    if name not in known and not _is_declared(check, name):
        unknown_declaration(check, node, "dataset", name, known)
    return known.get(name)


def _is_declared(check: Expressions, name: str) -> bool:
    declarations = (part for module in check.session.modules.values() for part in module.declarations)
    return any(isinstance(part, syntax.Dataset) and part.name == name for part in declarations)


def _check_keys(
    check: Expressions,
    node: syntax.Node,
    name: str,
    keys: tuple[syntax.Expression, ...],
    dataset: CheckedDataset | None,
    scope: Scope,
) -> None:
    if dataset is None:
        for key in keys:
            handlers.no_failures(check, key, check.need(key, scope).failures)
        return
    failures = check_arguments(check, node, "dataset", name, keys, dataset.keys, scope)
    handlers.no_failures(check, node, failures)


def _misfits(
    check: Expressions, node: syntax.Expression, given: types.Type, wanted: types.Record, way: str
) -> Iterator[tuple[Span, str]]:
    """What keeps a record from fitting, each with its place."""
    if not isinstance(node, syntax.RecordLiteral):
        if not types.fits(given, wanted):
            yield node.span, f"this is {types.describe(given)}"
        return
    values = dict(node.fields)
    for name, spec in wanted.fields.items():
        if spec.required and name not in values:
            yield node.span, f"`{way}{name}` is required"
    for name, value in node.fields:
        if name in wanted.fields:
            yield from _value_misfits(check, value, wanted.fields[name], f"{way}{name}")
        elif not wanted.open:
            close = suggestions(name, wanted.fields)
            yield (
                value.span,
                f"there is no field `{way}{name}`" + (f"; did you mean `{close[0]}`?" if close else ""),
            )


def _value_misfits(
    check: Expressions, value: syntax.Expression, spec: types.FieldSpec, path: str
) -> Iterator[tuple[Span, str]]:
    given, wanted = check.session.types[value], types.present(spec.type)
    of = types.present(given)
    if spec.required and isinstance(given, types.Maybe | types.Nothing):
        yield value.span, f"`{path}` is required, but this may be missing"
    elif isinstance(wanted, types.Record) and isinstance(value, syntax.RecordLiteral):
        yield from _misfits(check, value, of, wanted, f"{path}.")
    elif not (is_broken(of) or isinstance(of, types.Nothing) or types.fits(of, wanted)):
        yield value.span, f"`{path}` is {types.describe(wanted)}, but this is {types.describe(of)}"
