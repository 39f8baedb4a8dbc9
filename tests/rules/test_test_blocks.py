"""Test blocks: what they may ask, how they fail, what they cover."""

from xml.etree import ElementTree

import pytest

from rules.testing import run_tests, to_json, to_junit
from tests.rules.rulebook import DOCUMENT, compiled

PROGRAM = """lookup codes : text -> text
  | "k7" => "K" |
end
table kind policy first
  | row | i: integer => k: text |
  | big | > 5 => "big" |
  | small | - => "small" |
end
map m : doc in s.doc -> t.out
  on missing reject
  t1 = doc.a
  t2 = lookup codes(doc.a) on no_match skip
  t3 = (table kind(doc.m))
  if doc.m > 5
    b1 = true
  else
    b1 = false
  end
end
map out : n in t.out -> t.out
  on missing skip
  t1 = n.t1
end
rules r : n in t.out
  rule one
    when coalesce(n.i1, 0) > 2
    then send out.docs using out
    because "big"
  end
end
flow f
  receive in.docs as doc : s.doc "v1"
  owner "q"
  map with m
  apply r
end
"""


def outcome(subject: str, expect: str, given: str = 'doc = sample("d.json")') -> str:
    """The message of one test, empty where it is green."""
    givens = f"  given {given}\n" if given else ""
    found = run_tests(
        compiled(f'{PROGRAM}test "t"\n{givens}  {subject}\n  expect {expect}\nend\n'), {"d.json": DOCUMENT}
    )
    return found.results[0].message


@pytest.mark.parametrize(
    ("subject", "expect", "given"),
    [
        ("map m", 't1 = "k7" and t2 = "K"', 'doc = sample("d.json")'),
        ("map m", 't1 = "z"', 'doc = sample("d.json", with: { a: "z" })'),
        ("map m", "t1 = doc.a", 'doc = sample("d.json")'),
        ("map m", 'failed("t2") and t2 is missing', 'doc = sample("d.json", with: { a: "z" })'),
        ("map m", 'matched("kind") = "small"', 'doc = sample("d.json")'),
        ("map m", 'state() = rejected and failed("t1")', "doc = { m: 1 }"),
        ("apply r", 'fired("one") and count(sent("out.docs")) = 1', 'n = { i1: 3, t1: "x" }'),
        ("apply r", 'not fired("one")', "n = { i1: 1 }"),
        ("flow f", 'state() = done and t1 = "k7"', 'doc = sample("d.json")'),
        ("table kind(7)", 'result = "big"', ""),
    ],
)
def test_what_tests_may_ask(subject: str, expect: str, given: str) -> None:
    assert outcome(subject, expect, given) == ""


def test_a_failure_shows_the_values_it_saw() -> None:
    assert outcome("map m", 't1 = "x"') == 'expected t1 = "x", but t1 is "k7"'


def test_only_the_part_that_fails_is_shown() -> None:
    assert outcome("map m", 't1 = "k7" and t2 = "L"') == 'expected t2 = "L", but t2 is "K"'


def test_a_rejected_message_says_why() -> None:
    message = outcome("map m", 't1 = "x"', "doc = { m: 1 }")
    assert message == 'expected t1 = "x", but t1 is missing (rejected: t1: doc.a is missing)'


def test_coverage_counts_fields_rows_rules_and_branches() -> None:
    test = 'test "t"\n  given doc = sample("d.json")\n  map m\n  expect t1 = "k7"\nend\n'
    program = compiled(PROGRAM + test)
    found = run_tests(program, {"d.json": DOCUMENT}).coverage
    assert found["fields"]["missing"] == ["out/t1"]
    rows, rules = found["rows"], found["rules"]
    assert (rows["covered"], rows["total"], rows["missing"]) == (1, 2, ["kind/big"])
    assert (rules["covered"], rules["total"], rules["missing"]) == (0, 1, ["r/one"])
    file, line = rows["where"]["kind/big"].split(":")
    assert program.program.sources[file].line(int(line)).startswith("  | big |")
    assert (found["branches"]["covered"], found["branches"]["total"]) == (1, 2)


def test_reports_as_json_and_junit() -> None:
    test = 'test "t"\n  given doc = sample("d.json")\n  map m\n  expect t1 = "x"\nend\n'
    found = run_tests(compiled(PROGRAM + test), {"d.json": DOCUMENT})
    assert (to_json(found)["ok"], to_json(found)["failed"]) == (False, 1)
    suite = ElementTree.fromstring(to_junit(found).encode())[0]
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert suite.find("testcase/failure") is not None
