"""Operators: direct Python operations on plain numbers, texts and dates, `rules.arithmetic` for the rest."""

import ast
from typing import TYPE_CHECKING

from dsl import syntax, types
from dsl.functions.kinds import is_number
from rules import arithmetic
from rules.generation import nodes, support

if TYPE_CHECKING:
    from rules.generation.expressions import Expressions

_COMPARE: dict[str, type[ast.cmpop]] = {
    "=": ast.Eq,
    "<>": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}
_PLAIN = ("text", "integer", "decimal", "percent", "boolean", "date", "time", "datetime")


def compile_operator(
    of: "Expressions", node: syntax.Unary | syntax.Binary | syntax.Membership | syntax.Presence
) -> ast.expr:
    """The value of an operator's expression."""
    match node:
        case syntax.Unary(operator="not"):
            return nodes.negate(of.need(node.operand))
        case syntax.Unary():
            return _minus(of, node)
        case syntax.Binary(operator="and" | "or"):
            return _logic(of, node)
        case syntax.Binary(operator="&"):
            return _text(of, node)
        case syntax.Binary(operator=operator) if operator in _COMPARE:
            return _comparison(of, node)
        case syntax.Binary():
            return _arithmetic(of, node)
        case syntax.Membership():
            return _membership(of, node)
        case syntax.Presence():
            return _presence(of, node)


def _minus(of: "Expressions", node: syntax.Unary) -> ast.expr:
    value = of.need(node.operand)
    if is_number(types.present(of.type_of(node.operand))):
        return ast.UnaryOp(ast.USub(), value)
    return of.call(arithmetic.minus, value)


def _logic(of: "Expressions", node: syntax.Binary) -> ast.expr:
    left = of.need(node.left)
    with of.w.nested() as block:
        right = of.need(node.right)
    operator: ast.boolop = ast.And() if node.operator == "and" else ast.Or()
    if not block:
        return ast.BoolOp(operator, [left, right])
    name = of.w.temp(left)
    with of.w.at(node):
        block.append(_placed(nodes.assign(name, right), of.w.line))
        condition = nodes.load(name) if node.operator == "and" else nodes.negate(nodes.load(name))
        of.w.emit(nodes.branch(condition, block))
    return nodes.load(name)


def _placed(statement: ast.stmt, line: int) -> ast.stmt:
    statement.lineno = line
    statement.col_offset = 0
    return statement


def _text(of: "Expressions", node: syntax.Binary) -> ast.expr:
    parts: list[ast.expr] = []
    stack: list[syntax.Expression] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, syntax.Binary) and part.operator == "&":
            stack.extend((part.right, part.left))
        else:
            parts.append(of.need(part))
    joined: list[ast.expr] = [
        part if isinstance(part, ast.Constant) else ast.FormattedValue(part, -1, None) for part in parts
    ]
    return ast.JoinedStr(joined)


def is_plain(of: types.Type) -> bool:
    """Whether Python compares and hashes values of the type as the language does."""
    kind = types.present(of)
    return isinstance(kind, types.Enum) or (isinstance(kind, types.Scalar) and kind.name in _PLAIN)


def _comparison(of: "Expressions", node: syntax.Binary) -> ast.expr:
    # a missing value equals only another missing one; it has no order
    value = of.may if node.operator in ("=", "<>") else of.need
    left, right = value(node.left), value(node.right)
    if is_plain(of.type_of(node.left)) and is_plain(of.type_of(node.right)):
        return nodes.compare(left, _COMPARE[node.operator](), right)
    return _risky(of, node, arithmetic.COMPARE[node.operator], left, right)


def _arithmetic(of: "Expressions", node: syntax.Binary) -> ast.expr:
    left, right = of.need(node.left), of.need(node.right)
    one, two = types.present(of.type_of(node.left)), types.present(of.type_of(node.right))
    if not (is_number(one) and is_number(two)):
        return _risky(of, node, arithmetic.CALCULATE[node.operator], left, right)
    whole = one == types.INTEGER and two == types.INTEGER
    if node.operator == "/":
        return _risky(of, node, support.divide, left, right)
    if node.operator == "*" and whole:
        return _risky(of, node, support.times, left, right)
    operator: ast.operator = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult}[node.operator]()
    if whole:
        return ast.BinOp(left, operator, right)
    left, right = of.w.atom(left), of.w.atom(right)
    return _spilled(of, node, ast.BinOp(left, operator, right), (left, right))


def _risky(of: "Expressions", node: syntax.Expression, function: object, *operands: ast.expr) -> ast.expr:
    atoms = [of.w.atom(operand) for operand in operands]
    return _spilled(of, node, of.call(function, *atoms), tuple(atoms))


def _spilled(
    of: "Expressions", node: syntax.Expression, value: ast.expr, operands: tuple[ast.expr, ...]
) -> ast.expr:
    subjects = tuple(operand.id for operand in operands if isinstance(operand, ast.Name))
    of.risks += 1
    with of.w.at(node, subjects):
        return nodes.load(of.w.temp(value))


def _membership(of: "Expressions", node: syntax.Membership) -> ast.expr:
    value = of.may(node.value)
    operator: ast.cmpop = ast.NotIn() if node.negated else ast.In()
    if isinstance(node.options, syntax.ListLiteral) and is_plain(of.type_of(node.value)):
        options = nodes.tuple_of([of.need(option) for option in node.options.items])
        return nodes.compare(value, operator, options)
    found = _risky(of, node, arithmetic.contains, of.need(node.options), value)
    return nodes.negate(found) if node.negated else found


def _presence(of: "Expressions", node: syntax.Presence) -> ast.expr:
    value = of.may(node.value)
    if node.test == "missing":
        return nodes.not_none(value) if node.negated else nodes.is_none(value)
    test = of.call(support.blank, value)
    return nodes.negate(test) if node.negated else test
