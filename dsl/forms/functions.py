"""The form of a function: its signature and its one expression, as a formula cell."""

from dsl import syntax
from dsl.forms.reading import Form, columns_form, find, placed, text_of, type_text
from dsl.parser import Parsed


def function_form(parsed: Parsed, name: str) -> Form:
    """Parameters with their types, the type of the result, the expression."""
    node = find(parsed, syntax.Function, name)
    return {
        "kind": "function",
        "name": name,
        "parameters": columns_form(parsed, node.parameters),
        "result": type_text(parsed, node.result),
        "expression": text_of(parsed, node.value),
        **placed(parsed, node),
    }
