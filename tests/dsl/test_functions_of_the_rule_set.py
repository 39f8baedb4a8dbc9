"""Functions of the rule set: read, shown as a form, changed by an edit."""

import pytest

from dsl import edits, forms, syntax
from dsl.errors import EditError
from dsl.parser import parse
from dsl.source import Source

TEXT = "# by plant\nfunction zone(plant: text, at: date?) : text? = lookup zones(plant)  # in words\n"


def test_a_function_is_read() -> None:
    (node,) = parse(Source("a.mw", TEXT)).module.declarations
    assert isinstance(node, syntax.Function)
    assert (node.name, [p.name for p in node.parameters], node.result.optional) == (
        "zone",
        ["plant", "at"],
        True,
    )
    assert isinstance(node.value, syntax.LookupCall)


def test_its_form_has_a_formula_cell() -> None:
    parsed = parse(Source("a.mw", TEXT))
    form = forms.function_form(parsed, "zone")
    assert form["parameters"] == [{"name": "plant", "type": "text"}, {"name": "at", "type": "date?"}]
    assert (form["result"], form["expression"], form["comment"]) == (
        "text?",
        "lookup zones(plant)",
        "in words",
    )
    assert forms.outline(parsed) == [{"kind": "function", "name": "zone", "line": 2}]


def test_another_expression_is_a_small_edit() -> None:
    parsed = parse(Source("a.mw", TEXT))
    (edit,) = edits.set_function(parsed, "zone", " plant ")
    assert edits.apply_edits(TEXT, [edit]) == TEXT.replace("lookup zones(plant)", "plant")


def test_an_edit_that_can_not_be_read_is_refused() -> None:
    with pytest.raises(EditError):
        edits.set_function(parse(Source("a.mw", TEXT)), "zone", "lookup (")
