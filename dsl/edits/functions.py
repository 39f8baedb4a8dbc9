"""Edits of functions: another expression."""

from dsl import syntax
from dsl.diagnostics import Edit
from dsl.edits.applying import checked, expression_checked
from dsl.forms.reading import find
from dsl.parser import Parsed


def set_function(parsed: Parsed, name: str, expression: str) -> tuple[Edit, ...]:
    """Another expression of a function; its signature stays."""
    node = find(parsed, syntax.Function, name)
    return checked(parsed, [Edit(parsed.source.path, node.value.span, expression_checked(expression))])
