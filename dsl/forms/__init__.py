"""Forms: what a module says, as JSON for a page.

A form is a projection of the text and holds no truth of its own. Each expression is the text that
stands in the module, each row has an identity without line numbers (a field its target path, a
table row its id) and the line on which it stands. What does not parse is a `raw` row with its
text. `dsl.edits` turns a changed row back into an edit of the text.
"""

from typing import Any

from dsl import syntax
from dsl.forms.datasets import dataset_form
from dsl.forms.flows import flow_form, playbook_form
from dsl.forms.functions import function_form, type_form
from dsl.forms.maps import map_form, map_rows
from dsl.forms.reading import line_of
from dsl.forms.rules import rules_form
from dsl.forms.tables import lookup_form, table_form
from dsl.parser import Parsed

__all__ = [
    "dataset_form", "flow_form", "function_form", "lookup_form", "map_form", "map_rows", "outline", "playbook_form",
    "rules_form", "table_form", "type_form",
]  # fmt: skip


def outline(parsed: Parsed) -> list[dict[str, Any]]:
    """The declarations of a module in order, each with kind, name and line."""
    return [
        {
            "kind": "raw" if isinstance(node, syntax.Raw) else type(node).__name__.lower(),
            "name": getattr(node, "name", ""),
            "line": line_of(parsed, node),
        }
        for node in parsed.module.declarations
    ]
