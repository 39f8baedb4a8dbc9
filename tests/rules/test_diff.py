"""The difference of two programs, in the words of an analyst."""

import pytest

from rules.diff import semantic_diff
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


def test_a_first_release_lists_what_it_has() -> None:
    sentences = [change.sentence for change in semantic_diff(None, checked(PROGRAM))]
    assert {"map m is new", "table kind is new", "lookup codes is new", "rules r is new"} <= set(sentences)


def test_subjects_are_those_of_diagnostics() -> None:
    found = semantic_diff(checked(PROGRAM), checked(PROGRAM.replace("> 5 =>", "> 6 =>")))
    assert [(change.kind, change.subject) for change in found] == [("changed", "table/kind/r1")]
