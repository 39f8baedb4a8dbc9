"""Declared types in forms, edits, completion, format and comparison."""

import pytest

from dsl import edits, forms
from dsl.completion import complete
from dsl.parser import parse
from dsl.printer import format_text
from dsl.source import Source
from rules.diff import semantic_diff
from tests.dsl.workshop import checked

TEXT = "type size = enum { small, large }  # of lots\ntype pair = record { a: text, b: decimal? }\n"


def parsed(text=TEXT):
    return parse(Source("m.mw", text))


def test_the_form_of_an_enumeration_lists_its_values():
    form = forms.type_form(parsed(), "size")
    assert (form["shape"], form["values"], form["comment"]) == ("enum", ["small", "large"], "of lots")


def test_the_form_of_a_record_lists_its_fields():
    form = forms.type_form(parsed(), "pair")
    assert form["fields"] == [{"name": "a", "type": "text"}, {"name": "b", "type": "decimal?"}]


def test_a_definition_is_changed_where_it_stands():
    changed = edits.apply_edits(TEXT, edits.set_type(parsed(), "size", "enum { small, medium, large }"))
    assert changed == TEXT.replace("{ small, large }", "{ small, medium, large }")


def test_a_definition_that_can_not_be_read_is_refused():
    with pytest.raises(edits.EditError):
        edits.set_type(parsed(), "size", "enum { small, ")


def test_a_type_of_several_lines_is_laid_out_once():
    text = "type pair=record {\n  a: text,\n      b : decimal ?\n}\n"
    once = format_text(Source("m.mw", text))
    assert format_text(Source("m.mw", once)) == once
    assert "type pair = record {" in once


def test_types_are_proposed_behind_the_colon_of_a_parameter():
    module = 'use schema canon.case "v1"\ntype size = enum { small, large }\nfunction f(s: si) : text = "a"\n'
    program = checked(module)
    labels = [entry["label"] for entry in complete(program, "m.mw", module.index("s: si") + 5)]
    assert labels[0] == "size"


def test_a_changed_type_is_told():
    old, new = checked(TEXT), checked(TEXT.replace("large", "big"))
    assert [change.sentence for change in semantic_diff(old, new)] == ["type size is now enum { small, big }"]


LOOKUP = 'lookup units : text -> text  # both worlds\n  | "ST" => "C62" |\nend\n'


def test_a_lookup_is_declared_to_be_read_backwards_and_back():
    module = parsed(LOOKUP)
    both = edits.apply_edits(LOOKUP, edits.set_two_way(module, "units", True))
    assert both.startswith("lookup units : text -> text two_way  # both worlds\n")
    assert edits.apply_edits(both, edits.set_two_way(parsed(both), "units", False)) == LOOKUP


def test_a_lookup_that_becomes_two_way_is_told():
    new = checked(LOOKUP.replace("-> text", "-> text two_way"))
    assert [change.sentence for change in semantic_diff(checked(LOOKUP), new)] == [
        "lookup units can be read backwards now"
    ]


def test_the_fields_of_the_elements_are_proposed_behind_key():
    module = (
        'use schema erp.notice "v1"\nuse schema canon.case "v1"\nmap m : nc in erp.notice -> canon.case\n'
    )
    line = "  note = text(count(compare(nc.defects, nc.defects, key: co"
    program = checked(module + line + "de).added))\nend\n")
    assert [e["label"] for e in complete(program, "m.mw", len(module) + len(line))] == ["code", "count"]
