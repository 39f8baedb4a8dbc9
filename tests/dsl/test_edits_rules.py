"""Edits of rules: one part of one rule, one line of text."""

from collections.abc import Callable, Sequence

import pytest

from dsl import edits
from dsl.diagnostics import Edit
from dsl.edits import EditError, apply_edits
from dsl.parser import Parsed

Read = Callable[[str], Parsed]

MODULE = """\
rules r : nc in canon.x
  rule one
    when nc.a = 1  # always
    then send a.b using m
    then ignore "x"
    because "so"
  end
  rule two
    then reject "y"
  end
end
"""


def lines(made: Sequence[Edit]) -> list[str]:
    return apply_edits(MODULE, made).splitlines()


def test_condition_is_replaced_added_and_taken_out(read: Read) -> None:
    parsed = read(MODULE)
    assert lines(edits.set_when(parsed, "r", "one", "nc.b"))[2] == "    when nc.b  # always"
    assert lines(edits.set_when(parsed, "r", "two", "nc.b"))[8] == "    when nc.b"
    assert lines(edits.set_when(parsed, "r", "one", ""))[2] == "    then send a.b using m"


def test_reason_is_replaced_added_and_taken_out(read: Read) -> None:
    parsed = read(MODULE)
    assert lines(edits.set_because(parsed, "r", "one", 'the "law"'))[5] == '    because "the \\"law\\""'
    assert lines(edits.set_because(parsed, "r", "two", "why"))[9] == '    because "why"'
    assert len(lines(edits.set_because(parsed, "r", "one", ""))) == len(MODULE.splitlines()) - 1


def test_action_is_replaced(read: Read) -> None:
    made = edits.set_action(read(MODULE), "r", "one", 2, 'alert quality "z"')
    assert lines(made)[4] == '    then alert quality "z"'


@pytest.mark.parametrize("text", ["", "end", 'reject "x"\n  end', "send x"])
def test_what_is_no_action_is_refused(read: Read, text: str) -> None:
    with pytest.raises(EditError):
        edits.set_action(read(MODULE), "r", "one", 1, text)


def test_rule_that_is_not_there_is_refused(read: Read) -> None:
    with pytest.raises(EditError):
        edits.set_when(read(MODULE), "r", "three", "nc.a")
