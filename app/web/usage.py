"""Which source paths an expression reads, in the words of the map's parameters."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from app.web.targets import written_name
from dsl import syntax


def paths_read(node: Any, scope: Mapping[str, str]) -> Iterator[str]:
    """Every path below a node; `scope` says what each variable stands for (`d` -> `nc.QMFE`)."""
    if isinstance(node, syntax.Path | syntax.Name):
        found = _dotted(node, scope)
        if found:
            yield found
            return
    if isinstance(node, syntax.Comprehension):
        base = _dotted(node.source, scope)
        scope = {**scope, node.variable: base} if base else scope
    if isinstance(node, tuple):
        for part in node:
            yield from paths_read(part, scope)
    elif is_dataclass(node):
        for one in fields(node):
            if one.name != "span":
                yield from paths_read(getattr(node, one.name), scope)


def dotted(node: Any, scope: Mapping[str, str]) -> str:
    """A path as text, through the variables of the scope; empty for anything else."""
    return _dotted(node, scope)


def _dotted(node: Any, scope: Mapping[str, str]) -> str:
    if isinstance(node, syntax.Name):
        return scope.get(node.name, "")
    if isinstance(node, syntax.Path):
        base = _dotted(node.base, scope)
        return f"{base}.{written_name(node.field)}" if base else ""
    return ""
