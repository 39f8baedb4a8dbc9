"""The types that operators take and give."""

from typing import TYPE_CHECKING

from dsl import syntax, types
from dsl.checking import expressions as e
from dsl.checking import findings
from dsl.checking.scopes import Scope, facts
from dsl.checking.session import is_broken
from dsl.functions.kinds import is_number, is_ordered, is_scalar

if TYPE_CHECKING:
    from dsl.checking.expressions import Expressions, Kinds, Typed

_ERROR: "Kinds" = frozenset({"error"})


def infer_operator(check: "Expressions", node: syntax.Expression, scope: Scope) -> "Typed":
    """The type of an expression made by an operator."""
    match node:
        case syntax.Unary(operator="not"):
            failures = check.condition(node.operand, scope, "what follows `not`")
            return e.Typed(types.BOOLEAN, failures)
        case syntax.Unary():
            return _minus(check, node, scope)
        case syntax.Presence():
            return _presence(check, node, scope)
        case syntax.Membership():
            return _membership(check, node, scope)
        case syntax.Binary(operator="and" | "or"):
            return _logic(check, node, scope)
        case syntax.Binary(operator="=" | "<>" | "<" | "<=" | ">" | ">="):
            return _comparison(check, node, scope)
        case syntax.Binary(operator="&"):
            return _text(check, node, scope)
        case syntax.Binary():
            return _arithmetic(check, node, scope)
    raise AssertionError(f"no operator: {node}")


def _minus(check: "Expressions", node: syntax.Unary, scope: Scope) -> "Typed":
    typed = check.need(node.operand, scope)
    of = typed.type
    measure = isinstance(of, types.Quantity | types.Money)
    if is_broken(of) or is_number(of) or measure or of == types.DURATION:
        return typed
    return _refuse(check, node, "-", types.describe(of), "nothing")


def _refuse(check: "Expressions", node: syntax.Expression, operator: str, left: str, right: str) -> "Typed":
    findings.wrong_operands(check, node.span, operator, left, right)
    return e.BROKEN_VALUE


def _presence(check: "Expressions", node: syntax.Presence, scope: Scope) -> "Typed":
    typed = check.infer(node.value, scope)
    certain = not isinstance(typed.type, types.Maybe | types.Nothing | types.Anything)
    can_fail = "missing" in typed.failures
    if node.test == "missing" and certain and not can_fail and not is_broken(typed.type):
        if not isinstance(typed.type, types.ListOf):
            check.report("M506", node.span, answer="yes" if node.negated else "no")
    return e.Typed(types.BOOLEAN, typed.failures)


def _membership(check: "Expressions", node: syntax.Membership, scope: Scope) -> "Typed":
    value = check.infer(node.value, scope)
    options = check.need(node.options, scope, types.ListOf(types.present(value.type)))
    failures = value.failures | options.failures
    if is_broken(value.type) or is_broken(options.type):
        return e.Typed(types.BOOLEAN, failures)
    if not isinstance(options.type, types.ListOf):
        findings.no_list(check, node.options.span, options.type)
    else:
        _comparable(check, node, types.present(value.type), options.type.item, node.options)
    return e.Typed(types.BOOLEAN, failures)


def _logic(check: "Expressions", node: syntax.Binary, scope: Scope) -> "Typed":
    what = f"each side of `{node.operator}`"
    left = check.condition(node.left, scope, what)
    inner = scope.with_present(facts(node.left, node.operator == "and"))
    return e.Typed(types.BOOLEAN, left | check.condition(node.right, inner, what))


def _comparison(check: "Expressions", node: syntax.Binary, scope: Scope) -> "Typed":
    equality = node.operator in ("=", "<>")
    infer = check.infer if equality else check.need
    if e.resolvable(node.left, scope):
        left = infer(node.left, scope)
        right = infer(node.right, scope, left.type)
    elif e.resolvable(node.right, scope):
        right = infer(node.right, scope)
        left = infer(node.left, scope, right.type)
    else:
        left, right = infer(node.left, scope), e.BROKEN_VALUE
    failures = left.failures | right.failures
    one, other = types.present(left.type), types.present(right.type)
    if is_broken(one) or is_broken(other):
        return e.Typed(types.BOOLEAN, failures)
    if not equality and not (is_ordered(one) and is_ordered(other)):
        wrong = other if is_ordered(one) else one
        findings.wrong_operands(check, node.span, node.operator, wrong, "anything: it has no order")
        return e.Typed(types.BOOLEAN, failures)
    _comparable(check, node, one, other, node.right)
    if _unit_may_differ(one, other) and not _different_units(one, other):
        failures |= _ERROR
    return e.Typed(types.BOOLEAN, failures)


def _unit_may_differ(left: types.Type, right: types.Type) -> bool:
    return isinstance(left, types.Quantity | types.Money) and (
        left != right or left in (types.Quantity(), types.Money())
    )


