"""The syntax of a line at another place: the same nodes anew, every span moved.

Nodes are told apart by identity, so a line that is read once and stands twice needs two sets of nodes.
"""

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any

from dsl.source import Span
from dsl.syntax import Node

Move = Callable[[Any, int], Any]


def moved(value: Any, by: int) -> Any:
    """A copy of a node, or of what holds nodes, `by` characters further on."""
    move = _MOVES.get(type(value))
    if move is None:
        move = _move_of(type(value))
    return value if move is _same else move(value, by)


def _same(value: Any, by: int) -> Any:
    return value


def _span(value: Span, by: int) -> Span:
    return Span(value.start + by, value.end + by)


def _tuple(value: tuple[Any, ...], by: int) -> tuple[Any, ...]:
    return tuple([moved(part, by) for part in value]) if value else value


def _list(value: list[Any], by: int) -> list[Any]:
    return [moved(part, by) for part in value]


_MOVES: dict[type[Any], Move] = {Span: _span, tuple: _tuple, list: _list, str: _same, int: _same, bool: _same}


def _move_of(kind: type[Any]) -> Move:
    """How values of a type are moved, worked out once for each type."""
    _MOVES[kind] = made = _node(kind) if issubclass(kind, Node) else _same
    return made


def _node(kind: type[Any]) -> Move:
    names = [field.name for field in fields(kind)]
    parts = attrgetter(*names)
    if len(names) == 1:
        return lambda value, by: kind(moved(parts(value), by))

    def move(value: Any, by: int) -> Any:
        found = []
        for part in parts(value):
            how = _MOVES.get(part.__class__) or _move_of(part.__class__)
            found.append(part if how is _same else how(part, by))
        return kind(*found)

    return move
