"""The names that an expression reads."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from dsl import syntax


def names_in(node: object) -> Iterator[syntax.Name]:
    """All names in a node and in what is inside it, in no certain order."""
    waiting: list[Any] = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, syntax.Name):
            yield part
        elif isinstance(part, tuple):
            waiting.extend(part)
        elif isinstance(part, syntax.Node) and not isinstance(part, syntax.Literal):
            waiting.extend(getattr(part, f.name) for f in fields(part) if f.name != "span")
