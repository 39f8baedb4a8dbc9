"""Edits of a table as a whole: a column goes through the head, every row and the default."""

from collections.abc import Callable

import pytest

from dsl import edits
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


def after(parsed: Parsed, made: object) -> str:
    return apply_edits(parsed.source.text, made)  # type: ignore[arg-type]


def test_a_new_input_stands_before_the_arrow_in_every_row(read: Read) -> None:
    parsed = read(TABLE)
    assert after(parsed, edits.add_column(parsed, "t", "input", "plant", "text?")) == (
        TABLE.replace("percent =>", "percent | plant: text? =>")
        .replace("-             =>", "-             | - =>")
        .replace("[1%..5%)      =>", "[1%..5%)      | - =>")
    )


def test_a_new_output_stands_last_in_every_row_and_the_default(read: Read) -> None:
    parsed = read(TABLE)
    assert after(parsed, edits.add_column(parsed, "t", "output", "scar", "boolean", "false")) == (
        TABLE.replace("due: duration |", "due: duration | scar: boolean |")
        .replace("4 hours       |", "4 hours       | false |")
        .replace("1 days        |", "1 days        | false |")
        .replace("5 days |", "5 days | false |")
    )


@pytest.mark.parametrize(
    ("column", "gone"),
    [
        ("severity", ("severity: severity |", "critical           |", "major              |")),
        ("rate", ("| rate: percent ", "| -             ", "| [1%..5%)      ")),
        ("hold", ("hold: scope |", "full_lot    |", "sample      |", "none |")),
        ("due", ("| due: duration ", "| 4 hours       ", "| 1 days        ", "| 5 days ")),
    ],
)
def test_a_column_is_taken_out_of_head_rows_and_default(
    read: Read, column: str, gone: tuple[str, ...]
) -> None:
    parsed = read(TABLE)
    text = after(parsed, edits.remove_column(parsed, "t", column))
    assert column not in text
    for piece in gone:
        assert piece.strip("| ") not in text
    assert read(text).diagnostics == ()
    assert "# at once" in text and "# the others" in text


@pytest.mark.parametrize("column", ["a", "b"])
def test_the_only_column_of_a_side_stays(read: Read, column: str) -> None:
    parsed = read("table t\n  | row | a: text => b: text |\nend\n")
    with pytest.raises(EditError, match="only column"):
        edits.remove_column(parsed, "t", column)


def test_name_and_type_of_a_column(read: Read) -> None:
    parsed = read(TABLE)
    text = after(parsed, edits.set_column(parsed, "t", "rate", "share", "decimal"))
    assert text == TABLE.replace("rate: percent ", "share: decimal ", 1).replace(
        "share: decimal  =>", "share: decimal =>"
    )


@pytest.mark.parametrize(
    ("policy", "kind", "head"),
    [
        ("first", "", "table t policy first"),
        ("collect", "sum", "table t policy collect sum"),
    ],
)
def test_another_policy_changes_the_head_alone(read: Read, policy: str, kind: str, head: str) -> None:
    parsed = read(TABLE)
    text = after(parsed, edits.set_table_policy(parsed, "t", policy, kind))
    assert text == TABLE.replace("table t policy unique", head)


def test_a_policy_that_the_language_has_not_is_refused(read: Read) -> None:
    with pytest.raises(EditError):
        edits.set_table_policy(read(TABLE), "t", "best")


def test_the_default_is_set_changed_and_taken_out(read: Read) -> None:
    parsed = read(TABLE)
    assert "otherwise => sample | 1 days |" in after(
        parsed, edits.set_otherwise(parsed, "t", ["sample", "1 days"])
    )
    bare = after(parsed, edits.set_otherwise(parsed, "t", None))
    assert bare == TABLE.replace("  otherwise => none | 5 days |\n", "")
    again = read(bare)
    assert after(again, edits.set_otherwise(again, "t", ["none", "5 days"])) == TABLE


def test_columns_of_a_table_with_a_row_that_does_not_parse_stay(read: Read) -> None:
    parsed = read(TABLE.replace("| critical           |", "| critical (          |"))
    with pytest.raises(EditError, match="does not parse"):
        edits.add_column(parsed, "t", "input", "plant", "text")
