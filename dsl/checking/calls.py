"""Calls of functions: their arguments against the declaration."""

from typing import TYPE_CHECKING

from dsl import elsewhere, syntax, types
from dsl.checking import expressions as e
from dsl.checking import fieldnames, findings, testcalls, userfunctions
from dsl.checking.scopes import Scope, facts
from dsl.checking.session import did_you_mean, is_broken, listed
from dsl.diagnostics import Edit, Fix
from dsl.functions import Accepts, Argument, FunctionSpec, Parameter, TypeRuleError, registry
from dsl.program import EnumValue
from dsl.source import Span

if TYPE_CHECKING:
    from dsl.checking.expressions import Expressions, Kinds, Typed

Given = list[tuple[Parameter, syntax.Expression]]


def infer_call(check: "Expressions", node: syntax.Call, scope: Scope, expected: types.Type | None) -> "Typed":
    """The type of `f(a, b, name: c)`."""
    if node.function in check.session.functions:
        return userfunctions.infer_user_call(check, node, scope)
    spec = find_function(check, node)
    if spec is None:
        for argument in (*node.arguments, *(value for _, value in node.named)):
            check.infer(argument, scope)
        return e.BROKEN_VALUE
    if spec.family == "tests" and not scope.testing:
        check.report("M411", node.span, function=spec.name)
    if spec.family == "tests" and scope.testing:
        return testcalls.infer_test_call(check, spec, node, scope)
    if spec.name == "position":
        return _position(check, node, scope)
    given = pair_arguments(check, spec, node)
    if given is None:
        return e.BROKEN_VALUE
    return _checked(check, spec, node, given, scope, expected)


def find_function(check: "Expressions", node: syntax.Call | syntax.Comprehension) -> FunctionSpec | None:
    """The declaration of the function that is called."""
    spec = registry().get(node.function)
    if spec is None:
        name_end = node.span.start + len(node.function)
        span = type(node.span)(node.span.start, name_end)
        help_, fixes = _meant_function(check, span, node.function)
        check.report("M304", span, name=node.function, help=help_, fixes=fixes)
    return spec


def _meant_function(check: "Expressions", span: Span, name: str) -> tuple[list[str], list[Fix]]:
    """What a function that is not there was probably meant to be."""
    for kind, declared in (("lookup", check.session.lookups), ("table", check.session.tables)):
        if name in declared:
            fix = Fix(
                f"Write {kind} {name}(...)",
                (Edit(check.site.file, Span(span.start, span.start), f"{kind} "),),
            )
            return [f"`{name}` is a {kind}: {kind} {name}(...)"], [fix]
    folded = name.lower()
    if folded in elsewhere.CONSTRUCTS:
        return [elsewhere.CONSTRUCTS[folded]], []
    ours = elsewhere.FUNCTIONS.get(folded)
    if ours == "&":
        return ["Texts are joined by `&`: a & b."], []
    known = [ours] if ours else [*registry(), *check.session.functions]
    if folded in known:
        known = [folded]
    return did_you_mean(check.site, span, known[0] if len(known) == 1 else name, known)


def pair_arguments(check: "Expressions", spec: FunctionSpec, node: syntax.Call) -> Given | None:
    """Each argument with its parameter; reports wrong numbers and names."""
    positional = [p for p in spec.parameters if not p.named]
    repeated = positional[-1] if positional and positional[-1].repeated else None
    if len(node.arguments) > len(positional) and repeated is None:
        return _wrong(check, spec, node, f"takes {_number(len(positional))}, not {len(node.arguments)}")
    given: Given = [
        (positional[index] if index < len(positional) else repeated or positional[-1], argument)
        for index, argument in enumerate(node.arguments)
    ]
    by_name = {p.name: p for p in spec.parameters if not p.repeated}
    for name, value in node.named:
        parameter = by_name.get(name)
        if parameter is None:
            return _wrong(check, spec, node, f"has no parameter `{name}`; it has {listed(by_name)}")
        if any(p is parameter for p, _ in given):
            return _wrong(check, spec, node, f"`{name}` is given twice")
        given.append((parameter, value))
    present = {p.name for p, _ in given}
    lacking = [p.name for p in spec.parameters if p.name not in present and (p.required or p.repeated)]
    return _wrong(check, spec, node, f"`{lacking[0]}` is not given") if lacking else given


def _number(count: int) -> str:
    return "no arguments" if count == 0 else "1 argument" if count == 1 else f"{count} arguments"


def _wrong(check: "Expressions", spec: FunctionSpec, node: syntax.Call, problem: str) -> Given | None:
    findings.misused(check, node.span, spec, problem)
    return None


