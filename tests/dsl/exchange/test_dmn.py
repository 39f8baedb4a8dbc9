"""Decision tables of other tools come in with policy, types, ids and notes; everything else is refused by name and place."""

from dataclasses import replace
from pathlib import Path

import pytest

from dsl.errors import ExchangeError
from dsl.exchange.content import Notes
from dsl.exchange.dmn_reading import read_dmn
from dsl.exchange.dmn_writing import to_dmn
from dsl.exchange.importing import export, import_dmn
from dsl.exchange.reading import read_table
from dsl.parser import parse
from dsl.source import Source

FILE = (Path(__file__).parent / "files" / "inspection.dmn").read_bytes()
FOREIGN = """\
table hold_scope policy first
  # defect_rate: Rate
  # found_on: Found
  | row            | severity: enum{critical, major, minor} | defect_rate: decimal? | found_on: date => scope: enum{none, sample, "full lot"} | days: decimal?        | within: duration? |
  # worst first
  | DecisionRule_1 | critical                               | -                     | >= 2026-01-01  => "full lot"                            | defect_rate * 100 + 1 | 4 hours           |  # Why: safety; Source: QM 12
  | _1b9c_77       | major, minor                           | (0.05..0.5), missing  | -              => sample                                | -1                    | 2 days            |
  | last           | not(critical)                          | < 0.05                | -              => none                                  | 0                     | 36 hours          |
  otherwise => none | missing | missing |
end
"""
TABLE = """\
table hold policy collect sum
  | row | severity: enum{critical, minor} | rate: percent => cost: decimal |
  | 1   | critical                        | >= 5.0%       => 10.50         |  # safety first
  | r2  | minor                           | -             => rate * 100    |
end
"""


def test_a_table_of_another_tool():
    found = import_dmn(FILE)
    assert found.text == FOREIGN
    assert found.names == ("hold_scope",)
    assert found.warnings == ("decision Hold Scope: rule _1b9c-77 is called _1b9c_77",)


def test_what_came_in_goes_out_and_comes_back():
    parsed = parse(Source("a.mw", FOREIGN))
    assert import_dmn(export(parsed, "hold_scope", "dmn")).text == FOREIGN


def test_our_own_table_is_plain_feel_for_others():
    made = export(parse(Source("a.mw", TABLE)), "hold", "dmn").decode()
    for part in (
        'hitPolicy="COLLECT" aggregation="SUM"',
        "<text>&gt;= 0.050</text>",
        "<text>rate * 100</text>",
        "<text>safety first</text>",
        'id="r2"',
    ):
        assert part in made
    assert import_dmn(made.encode()).text == TABLE


def test_feel_that_somebody_changed_counts_more_than_our_text_beside_it():
    made = export(parse(Source("a.mw", TABLE.replace("critical  ", "= critical"))), "hold", "dmn").decode()
    assert "= critical" in made
    changed = made.replace('<text>"critical"</text>', '<text>"minor"</text>')
    (table,), _ = read_dmn(changed.encode())
    assert table.rows[0].inputs[0] == "minor"


def test_a_rule_in_another_tool_is_found_by_its_place():
    wrong = FILE.replace(b"&lt; 0.05", b"string length(?) &gt; 3").replace(
        b"<text>-1</text>", b"<text>now()</text>"
    )
    with pytest.raises(ExchangeError) as refused:
        import_dmn(wrong)
    first, second = refused.value.faults
    assert first.startswith("decision Hold Scope, rule _1b9c_77, output Days: a call of `now` is not read")
    assert "rule last, input Rate: the name `string`" in second


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"20191111/MODEL", b"20180521/MODEL", "no DMN of version"),
        (b'hitPolicy="FIRST"', b'hitPolicy="BEST"', "hit policy BEST"),
        (b'typeRef="tSeverity"><text>', b'typeRef="tOther"><text>', "the type tOther is not in the file"),
        (b"<text>Defect Rate</text>", b"<text>Defect Rate * 2</text>", "`Defect Rate * 2` is not read, only a name"),
        (b'<decisionTable id="_dt1"', b'<decisionTable expressionLanguage="javascript" id="_dt1"', "javascript"),
        (b"</definitions>", b'<decision id="x" name="X"><literalExpression><text>1</text></literalExpression></decision></definitions>', "decision X: a literal expression"),
        (b"</definitions>", b'<businessKnowledgeModel id="x" name="K"/></definitions>', "businessKnowledgeModel K"),
        (b'<inputEntry id="_8"><text>]0.05..0.5[, null</text></inputEntry>', b"", "rule _1b9c_77: it has 2 + 3 entries"),
        (b"<definitions", b'<!DOCTYPE x [<!ENTITY a "b">]><definitions', "DOCTYPE"),
        (b"</definitions>", b"", "not XML"),
        (b'encoding="UTF-8"', b'encoding="UTF-16"', "only UTF-8"),
    ],
)  # fmt: skip
def test_everything_else_is_refused_by_name(old, new, words):
    assert old in FILE
    with pytest.raises(ExchangeError) as refused:
        import_dmn(FILE.replace(old, new))
    assert words in " ".join([refused.value.message, *refused.value.faults])


def test_one_decision_of_a_file_with_other_logic():
    more = FILE.replace(
        b"</definitions>", b'<decision id="x" name="X"><literalExpression/></decision></definitions>'
    )
    assert import_dmn(more, "Hold Scope").text == FOREIGN
    with pytest.raises(ExchangeError, match="no decision Y; it has Hold Scope, X"):
        import_dmn(more, "Y")


def test_priority_needs_the_order_of_the_values():
    text = "table t policy priority\n  | row | a: text => b: rating |\n  | r1 | - => A |\nend\n"
    parsed = parse(Source("a.mw", text))
    with pytest.raises(ExchangeError) as refused:
        export(parsed, "t", "dmn")
    assert refused.value.faults == ("output b: the values of rating, whose order decides, are not known",)
    assert b'<text>"A","B"</text>' in export(parsed, "t", "dmn", {"rating": ("A", "B")})


def test_what_feel_can_not_say_is_refused_with_its_row():
    parsed = parse(
        Source(
            "a.mw",
            'table t policy first\n  | row | a: integer => b: text |\n  | r1 | ? a > 1 => upper("x") |\nend\n',
        )
    )
    with pytest.raises(ExchangeError) as refused:
        export(parsed, "t", "dmn")
    assert [fault.partition(":")[0] for fault in refused.value.faults] == [
        "row r1, input a",
        "row r1, output b",
    ]


def test_characters_that_xml_can_not_hold():
    parsed = parse(
        Source("a.mw", 'table t policy first\n  | row | a: text => b: text |\n  | r1 | - => "x" |\nend\n')
    )
    with pytest.raises(ExchangeError, match="can't stand in XML"):
        to_dmn(replace(read_table(parsed, "t"), head=Notes(("\x01",))))
