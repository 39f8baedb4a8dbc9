"""Edits of tables and lookups: a cell keeps its column in line, rows come, go and move as whole lines."""

from collections.abc import Callable

import pytest

from dsl import edits
from dsl.diagnostics import Edit
from dsl.edits import EditError, apply_edits
from dsl.parser import Parsed

Read = Callable[[str], Parsed]

TABLE = """\
table t policy unique
  | row | severity: severity | rate: percent => hold: scope | due: duration |
  | r1  | critical           | -             => full_lot    | 4 hours       |  # at once
  # the others
  | r2  | major              | [1%..5%)      => sample      | 1 days        |
  otherwise => none | 5 days |
end
"""
LOOKUP = """\
lookup l : text, plant: text -> severity
  | "1"  | "a" => critical |  # one
  | "22" | "b" => major    |
end
"""


def lines(parsed: Parsed, made: tuple[Edit, ...]) -> list[str]:
    return apply_edits(parsed.source.text, made).splitlines()


@pytest.mark.parametrize(
    ("row", "column", "text", "line"),
    [
        ("r1", "severity", "minor", "  | r1  | minor              | -             => full_lot    | 4 hours       |  # at once"),
        ("r2", "rate", "not(5%, [1%..2%])", "  | r2  | major              | not(5%, [1%..2%]) => sample      | 1 days        |"),
        ("r2", "due", "2 days", "  | r2  | major              | [1%..5%)      => sample      | 2 days        |"),
        ("r2", "row", "r9", "  | r9  | major              | [1%..5%)      => sample      | 1 days        |"),
        ("otherwise", "due", "6 days", "  otherwise => none | 6 days |"),
        ("r2", "comment", "why", "  | r2  | major              | [1%..5%)      => sample      | 1 days        |  # why"),
        ("r1", "comment", "", "  | r1  | critical           | -             => full_lot    | 4 hours       |"),
    ],
)  # fmt: skip
def test_one_cell_is_one_line(read: Read, row: str, column: str, text: str, line: str) -> None:
    parsed = read(TABLE)
    after = lines(parsed, edits.set_cell(parsed, "t", row, column, text))
    differ = [a for a, b in zip(after, TABLE.splitlines(), strict=True) if a != b]
    assert differ == [line]


@pytest.mark.parametrize("text", ["", "a | b", "a => b", "x\n  end", "# x", '"a', "a b", "1 +"])
def test_what_is_not_one_cell_is_refused(read: Read, text: str) -> None:
    with pytest.raises(EditError):
        edits.set_cell(read(TABLE), "t", "r1", "severity", text)


def test_row_is_added_in_line_after_another(read: Read) -> None:
    parsed = read(TABLE)
    after = lines(
        parsed, edits.add_row(parsed, "t", "r1", {"severity": "minor", "hold": "none", "due": "1 days"})
    )
    assert after[3] == "  | r3  | minor              | -             => none        | 1 days        |"


def test_row_is_added_last_and_before_the_default(read: Read) -> None:
    parsed = read(TABLE)
    after = lines(parsed, edits.add_row(parsed, "t", None, ["minor", "-", "none", "1 days"], row_id="x1"))
    assert after[5].startswith("  | x1  | minor")


def test_first_row_of_an_empty_table(read: Read) -> None:
    parsed = read("table t\n  | row | a: text => b: text |\nend\n")
    assert (
        lines(parsed, edits.add_row(parsed, "t", None, ['"x"', '"y"']))[2] == '  | r1  | "x"     => "y"     |'
    )


def test_row_without_an_output_is_refused(read: Read) -> None:
    with pytest.raises(EditError):
        edits.add_row(read(TABLE), "t", None, {"severity": "minor"})


def test_row_moves_with_its_comment(read: Read) -> None:
    parsed = read(TABLE)
    after = lines(parsed, edits.move_row(parsed, "t", "r1", None))
    assert [line.strip()[:6] for line in after[2:5]] == ["# the ", "| r2  ", "| r1  "]
    assert after[4].endswith("# at once")


def test_row_moves_before_another(read: Read) -> None:
    parsed = read(TABLE)
    after = lines(parsed, edits.move_row(parsed, "t", "r2", "r1"))
    assert [line.strip()[:4] for line in after[2:4]] == ["| r2", "| r1"]


def test_row_is_removed(read: Read) -> None:
    parsed = read(TABLE)
    after = lines(parsed, edits.remove_row(parsed, "t", "r2"))
    assert len(after) == len(TABLE.splitlines()) - 1
    assert "  # the others" in after


def test_row_that_is_not_there_is_refused(read: Read) -> None:
    with pytest.raises(EditError):
        edits.remove_row(read(TABLE), "t", "r7")


def test_lookup_row_changes_only_its_cells(read: Read) -> None:
    parsed = read(LOOKUP)
    after = lines(parsed, edits.set_lookup_row(parsed, "l", 1, ['"1"', '"a"', "minor"]))
    assert after[1] == '  | "1"  | "a" => minor    |  # one'


def test_lookup_row_is_added_and_removed(read: Read) -> None:
    parsed = read(LOOKUP)
    assert (
        lines(parsed, edits.add_lookup_row(parsed, "l", 1, ['"3"', '"c"', "minor"]))[2]
        == '  | "3"  | "c" => minor    |'
    )
    assert (
        lines(parsed, edits.add_lookup_row(parsed, "l", 0, ['"3"', '"c"', "minor"]))[1]
        == '  | "3"  | "c" => minor    |'
    )
    assert len(lines(parsed, edits.remove_lookup_row(parsed, "l", 2))) == 3


@pytest.mark.parametrize("cells", [["1"], ['"1"', '"a"', "x |"], ['"1"', '"a"', "b # c"], ["", '"a"', "b"]])
def test_what_is_no_lookup_row_is_refused(read: Read, cells: list[str]) -> None:
    with pytest.raises(EditError):
        edits.set_lookup_row(read(LOOKUP), "l", 1, cells)
