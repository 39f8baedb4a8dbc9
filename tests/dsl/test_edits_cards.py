"""Edits of rules as cards: each moves whole lines and leaves every other line alone."""

from collections.abc import Callable

import pytest

from dsl import edits
from dsl.edits import EditError, apply_edits
from dsl.parser import Parsed

Read = Callable[[str], Parsed]

ONE = """\
  # stock first
  rule hold
    when d.hold <> none
    then send erp.hold using to_hold
    then alert quality "held"
  end
"""
TWO = """\
  rule scar
    then send supplier.scar using to_scar
    because "always"
  end
"""
RULES = f"rules r : nc in canon.nc\n  let d = table t(nc.severity)\n{ONE}{TWO}end\n"


def after(parsed: Parsed, made: object) -> str:
    return apply_edits(parsed.source.text, made)  # type: ignore[arg-type]


def test_a_rule_is_added_last(read: Read) -> None:
    parsed = read(RULES)
    made = edits.add_rule(parsed, "r", "note", "nc.severity = minor", 'alert quality "x"')
    new = '  rule note\n    when nc.severity = minor\n    then alert quality "x"\n  end\n'
    assert after(parsed, made) == RULES[:-4] + new + "end\n"


def test_a_rule_is_added_after_another(read: Read) -> None:
    parsed = read(RULES)
    text = after(parsed, edits.add_rule(parsed, "r", "note", "", 'ignore "x"', after="hold"))
    assert text.index("rule hold") < text.index("rule note") < text.index("rule scar")


def test_a_rule_goes_with_its_comment(read: Read) -> None:
    parsed = read(RULES)
    assert after(parsed, edits.remove_rule(parsed, "r", "hold")) == RULES.replace(ONE, "")


def test_a_rule_moves_with_its_comment(read: Read) -> None:
    parsed = read(RULES)
    assert after(parsed, edits.move_rule(parsed, "r", "hold", None)) == RULES.replace(ONE + TWO, TWO + ONE)
    assert after(parsed, edits.move_rule(parsed, "r", "scar", "hold")) == RULES.replace(ONE + TWO, TWO + ONE)


def test_a_name_that_is_taken_is_refused(read: Read) -> None:
    with pytest.raises(EditError, match="already"):
        edits.add_rule(read(RULES), "r", "hold", "", 'ignore "x"')


@pytest.mark.parametrize("text", ["", "sned a using b", 'ignore "x"\n  end', 'ignore "x" # y'])
def test_what_is_no_action_is_refused(read: Read, text: str) -> None:
    with pytest.raises(EditError):
        edits.add_action(read(RULES), "r", "hold", text)


def test_actions_come_go_and_move(read: Read) -> None:
    parsed = read(RULES)
    send, alert = "    then send erp.hold using to_hold\n", '    then alert quality "held"\n'
    added = after(parsed, edits.add_action(parsed, "r", "scar", 'ignore "x"'))
    assert added == RULES.replace("using to_scar\n", 'using to_scar\n    then ignore "x"\n')
    assert after(parsed, edits.remove_action(parsed, "r", "hold", 2)) == RULES.replace(alert, "")
    for number, before in ((1, 3), (2, 1)):
        assert after(parsed, edits.move_action(parsed, "r", "hold", number, before)) == (
            RULES.replace(send + alert, alert + send)
        )


def test_the_last_action_of_a_rule_stays(read: Read) -> None:
    with pytest.raises(EditError, match="remove the rule"):
        edits.remove_action(read(RULES), "r", "scar", 1)


def test_first_only_is_a_word_of_the_head(read: Read) -> None:
    parsed = read(RULES)
    text = after(parsed, edits.set_first_only(parsed, "r", True))
    assert text == RULES.replace("canon.nc\n", "canon.nc first\n")
    again = read(text)
    assert after(again, edits.set_first_only(again, "r", False)) == RULES


def test_a_named_value_is_changed_added_and_taken_out(read: Read) -> None:
    parsed = read(RULES)
    line = "  let d = table t(nc.severity)\n"
    assert after(parsed, edits.set_let(parsed, "r", "d", "d = nc.x on missing use 1")) == RULES.replace(
        line, "  let d = nc.x on missing use 1\n"
    )
    assert after(parsed, edits.set_let(parsed, "r", "", "e = 1")) == RULES.replace(
        line, line + "  let e = 1\n"
    )
    assert after(parsed, edits.set_let(parsed, "r", "d", "")) == RULES.replace(line, "")


def test_a_rule_is_renamed(read: Read) -> None:
    parsed = read(RULES)
    assert after(parsed, edits.rename_rule(parsed, "r", "scar", "notify")) == RULES.replace(
        "rule scar", "rule notify"
    )
