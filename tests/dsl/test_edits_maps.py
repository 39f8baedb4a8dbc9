"""Edits of maps: one row changed is one line changed, comments untouched, nonsense refused."""

from collections.abc import Callable, Sequence

import pytest

from dsl import edits
from dsl.diagnostics import Edit
from dsl.edits import EditError, apply_edits
from dsl.forms import map_form
from dsl.parser import Parsed, parse

Read = Callable[[str], Parsed]

MODULE = """\
map a : nc -> canon.y
  # the key
  id       = "SAP-" & nc.A   # unique
  severity = nc.P            on missing use minor  # default
  if nc.b = 1
    kind = x
  else if nc.b = 2
    kind = w
  else
    kind = y
  end
  each d in nc.D where d.X is blank into defects
    line = d.N
  end
  check nc.q >= 0 else reject "negative"
end
"""


def changed(parsed: Parsed, made: Sequence[Edit]) -> list[tuple[str, str]]:
    """The lines that differ, before and after; only for edits that keep the number of lines."""
    before = parsed.source.text.splitlines()
    after = apply_edits(parsed.source.text, made).splitlines()
    return [(b, a) for b, a in zip(before, after, strict=True) if b != a]


def added(parsed: Parsed, made: Sequence[Edit]) -> list[str]:
    before = parsed.source.text.splitlines()
    return [line for line in apply_edits(parsed.source.text, made).splitlines() if line not in before]


def test_new_expression_changes_one_line(read: Read) -> None:
    parsed = read(MODULE)
    assert changed(parsed, edits.set_field(parsed, "a", "id", "trim(nc.B)")) == [
        ('  id       = "SAP-" & nc.A   # unique', "  id       = trim(nc.B)   # unique")
    ]


def test_handlers_stay_in_their_column(read: Read) -> None:
    parsed = read(MODULE)
    ((_, after),) = changed(parsed, edits.set_field(parsed, "a", "severity", "trim(nc.Q)"))
    assert after == "  severity = trim(nc.Q)      on missing use minor  # default"


def test_handlers_are_replaced_added_and_taken_out(read: Read) -> None:
    parsed = read(MODULE)
    handlers = [
        {"on": "missing", "action": "skip", "warn": True},
        {"on": "error", "action": "use", "value": "1 + 1"},
    ]
    ((_, after),) = changed(parsed, edits.set_field(parsed, "a", "severity", "nc.P", handlers))
    assert after == "  severity = nc.P            on missing skip warn on error use 1 + 1  # default"
    ((_, after),) = changed(parsed, edits.set_field(parsed, "a", "severity", "nc.R", []))
    assert after == "  severity = nc.R  # default"
    ((_, after),) = changed(parsed, edits.set_field(parsed, "a", "id", '"SAP-" & nc.A', handlers[:1]))
    assert after == '  id       = "SAP-" & nc.A  on missing skip warn   # unique'


@pytest.mark.parametrize(
    ("row", "text", "line"),
    [
        ("if:1", "nc.b = 7", "  if nc.b = 7"),
        ("if:1.2", "nc.b = 7", "  else if nc.b = 7"),
        ("kind@if:1.else", "z", "    kind = z"),
        ("defects[].line", "d.M", "    line = d.M"),
        ("check:1", "nc.q > 0", '  check nc.q > 0 else reject "negative"'),
    ],
)
def test_every_row_with_an_expression_is_editable(read: Read, row: str, text: str, line: str) -> None:
    parsed = read(MODULE)
    ((_, after),) = changed(parsed, edits.set_field(parsed, "a", row, text))
    assert after == line


def test_each_keeps_its_target(read: Read) -> None:
    parsed = read(MODULE)
    ((_, after),) = changed(parsed, edits.set_field(parsed, "a", "each:defects", "d in nc.E"))
    assert after == "  each d in nc.E into defects"


def test_new_field_comes_last_with_its_equal_sign_in_line(read: Read) -> None:
    parsed = read(MODULE)
    made = edits.set_field(parsed, "a", "lot", "nc.L", [{"on": "missing", "action": "skip"}])
    assert added(parsed, made) == ["  lot      = nc.L  on missing skip"]
    assert apply_edits(MODULE, made).splitlines()[-2] == "  lot      = nc.L  on missing skip"


@pytest.mark.parametrize(
    ("target", "line"),
    [('defects[]."Item No"', '    "Item No" = nc.L'), ("lot@if:1.2", "    lot  = nc.L"), ("lot@if:1.else", "    lot  = nc.L")],
)  # fmt: skip
def test_new_field_goes_into_its_block(read: Read, target: str, line: str) -> None:
    parsed = read(MODULE)
    made = edits.set_field(parsed, "a", target, "nc.L")
    assert added(parsed, made) == [line]
    after = parse(type(parsed.source)("a", apply_edits(MODULE, made)))
    assert target in [row["id"] for row in map_form(after, "a")["rows"]]


def test_new_field_in_an_empty_map_is_indented(read: Read) -> None:
    parsed = read("map a : nc -> x\nend\n")
    assert (
        apply_edits(parsed.source.text, edits.set_field(parsed, "a", "id", "1"))
        == "map a : nc -> x\n  id = 1\nend\n"
    )