def _checked(
    check: "Expressions",
    spec: FunctionSpec,
    node: syntax.Call,
    given: Given,
    scope: Scope,
    expected: types.Type | None,
) -> "Typed":
    failures: Kinds = frozenset()
    by_name: dict[str, Argument] = {}
    arguments: list[Argument] = []
    broken = False
    inner = scope
    for index, (parameter, value) in enumerate(
        sorted(given, key=lambda pair: spec.parameters.index(pair[0]))
    ):
        inner = _scope_of(spec, node, index, scope)
        if parameter.fields:
            typed = fieldnames.check_field_names(check, spec, parameter, value, arguments)
        else:
            typed = check_argument(check, spec, parameter, value, inner, expected)
        kinds = typed.failures
        if spec.name == "coalesce":
            kinds = kinds - {"missing"}
            of = types.maybe(typed.type) if "missing" in typed.failures else typed.type
            typed = e.Typed(of, kinds)
        failures |= kinds
        broken = broken or is_broken(typed.type)
        arguments.append(argument_of(check, value, typed.type))
        by_name[parameter.name] = arguments[-1]
    if broken:
        return e.BROKEN_VALUE.also(failures)
    failures |= spec.failures_of(by_name)
    return _result(check, spec, node, arguments, failures)


def _scope_of(spec: FunctionSpec, node: syntax.Call, index: int, scope: Scope) -> Scope:
    """In if_else each branch knows what the condition settled."""
    if spec.name == "if_else" and index in (1, 2) and len(node.arguments) == 3:
        return scope.with_present(facts(node.arguments[0], index == 1))
    return scope


def _result(
    check: "Expressions", spec: FunctionSpec, node: syntax.Call, arguments: list[Argument], failures: "Kinds"
) -> "Typed":
    try:
        of = spec.result_type(arguments)
    except TypeRuleError as error:
        findings.unrelated_arguments(check, node.span, spec.name, error.message)
        return e.BROKEN_VALUE.also(failures)
    if (
        spec.name == "coalesce"
        and arguments
        and not isinstance(arguments[-1].type, types.Maybe | types.Nothing)
    ):
        of = types.present(of)
    return e.Typed(of, failures)


def argument_of(check: "Expressions", value: syntax.Expression, of: types.Type) -> Argument:
    """What the type rule sees of an argument."""
    if isinstance(value, syntax.FieldNames):
        return Argument(of, True, value.paths)
    if isinstance(value, syntax.Literal):
        return Argument(of, True, value.value)
    meant = check.session.names.get(value) if isinstance(value, syntax.Name) else None
    return Argument(of, True, meant.value) if isinstance(meant, EnumValue) else Argument(of)


def _as_word(
    check: "Expressions", spec: FunctionSpec, parameter: Parameter, value: syntax.Expression, scope: Scope
) -> "Typed | None":
    """The argument as a word that stands for itself, `half_up` or `KGM`; None where it is none."""
    if (
        not parameter.word
        or parameter.check is None
        or not isinstance(value, syntax.Name)
        or e.resolvable(value, scope)
    ):
        return None
    problem = parameter.check(value.name)
    if problem and not (parameter.constant or value.name.isupper()):
        return None
    check.session.names[value] = EnumValue(value.name)
    check.session.types[value] = types.TEXT
    check.session.failures[value] = frozenset()
    if problem:
        findings.wrong_constant(check, value, problem, spec)
        return e.BROKEN_VALUE
    return e.Typed(types.TEXT)


def check_argument(
    check: "Expressions",
    spec: FunctionSpec,
    parameter: Parameter,
    value: syntax.Expression,
    scope: Scope,
    expected: types.Type | None,
) -> "Typed":
    """One argument against its parameter: type, presence, and constants by the parameter's own check."""
    kind = parameter.type
    if word := _as_word(check, spec, parameter, value, scope):
        return word
    wanted = expected if isinstance(kind, Accepts) else kind
    infer = check.infer if parameter.missing_ok else check.need
    typed = infer(value, scope, wanted)
    if is_broken(typed.type):
        return typed
    if not (kind.test(typed.type) if isinstance(kind, Accepts) else types.fits(typed.type, kind)):
        words = kind.words if isinstance(kind, Accepts) else types.describe(kind)
        findings.wrong_argument(check, value.span, spec, words, parameter.name, typed.type)
        return e.BROKEN_VALUE.also(typed.failures)
    _check_constant(check, spec, parameter, value)
    return typed


def _check_constant(
    check: "Expressions", spec: FunctionSpec, parameter: Parameter, value: syntax.Expression
) -> None:
    problem = None
    if isinstance(value, syntax.Literal) and parameter.check is not None:
        problem = parameter.check(value.value)
    elif parameter.constant and not isinstance(value, syntax.Literal):
        problem = f"`{parameter.name}` of `{spec.name}` has to be written as a constant"
    if problem:
        findings.wrong_constant(check, value, problem, spec)


def _position(check: "Expressions", node: syntax.Call, scope: Scope) -> "Typed":
    name = node.arguments[0] if len(node.arguments) == 1 else None
    if not isinstance(name, syntax.Name) or name.name not in scope.elements:
        spec = registry()["position"]
        _wrong(check, spec, node, "takes the variable of an `each`")
        return e.BROKEN_VALUE
    check.infer(name, scope)
    return e.Typed(types.INTEGER)
