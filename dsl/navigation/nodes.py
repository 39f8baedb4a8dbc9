"""The syntax as a plain tree: the parts of any node, and what stands at an offset."""

from collections.abc import Iterator
from typing import Any

from dsl import syntax


def parts(node: object) -> Iterator[syntax.Node]:
    """The nodes directly inside a node, whatever construct it is."""
    waiting: list[Any] = [getattr(node, name) for name in _fields(node)]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, syntax.Node):
            yield value
        elif isinstance(value, tuple):
            waiting[:0] = value


def walk(node: syntax.Node) -> Iterator[syntax.Node]:
    """A node and all nodes below it."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        yield here
        waiting.extend(parts(here))


def _fields(node: object) -> list[str]:
    return [name for name in type(node).__dataclass_fields__ if name != "span"]  # type: ignore[attr-defined]


def declaration_at(module: syntax.Module, offset: int) -> syntax.Declaration | None:
    """The declaration that holds an offset."""
    return next((d for d in module.declarations if d.span.start <= offset <= d.span.end), None)


def expression_at(module: syntax.Module, offset: int) -> syntax.Node | None:
    """The innermost expression that covers the character at an offset."""
    declaration = declaration_at(module, offset)
    if declaration is None:
        return None
    found = [
        n
        for n in walk(declaration)
        if isinstance(n, syntax.Expression) and n.span.start <= offset < n.span.end
    ]
    return min(found, key=lambda n: n.span.end - n.span.start, default=None)
