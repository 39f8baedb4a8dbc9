"""Edits: a changed row of a form as the least change of the text.

Each function takes the parsed module and returns edits of text spans; nothing else of the text
moves, comments included. A change after which the text could not be read, or which would say more
than one row can say, is refused with `EditError`; its details hold the diagnostics.
"""

from dsl.edits.applying import apply_edits
from dsl.edits.cards import (
    add_action,
    add_rule,
    move_action,
    move_rule,
    remove_action,
    remove_rule,
    rename_rule,
    set_first_only,
    set_let,
)
from dsl.edits.columns import add_column, remove_column, set_column, set_otherwise, set_table_policy
from dsl.edits.datasets import set_dataset_keys, set_dataset_schema
from dsl.edits.flows import (
    add_reaction,
    add_step,
    move_step,
    remove_reaction,
    remove_step,
    set_flow_keys,
    set_flow_property,
    set_reaction,
    set_receive,
    set_runbook,
    set_step,
)
from dsl.edits.functions import set_function, set_type
from dsl.edits.lookups import add_lookup_row, remove_lookup_row, set_lookup_row, set_two_way
from dsl.edits.maps import add_line, remove_field, set_field, set_line, set_policy
from dsl.edits.rules import set_action, set_because, set_when
from dsl.edits.tables import add_row, move_row, remove_row, set_cell
from dsl.errors import EditError

__all__ = [
    "EditError", "add_action", "add_column", "add_line", "add_lookup_row", "add_reaction", "add_row",
    "add_rule", "add_step", "apply_edits", "move_action", "move_row", "move_rule", "move_step",
    "remove_action", "remove_column", "remove_field", "remove_lookup_row", "remove_reaction", "remove_row",
    "remove_rule", "remove_step", "rename_rule", "set_action", "set_because", "set_cell", "set_column",
    "set_dataset_keys", "set_dataset_schema",
    "set_field", "set_first_only", "set_flow_keys", "set_flow_property", "set_function", "set_let",
    "set_line", "set_lookup_row", "set_otherwise", "set_policy", "set_reaction", "set_receive",
    "set_runbook", "set_step", "set_table_policy", "set_two_way", "set_type", "set_when",
]  # fmt: skip
