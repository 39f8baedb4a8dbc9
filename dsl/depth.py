"""A bound on how deep an expression nests, so that whoever walks it may recurse."""

from dataclasses import fields, is_dataclass
from typing import Any

from dsl import syntax
from dsl.tree import Line

MAX_DEPTH = 100


def too_deep(line: Line, node: Any) -> bool:
    """Whether a line's node is deeper than MAX_DEPTH; only lines with that many tokens are looked into."""
    return len(line.tokens) > MAX_DEPTH and _depth_exceeds(node)


def _depth_exceeds(node: Any) -> bool:
    pending: list[tuple[Any, int]] = [(node, 1)]
    while pending:
        value, depth = pending.pop()
        if depth > MAX_DEPTH:
            return True
        if isinstance(value, tuple | list):
            pending += [(item, depth) for item in value]
        elif is_dataclass(value) and not isinstance(value, syntax.Literal):
            pending += [(getattr(value, f.name), depth + 1) for f in fields(value) if f.name != "span"]
    return False
