"""Short ways to build Python `ast` nodes. Names come from the compiler, user data only as constants."""

import ast
from collections.abc import Sequence


def load(name: str) -> ast.expr:
    """A variable, read."""
    return ast.Name(name, ast.Load())


def const(value: str | int | bool | None) -> ast.expr:
    """A constant."""
    return ast.Constant(value)


def call(function: str, *arguments: ast.expr) -> ast.expr:
    """A call of a name of the compiler."""
    return ast.Call(load(function), list(arguments), [])


def method(value: ast.expr, name: str, *arguments: ast.expr) -> ast.expr:
    """A call of a method whose name the compiler chose."""
    return ast.Call(attribute(value, name), list(arguments), [])


def attribute(value: ast.expr, name: str) -> ast.expr:
    """An attribute whose name the compiler chose."""
    return ast.Attribute(value, name, ast.Load())


def item(value: ast.expr, key: ast.expr) -> ast.expr:
    """`value[key]`."""
    return ast.Subscript(value, key, ast.Load())


def assign(name: str, value: ast.expr) -> ast.stmt:
    """`name = value`."""
    return ast.Assign([ast.Name(name, ast.Store())], value)


def assign_item(name: str, key: str, value: ast.expr) -> ast.stmt:
    """`name["key"] = value`."""
    return ast.Assign([ast.Subscript(load(name), const(key), ast.Store())], value)


def assign_all(names: Sequence[str], value: ast.expr) -> ast.stmt:
    """`a = b = c = value`."""
    return ast.Assign([ast.Name(name, ast.Store()) for name in names], value)


def compare(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
    """`left operator right`."""
    return ast.Compare(left, [operator], [right])


def is_none(value: ast.expr) -> ast.expr:
    """`value is None`."""
    return compare(value, ast.Is(), const(None))


def not_none(value: ast.expr) -> ast.expr:
    """`value is not None`."""
    return compare(value, ast.IsNot(), const(None))


def negate(value: ast.expr) -> ast.expr:
    """`not value`."""
    return ast.UnaryOp(ast.Not(), value)


def tuple_of(values: Sequence[ast.expr]) -> ast.expr:
    """`(a, b)`."""
    return ast.Tuple(list(values), ast.Load())


def list_of(values: Sequence[ast.expr]) -> ast.expr:
    """`[a, b]`."""
    return ast.List(list(values), ast.Load())


def loop(target: ast.expr, source: ast.expr, body: list[ast.stmt]) -> ast.stmt:
    """`for target in source: body`."""
    return ast.For(target, source, body or [ast.Pass()], [])


def branch(condition: ast.expr, body: list[ast.stmt], otherwise: list[ast.stmt] | None = None) -> ast.stmt:
    """`if condition: body else: otherwise`."""
    return ast.If(condition, body or [ast.Pass()], otherwise or [])


def attempt(body: list[ast.stmt], failures: str, error: str, handler: list[ast.stmt]) -> ast.stmt:
    """`try: body except failures as error: handler`."""
    caught = ast.ExceptHandler(load(failures), error, handler or [ast.Pass()])
    return ast.Try(body or [ast.Pass()], [caught], [], [])


def define(name: str, parameters: Sequence[str], body: list[ast.stmt]) -> ast.stmt:
    """`def name(parameters): body`."""
    arguments = ast.arguments([], [ast.arg(p) for p in parameters], None, [], [], None, [])
    return ast.FunctionDef(name, arguments, body or [ast.Pass()], [])


def is_atom(value: ast.expr) -> bool:
    """Whether reading it twice costs nothing."""
    return isinstance(value, ast.Name | ast.Constant)
