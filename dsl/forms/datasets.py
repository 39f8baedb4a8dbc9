"""The form of a dataset: its key columns and the schema of its records."""

from dsl import syntax
from dsl.forms.reading import Form, find, placed, text_of, type_text
from dsl.parser import Parsed


def dataset_form(parsed: Parsed, name: str) -> Form:
    """The key columns with their types, each also as it is written, and the schema with its version."""
    node = find(parsed, syntax.Dataset, name)
    return {
        "kind": "dataset",
        "name": name,
        "keys": [
            {"name": key.name, "type": type_text(parsed, key.type), "text": text_of(parsed, key)}
            for key in node.keys
        ],
        "schema": node.schema,
        "version": node.version,
        **placed(parsed, node),
    }
