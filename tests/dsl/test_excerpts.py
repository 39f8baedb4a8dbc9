"""A finding in a terminal: carets under what is meant, labels with words, fixes numbered, nothing that acts."""

from dsl.diagnostics import Diagnostic, Edit, Fix, Label, Severity
from dsl.excerpts import excerpt
from dsl.source import Source, Span

TEXT = 'map m : nc -> x\n  severity = lookup codes(nc.PRIOK)\n  id = "a"\n\n\n  id = "b"\nend\n'
SOURCES = {"m.mw": Source("m.mw", TEXT), "t.mw": Source("t.mw", "table t\n")}


def rendered(words, labels=(), help=(), fixes=(), text=TEXT):
    """The text of a finding about the last place where the words stand."""
    start = text.rindex(words)
    found = Diagnostic(
        "M203",
        Severity.ERROR,
        "`severity` can end up empty",
        "m.mw",
        Span(start, start + len(words)),
        labels=tuple(labels),
        help=tuple(help),
        fixes=tuple(fixes),
    )
    return "".join(piece.text for piece in excerpt(found, {**SOURCES, "m.mw": Source("m.mw", text)}))


def test_the_whole_of_it_reads_like_this():
    span = Span(TEXT.index("lookup"), TEXT.index("lookup") + len("lookup codes(nc.PRIOK)"))
    edit = (Edit("m.mw", Span(0, 0), ""),)
    shown = rendered(
        "lookup codes(nc.PRIOK)",
        [Label("m.mw", span, '"7" has no row'), Label("t.mw", Span(0, 5), "this table")],
        ["Say what happens then."],
        [Fix("on no_match use minor warn", edit), Fix('Add the row "7"', edit)],
    )
    assert shown == (
        "error[M203] `severity` can end up empty\n"
        "  --> m.mw:2:14\n"
        "   |\n"
        " 2 |   severity = lookup codes(nc.PRIOK)\n"
        '   |              ^^^^^^^^^^^^^^^^^^^^^^ "7" has no row\n'
        "  ::: t.mw:1:1\n"
        "   |\n"
        " 1 | table t\n"
        "   | ----- this table\n"
        "   = help: Say what happens then.\n"
        "   = fix 1: on no_match use minor warn\n"
        '   = fix 2: Add the row "7"\n'
    )


def test_two_places_of_one_file_stand_in_order_with_the_gap_marked():
    first = TEXT.index("id")
    shown = rendered("id", [Label("m.mw", Span(first, first + 2), "set here first")])
    lines = shown.splitlines()
    assert lines[3:] == [' 3 |   id = "a"', "   |   -- set here first", " .", ' 6 |   id = "b"', "   |   ^^"]


def test_carets_stand_under_wide_characters_and_tabs():
    assert rendered('"漢字"', text='\tx = "漢字"\n').endswith("   | " + " " * 8 + "^^^^^^\n")


def test_nothing_in_a_line_acts_on_the_terminal():
    assert "\x1b" not in rendered("x", text="\x1b[31mx\x07\n")


def test_a_long_line_is_cut_around_the_place():
    shown = rendered("HERE", text="a" * 500 + "HERE" + "b" * 500 + "\n")
    line, carets = shown.splitlines()[3:5]
    assert len(line) < 200 and line.index("HERE") == carets.index("^")


def test_a_span_over_lines_is_marked_on_its_first_line():
    assert rendered("(\n1)", text="  id = (\n1)\n").endswith("   | " + " " * 7 + "^\n")