def _comparable(
    check: "Expressions",
    node: syntax.Expression,
    left: types.Type,
    right: types.Type,
    place: syntax.Expression,
) -> None:
    if isinstance(left, types.Nothing) or isinstance(right, types.Nothing):
        return
    if isinstance(left, types.Anything) or isinstance(right, types.Anything):
        findings.unconverted(check, place.span)
        return
    enum = left if isinstance(left, types.Enum) else right
    if isinstance(enum, types.Enum) and isinstance(place, syntax.Literal) and place.kind == "text":
        if place.value not in enum.values:
            findings.unknown_value(check, place.span, place.value, enum, replace=False)
        return
    if types.join(left, right) is None or _different_units(left, right):
        findings.not_comparable(check, node.span, left, right)


def _different_units(left: types.Type, right: types.Type) -> bool:
    match left, right:
        case types.Quantity(one), types.Quantity(other):
            return one is not None and other is not None and one != other
        case types.Money(one), types.Money(other):
            return one is not None and other is not None and one != other
        case _:
            return False


def _text(check: "Expressions", node: syntax.Binary, scope: Scope) -> "Typed":
    failures: Kinds = frozenset()
    for side in (node.left, node.right):
        typed = check.need(side, scope)
        failures |= typed.failures
        if not is_broken(typed.type) and not types.fits(typed.type, types.TEXT):
            help_ = ["Make it a text by text(...)."]
            findings.wrong_type(check, side.span, "what `&` joins", "text", typed.type, help=help_)
    return e.Typed(types.TEXT, failures)


def _arithmetic(check: "Expressions", node: syntax.Binary, scope: Scope) -> "Typed":
    left, right = check.need(node.left, scope), check.need(node.right, scope)
    failures = left.failures | right.failures
    if is_broken(left.type) or is_broken(right.type):
        return e.Typed(left.type if is_broken(left.type) else right.type, failures)
    result = arithmetic_type(node.operator, left.type, right.type)
    if result is not None and _wrong_duration(check, node, left.type):
        return e.BROKEN_VALUE.also(failures)
    if result is None:
        refused = _refuse(check, node, node.operator, types.describe(left.type), types.describe(right.type))
        return refused.also(failures)
    return e.Typed(result, failures | _arithmetic_failures(node, left.type, right.type))


def _wrong_duration(check: "Expressions", node: syntax.Binary, left: types.Type) -> bool:
    """Business days need a calendar, so they are added by a function; hours do not fit a date."""
    if not isinstance(node.right, syntax.Literal) or node.right.kind != "duration" or left == types.DURATION:
        return False
    unit = node.right.value["unit"]
    if unit == "business_days":
        findings.wrong_operands(
            check, node.span, node.operator, left, "business_days; use add(date, duration)"
        )
    elif left == types.DATE and unit not in ("days", "weeks"):
        findings.wrong_operands(check, node.span, node.operator, left, unit)
    else:
        return False
    return True


def _arithmetic_failures(node: syntax.Binary, left: types.Type, right: types.Type) -> "Kinds":
    """Division by a constant other than zero and sums of small numbers can't fail in practice; the rest can."""
    divisor = node.right
    if node.operator == "/":
        return frozenset() if isinstance(divisor, syntax.Literal) and divisor.value else _ERROR
    if right == types.DURATION:
        return frozenset() if isinstance(divisor, syntax.Literal) and left != types.DURATION else _ERROR
    return _ERROR if _unit_may_differ(left, right) and node.operator in "+-" else frozenset()


def arithmetic_type(operator: str, left: types.Type, right: types.Type) -> types.Type | None:
    """The type of `left operator right`, or None where it means nothing."""
    if operator in ("+", "-"):
        return _sum_type(operator, left, right)
    if is_number(left) and is_number(right):
        return _product_type(operator, left, right)
    measure = (types.Quantity, types.Money)
    if isinstance(left, measure) and is_number(right):
        return left
    if operator == "*" and is_number(left) and isinstance(right, measure):
        return right
    if (
        operator == "/"
        and isinstance(left, measure)
        and type(left) is type(right)
        and types.join(left, right)
    ):
        return types.DECIMAL
    return None


def _product_type(operator: str, left: types.Type, right: types.Type) -> types.Type:
    if operator == "*" and left == right == types.INTEGER:
        return types.INTEGER
    if left == types.PERCENT and right == types.PERCENT:
        return types.PERCENT if operator == "*" else types.DECIMAL
    return types.DECIMAL


def _sum_type(operator: str, left: types.Type, right: types.Type) -> types.Type | None:
    if is_scalar(left, ("date", "datetime")) and right == types.DURATION:
        return left
    if types.PERCENT in (left, right):
        return types.PERCENT if left == right else None
    if left == right == types.DURATION:
        return types.DURATION
    if is_number(left) and is_number(right):
        return types.INTEGER if left == right == types.INTEGER else types.DECIMAL
    if isinstance(left, types.Quantity | types.Money) and type(left) is type(right):
        if left == right or types.fits(left, right) or types.fits(right, left):
            return types.join(left, right)
    return None