@pytest.mark.parametrize(
    ("row", "gone"),
    [("id", 1), ("each:defects", 3), ("if:1", 7), ("if:1.2", 2), ("if:1.else", 2), ("defects[].line", 1)],
)
def test_row_is_removed_with_what_it_holds(read: Read, row: str, gone: int) -> None:
    parsed = read(MODULE)
    after = apply_edits(MODULE, edits.remove_field(parsed, "a", row))
    assert len(after.splitlines()) == len(MODULE.splitlines()) - gone
    assert "# the key" in after


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "1\nend\nmap b : nc -> x\n  y = 1",
        "1 on missing skip",
        "1 # x",
        "(",
        "a b",
        '"open',
        "x = 1\n  z = 2",
        "a\u202e",
    ],
)
def test_what_is_not_one_expression_is_refused(read: Read, expression: str) -> None:
    with pytest.raises(EditError) as error:
        edits.set_field(read(MODULE), "a", "id", expression)
    assert error.value.code == "edit_refused"


@pytest.mark.parametrize("target", ["", "a b", "x = 1 +", "nothing[].line", "1x", "a\nb"])
def test_what_is_no_target_is_refused(read: Read, target: str) -> None:
    with pytest.raises(EditError):
        edits.set_field(read(MODULE), "a", target, "1")


def test_raw_row_is_put_right_by_its_line(read: Read) -> None:
    parsed = read("map a : nc -> x\n  id = \n  y = 1\nend\n")
    after = apply_edits(parsed.source.text, edits.set_line(parsed, "a", "raw:1", "id = nc.A"))
    assert after == "map a : nc -> x\n  id = nc.A \n  y = 1\nend\n"


def test_other_mistakes_of_the_file_do_not_stop_an_edit(read: Read) -> None:
    parsed = read("map a : nc -> x\n  id = \n  y = 1\nend\n")
    assert changed(parsed, edits.set_field(parsed, "a", "y", "2")) == [("  y = 1", "  y = 2")]


def test_windows_line_breaks_stay(read: Read) -> None:
    parsed = read(MODULE.replace("\n", "\r\n"))
    after = apply_edits(parsed.source.text, edits.set_field(parsed, "a", "lot", "nc.L"))
    assert after.count("\r\n") == after.count("\n")


@pytest.mark.parametrize(
    ("text", "parent", "lines"),
    [
        ("let x = nc.A", "", ["  let x = nc.A"]),
        ('check a else warn "x"', "each:defects", ['    check a else warn "x"']),
        ("each e in d.E into parts", "each:defects", ["    each e in d.E into parts", "    end"]),
        ("if nc.c", "", ["  if nc.c", "  end"]),
    ],
)
def test_statements_are_added_to_a_block(read: Read, text: str, parent: str, lines: list[str]) -> None:
    parsed = read(MODULE)
    after = apply_edits(MODULE, edits.add_line(parsed, "a", text, parent)).splitlines()
    place = after.index(lines[0])
    assert after[place : place + len(lines)] == lines
    assert len(after) == len(MODULE.splitlines()) + len(lines)


@pytest.mark.parametrize("text", ["end", "else", "x", "map b : c -> d", "x = 1\ny = 2"])
def test_what_is_not_one_statement_is_not_added(read: Read, text: str) -> None:
    with pytest.raises(EditError):
        edits.add_line(read(MODULE), "a", text)


POLICY = "map a : nc -> x  # head\n  on missing reject  # why\n  on error reject\n  f = 1\nend\n"


@pytest.mark.parametrize(
    ("handlers", "after"),
    [
        ([("missing", "skip"), ("error", "reject")], POLICY.replace("on missing reject", "on missing skip")),
        ([], "map a : nc -> x\n  f = 1\nend\n"),
        ([("many", "reject")], "map a : nc -> x\n  on many reject\n  f = 1\nend\n"),
    ],
)
def test_policy_is_one_line_a_kind(read: Read, handlers: list[tuple[str, str]], after: str) -> None:
    text = POLICY if len(handlers) == 2 else POLICY.replace("  # head", "").replace("  # why", "")
    made = edits.set_policy(read(text), "a", [{"on": kind, "action": action} for kind, action in handlers])
    assert apply_edits(text, made) == after


BRANCHED = """\
map m : nc in a.b -> c.d
  if nc.a = 1
    x = 1
  end
end
"""


def test_a_branch_is_added_to_an_if_and_rows_to_the_branch(read: Read) -> None:
    parsed = read(BRANCHED)
    text = apply_edits(BRANCHED, edits.add_line(parsed, "m", "else", "if:1"))
    assert text == BRANCHED.replace("    x = 1\n", "    x = 1\n  else\n")
    again = read(text)
    text = apply_edits(text, edits.add_line(again, "m", "else if nc.a = 2", "if:1"))
    assert text == BRANCHED.replace("    x = 1\n", "    x = 1\n  else if nc.a = 2\n  else\n")
    again = read(text)
    rows = [row["id"] for row in map_form(again, "m")["rows"] if row["kind"] == "if"]
    text = apply_edits(text, edits.add_line(again, "m", "x = 3", rows[-1]))
    assert text.endswith("  else\n    x = 3\n  end\nend\n")


def test_an_else_without_an_if_is_refused(read: Read) -> None:
    with pytest.raises(EditError, match="if"):
        edits.add_line(read(BRANCHED), "m", "else")
