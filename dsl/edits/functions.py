"""Edits of functions and types: another expression, another definition."""

from dsl import syntax
from dsl.diagnostics import Edit
from dsl.edits.applying import checked, expression_checked
from dsl.forms.reading import find
from dsl.parser import Parsed


def set_function(parsed: Parsed, name: str, expression: str) -> tuple[Edit, ...]:
    """Another expression of a function; its signature stays."""
    node = find(parsed, syntax.Function, name)
    return checked(parsed, [Edit(parsed.source.path, node.value.span, expression_checked(expression))])


def set_type(parsed: Parsed, name: str, definition: str) -> tuple[Edit, ...]:
    """Another definition of a type; one that could not be read is refused."""
    node = find(parsed, syntax.Type, name)
    return checked(parsed, [Edit(parsed.source.path, node.definition.span, definition.strip())])
