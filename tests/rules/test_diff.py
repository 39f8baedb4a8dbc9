"""The difference of two programs, in the words of an analyst."""

import pytest

from dsl.checker import check
from rules.diff import semantic_diff
from tests.rules.documents import files
from tests.rules.rulebook import checked

PROGRAM = """dataset kept : k: text -> t.out
lookup codes : text -> text
  | "a" => "A" |
  | "b" => "B" |
end
table kind policy first
  | row | i: integer => k: text | n: integer |
  | r1 | > 5 => "big" | 1 |
  | r2 | - => "small" | 2 |
end
map m : doc in s.doc -> t.out
  on missing reject
  t1 = doc.a   # the key
  t2 = lookup codes(doc.a) on no_match skip
  each x in doc.items into l1
    t = x.k
  end
end
rules r : n in t.out
  rule one
    when coalesce(n.i1, 0) > 2
    then alert q "x"
    because "big"
  end
  rule two
    then alert q "y"
  end
end
dataset seen : key: text -> t.out
playbook "hold"
  runbook "docs/hold.md"
  on transport retry for 6 hours then hold
end
"""


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        ("dataset kept : k: text", "dataset kept : k: text, i: integer", [
            "dataset kept is now kept : k: text, i: integer -> t.out"]),
        ("-> t.out\nlookup", "-> s.doc\nlookup", ["dataset kept is now kept : k: text -> s.doc"]),
        ("dataset kept", "dataset held", ["dataset held is new", "dataset kept is removed"]),
        ('then alert q "x"', 'then remember kept key "k" = n', [
            'rules r, one: when coalesce(n.i1, 0) > 2 then alert q "x" -> '
            'when coalesce(n.i1, 0) > 2 then remember kept key "k" = n']),
        ("t1 = doc.a ", "t1 = upper(doc.a) ", ["map m, t1: doc.a -> upper(doc.a)"]),
        ("no_match skip", 'no_match use "-"', [
            'map m, t2: lookup codes(doc.a) on no_match skip -> lookup codes(doc.a) on no_match use "-"']),
        ("    t = x.k\n", "", ["map m: l1[].t is removed (was x.k)"]),
        ("  on missing reject\n", "  on missing skip\n", ["map m, on missing: reject -> skip"]),
        ("each x in doc.items into", "each x in doc.items where x.k <> \"q\" into", [
            'map m, l1[]: each x in doc.items -> each x in doc.items where x.k <> "q"']),
        ("> 5 =>", "> 6 =>", ["table kind, row r1: i > 5 -> > 6"]),
        ('"small" | 2 |', '"tiny" | 3 |', ['table kind, row r2: k "small" -> "tiny", n 2 -> 3']),
        ('  | r1 | > 5 => "big" | 1 |\n', "", ['table kind: row r1 is removed (i > 5, k "big", n 1)']),
        ('"b" => "B"', '"b" => "C"', ['lookup codes, "b": "B" -> "C"']),
        ('  | "b" => "B" |\n', "", ['lookup codes: "b" is removed (was "B")']),
        ("> 2\n", "> 3\n", [
            'rules r, one: when coalesce(n.i1, 0) > 2 then alert q "x" -> when coalesce(n.i1, 0) > 3 then alert q "x"']),
        ("i: integer =>", "i: decimal =>", [
            "table kind: columns i: integer => k: text, n: integer -> i: decimal => k: text, n: integer"]),
        ("lookup codes : text -> text\n", "lookup codes : text -> text two_way\n", ["lookup codes can be read backwards now"]),
        ("map m : doc in s.doc", "map m : doc in s.doc, other in t.out", [
            "map m takes doc (s.doc), other (t.out), no longer doc (s.doc)"]),
        ("rules r : n in t.out", "rules r : n in t.out first", ["rules r: only the first matching rule fires now"]),
        ("seen : key: text ->", "seen : key: integer ->", [
            "dataset seen is now seen : key: integer -> t.out"]),
        ("for 6 hours", "for 2 hours", [
            'playbook hold, on transport: retry for 6 hours then hold -> retry for 2 hours then hold']),
        ("# the key", "# another comment", []),
        ("  t1 = doc.a ", "\n\n  t1   =   doc.a ", []),
    ],
)  # fmt: skip
def test_a_change_is_a_sentence(old: str, new: str, sentences: list[str]) -> None:
    assert old in PROGRAM
    found = semantic_diff(checked(PROGRAM), checked(PROGRAM.replace(old, new)))
    assert [change.sentence for change in found] == sentences


def test_the_order_of_lines_is_no_change() -> None:
    first, second = "  t1 = doc.a   # the key\n", "  t2 = lookup codes(doc.a) on no_match skip\n"
    assert semantic_diff(checked(PROGRAM), checked(PROGRAM.replace(first + second, second + first))) == []


def test_rules_in_another_order_are_a_change() -> None:
    one = PROGRAM[PROGRAM.index("  rule one") : PROGRAM.index("  rule two")]
    two = '  rule two\n    then alert q "y"\n  end\n'
    found = semantic_diff(checked(PROGRAM), checked(PROGRAM.replace(one + two, two + one)))
    assert [change.sentence for change in found] == ["rules r: they are asked in another order now: two, one"]


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("ruleset.toml", "Europe/Berlin", "Asia/Tokyo", "rule set: time zone Europe/Berlin -> Asia/Tokyo"),
        ("ruleset.toml", 'schema = "t.out@v1"', 'schema = "t.out@v1"\nidempotent = true', "endpoint out.asks: idempotent False -> True"),
        ("ruleset.toml", "[endpoints", '[calendars]\ndefault = ["2026-12-25"]\n[endpoints', "rule set: calendar default is new: 2026-12-25"),
        ("schemas/s.doc@v1.json", '"a": {"type": "string"}', '"a": {"type": "array", "items": {"type": "string"}}',
         "schema s.doc v1, field a: text -> list of text"),
        ("schemas/s.doc@v1.json", '"n": {"type": "number"}', '"n": {"type": "string", "format": "decimal"}',
         "schema s.doc v1: field n is written as string now, no longer as number"),
        ("schemas/s.doc@v1.json", '["red", "green", "blue"]', '["red", "green"]', None),
    ],
)  # fmt: skip
def test_what_stands_beside_the_modules_is_compared(
    file: str, old: str, new: str, sentence: str | None
) -> None:
    known = files(PROGRAM)
    assert old in known[file].decode()
    changed = {**known, file: known[file].decode().replace(old, new, 1).encode()}
    found = [change.sentence for change in semantic_diff(check(known), check(changed))]
    assert sentence in found if sentence else any("red, green, blue" in words for words in found), found


def test_a_first_release_lists_what_it_has() -> None:
    sentences = [change.sentence for change in semantic_diff(None, checked(PROGRAM))]
    assert {"map m is new", "table kind is new", "lookup codes is new", "rules r is new"} <= set(sentences)


def test_subjects_are_those_of_diagnostics() -> None:
    found = semantic_diff(checked(PROGRAM), checked(PROGRAM.replace("> 5 =>", "> 6 =>")))
    assert [(change.kind, change.subject) for change in found] == [("changed", "table/kind/r1")]
