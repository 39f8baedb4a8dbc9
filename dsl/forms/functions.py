"""The forms of functions and types: signature and expression, or the definition, as formula cells."""

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


def type_form(parsed: Parsed, name: str) -> Form:
    """The definition as text; the values of an enumeration or the fields of a record for a page to list."""
    node = find(parsed, syntax.Type, name)
    of = node.definition
    shape = "enum" if of.values else "record" if of.fields else "type"
    return {
        "kind": "type",
        "name": name,
        "shape": shape,
        "values": list(of.values),
        "fields": columns_form(parsed, of.fields),
        "definition": type_text(parsed, of),
        **placed(parsed, node),
    }
