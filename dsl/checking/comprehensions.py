"""`sum(d.qty for d in nc.defects where ...)`: a list made element by element, then the function on it."""

from typing import TYPE_CHECKING

from dsl import syntax, types
from dsl.checking import calls, fieldnames, findings
from dsl.checking import expressions as e
from dsl.checking.scopes import Scope, facts
from dsl.checking.session import BROKEN, is_broken
from dsl.functions import Accepts, Argument, FunctionSpec, Parameter, TypeRuleError
from dsl.functions.kinds import is_ordered
from dsl.program import Variable

if TYPE_CHECKING:
    from dsl.checking.expressions import Expressions, Kinds, Typed


def infer_comprehension(
    check: "Expressions", node: syntax.Comprehension, scope: Scope, expected: types.Type | None
) -> "Typed":
    """The type of a comprehension is that of its function on the list it collects."""
    if node.function in check.session.functions:
        problem = "is called with its arguments; give it a list as one of them"
        findings.wrong_call(check, node.span, "function", node.function, problem)
        return e.BROKEN_VALUE
    spec = calls.find_function(check, node)
    item, failures = element_of(check, node.source, scope)
    inner = scope.with_variable(Variable(node.variable, item), element=True)
    if scope.find(node.variable) is not None and node.variable != "message":
        findings.taken_name(check, node.span, node.variable)
    inner, more = filtered(check, inner, node.where, node.order_by)
    wanted = expected.item if isinstance(expected, types.ListOf) else expected
    element = check.need(node.element, inner, wanted)
    failures |= more | element.failures
    if spec is None or is_broken(element.type):
        return e.BROKEN_VALUE.also(failures)
    return _applied(check, spec, node, element.type, failures, scope)


def element_of(check: "Expressions", source: syntax.Expression, scope: Scope) -> tuple[types.Type, "Kinds"]:
    """The type of the elements of what is gone through."""
    typed = check.need(source, scope)
    if is_broken(typed.type):
        return BROKEN, typed.failures
    if isinstance(typed.type, types.ListOf):
        empty = isinstance(typed.type.item, types.Nothing)
        return BROKEN if empty else typed.type.item, typed.failures
    findings.no_list(check, source.span, typed.type)
    return BROKEN, typed.failures


def filtered(
    check: "Expressions", scope: Scope, where: syntax.Expression | None, order: tuple[syntax.OrderKey, ...]
) -> tuple[Scope, "Kinds"]:
    """The scope behind a `where`, and how it and the order keys can fail."""
    failures: Kinds = frozenset()
    if where is not None:
        failures |= check.condition(where, scope, "what follows `where`")
        scope = scope.with_present(facts(where, True))
    return scope, failures | ordered(check, scope, order)


def ordered(check: "Expressions", scope: Scope, order: tuple[syntax.OrderKey, ...]) -> "Kinds":
    """The failures of order keys; each has to be of a type that has an order."""
    failures: Kinds = frozenset()
    for key in order:
        typed = check.need(key.value, scope)
        failures |= typed.failures
        if not is_broken(typed.type) and not (is_ordered(typed.type) or isinstance(typed.type, types.Enum)):
            findings.wrong_type(check, key.span, "an order key", "a value that can be ordered", typed.type)
    return failures


def _applied(
    check: "Expressions",
    spec: FunctionSpec,
    node: syntax.Comprehension,
    item: types.Type,
    failures: "Kinds",
    scope: Scope,
) -> "Typed":
    as_call = syntax.Call(node.span, node.function, (node.element,), node.named)
    given = calls.pair_arguments(check, spec, as_call)
    if given is None:
        return e.BROKEN_VALUE.also(failures)
    collected = types.ListOf(item)
    if not _fits(given[0][0], collected):
        words = given[0][0].type
        wanted = words.words if isinstance(words, Accepts) else types.describe(words)
        findings.wrong_argument(check, node.element.span, spec, wanted, given[0][0].name, collected)
        return e.BROKEN_VALUE.also(failures)
    arguments = [Argument(collected)]
    by_name = {given[0][0].name: arguments[0]}
    for parameter, value in sorted(given[1:], key=lambda pair: spec.parameters.index(pair[0])):
        if parameter.fields:
            typed = fieldnames.check_field_names(check, spec, parameter, value, arguments)
        else:
            typed = calls.check_argument(check, spec, parameter, value, scope, None)
        failures |= typed.failures
        if is_broken(typed.type):
            return e.BROKEN_VALUE.also(failures)
        arguments.append(calls.argument_of(check, value, typed.type))
        by_name[parameter.name] = arguments[-1]
    return _result(check, spec, node, arguments, failures | spec.failures_of(by_name))


def _fits(parameter: Parameter, of: types.Type) -> bool:
    kind = parameter.type
    return kind.test(of) if isinstance(kind, Accepts) else types.fits(of, kind)


def _result(
    check: "Expressions",
    spec: FunctionSpec,
    node: syntax.Comprehension,
    arguments: list[Argument],
    failures: "Kinds",
) -> "Typed":
    try:
        return e.Typed(spec.result_type(arguments), failures)
    except TypeRuleError as error:
        findings.unrelated_arguments(check, node.span, spec.name, error.message)
        return e.BROKEN_VALUE.also(failures)
