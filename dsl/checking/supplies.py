"""What a test supplies to a flow: records of datasets, answers of other systems."""

from dsl import syntax, types
from dsl.checking import findings
from dsl.checking.endpoints import declared
from dsl.checking.expressions import Expressions
from dsl.checking.references import check_arguments, unknown_declaration
from dsl.checking.scopes import Scope
from dsl.checking.session import BROKEN, is_broken, suggestions
from dsl.checking.testcalls import wrong_values

FAILURES = ("transport", "application", "partner_data")


def check_supplies(check: Expressions, node: syntax.Test, scope: Scope) -> None:
    """Each against the dataset or call that it stands for."""
    for supply in node.supplies:
        if node.subject != "flow":
            wrong_values(check, supply, f"only a flow reads records and answers; this tests a {node.subject}")
        match supply:
            case syntax.GivenAnswer():
                _answer(check, node, supply, scope)
            case syntax.GivenRecord(value=value):
                _value(check, value, _key(check, supply, scope), scope)
            case syntax.GivenWaited():
                _key(check, supply, scope)


def _key(check: Expressions, supply: syntax.GivenRecord | syntax.GivenWaited, scope: Scope) -> types.Type:
    """The key of a record; gives the type of the record."""
    dataset = check.session.datasets.get(supply.dataset)
    if dataset is None:
        for key in supply.keys:
            check.infer(key, scope)
        if not declared(check.session, syntax.Dataset, supply.dataset):
            unknown_declaration(check, supply, "dataset", supply.dataset, check.session.datasets)
        return BROKEN
    check_arguments(check, supply, "dataset", supply.dataset, supply.keys, dataset.keys, scope)
    return dataset.schema.record


def _answer(check: Expressions, node: syntax.Test, supply: syntax.GivenAnswer, scope: Scope) -> None:
    flow = check.session.flows.get(node.subject_name) if node.subject == "flow" else None
    schema = flow.answers.get(supply.variable) if flow is not None else None
    if flow is not None and schema is None:
        close = suggestions(supply.variable, flow.answers)
        hint = f"; did you mean `{close[0]}`?" if close else ""
        wrong_values(check, supply, f"`{node.subject_name}` makes no call `as {supply.variable}`{hint}")
    if supply.failure and supply.failure not in FAILURES:
        findings.unknown_failure(check, supply.failure_span or supply.span, supply.failure, FAILURES)
    if supply.value is not None:
        _value(check, supply.value, BROKEN if schema is None else schema.record, scope)


def _value(check: Expressions, value: syntax.Expression, of: types.Type, scope: Scope) -> None:
    """A record of a test may leave fields out, but not invent any."""
    typed = check.infer(value, scope, of)
    given = types.present(typed.type)
    if is_broken(given) or not isinstance(of, types.Record) or is_broken(of):
        return
    if not isinstance(given, types.Record):
        if not isinstance(given, types.Anything):
            findings.wrong_type(check, value.span, "what is supplied", of.name, given)
        return
    unknown = [name for name in given.fields if name not in of.fields and not of.open]
    if unknown:
        close = suggestions(unknown[0], of.fields)
        hint = f"; did you mean `{close[0]}`?" if close else ""
        wrong_values(check, value, f"{of.name} has no field `{unknown[0]}`{hint}")
