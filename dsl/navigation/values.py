"""Where a value of an enumeration is declared: in a schema, or in the module that names the enumeration."""

import re

from dsl import syntax, types
from dsl.navigation.symbols import Place
from dsl.program import Program
from dsl.source import Span


def value_place(program: Program, node: syntax.Name) -> Place | None:
    """The place of an enumeration's value; None where nothing but the type rule knows it."""
    of = types.present(program.types.get(node, types.TEXT))
    if not isinstance(of, types.Enum):
        return None
    for schema in program.schemas.values():
        known = schema.definitions.get(of.name)
        if known == of and schema.path in program.sources:
            return _named(program.sources[schema.path].text, schema.path, of.name, node.name)
    return _declared(program, of, node.name)


def _named(text: str, path: str, enum: str, value: str) -> Place | None:
    """The value after the name of its definition."""
    start = text.find(f'"{enum}"', max(text.find('"$defs"'), text.find('"definitions"'), 0))
    found = text.find(f'"{value}"', start) if start >= 0 else -1
    return Place(path, Span(found + 1, found + 1 + len(value))) if found >= 0 else None


def _declared(program: Program, of: types.Enum, value: str) -> Place | None:
    """The value in an `enum { ... }` of a module that lists the same ones."""
    for path in program.modules:
        for found in re.finditer(r"enum\s*\{([^}]*)\}", program.sources[path].text):
            words = re.findall(r"[\w-]+", found[1])
            if tuple(words) == of.values:
                at = re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", found[1])
                start = found.start(1) + (at.start() if at else 0)
                return Place(path, Span(start, start + len(value)))
    return None
