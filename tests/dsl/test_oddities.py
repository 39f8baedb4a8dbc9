"""Slips that are no errors: findings that need more than one module text to show."""

import pytest

from dsl.checker import check
from tests.dsl.workshop import checked, codes_of, files

LAYOUT = """
format = "x12"
transaction = "856"
version = "004010"
[[segment]]
id = "BSN"
required = true
elements = { "01" = { title = "Purpose", required = true }, "02" = { title = "Shipment", required = true } }
"""
USES = 'use schema x12.856 "v1"\nuse schema qms.note "v1"\n'


def of_layout(value: str) -> list[str]:
    """The codes found in a map that reads from a layout."""
    module = f'{USES}map m : asn in x12.856 -> qms.note\n  text = {value} on missing use "none"\nend\n'
    return [d.code for d in check(files(module, {"schemas/x12.856@v1.toml": LAYOUT.encode()})).diagnostics]


def test_an_element_that_the_layout_does_not_declare_is_named() -> None:
    assert of_layout('asn.BSN."05"') == ["M332"]


def test_the_elements_of_the_envelope_are_known() -> None:
    assert "M332" not in of_layout('asn.ISA."06"')
    assert "M332" in of_layout('asn.ISA."17"')


def test_what_only_a_test_uses_is_unused() -> None:
    flow = '\nflow f\n  receive erp.notices as nc : erp.notice "v1"\nend\n'
    table = "table t policy unique\n  | row | q: boolean => r: boolean |\n  | a | - => true |\nend\n"
    trial = 'test "t"\n  table t(true)\n  expect result\nend\n'
    assert codes_of(table + trial + flow) == ["M331", "M708"]
    assert codes_of(table + trial) == []  # without a flow it may be used by another rule set


def test_a_broken_line_may_use_what_nothing_else_does() -> None:
    module = "map m : nc in erp.notice -> canon.case\n  let x = 1\n  id = = x\nend\n"
    assert "M330" not in codes_of(module)


def test_a_search_for_idle_rows_that_ends_early_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dsl.analysis.idle.WORK", 0)
    rows = "".join(f"  | r{n} | < {n} => true |\n" for n in range(1, 9))
    table = f"table unsearched policy first\n  | row | qty: decimal => hold: boolean |\n{rows}  otherwise => false |\nend\n"
    (found,) = checked(table).diagnostics
    assert (found.code, str(found.severity)) == ("M632", "info")
    assert "unsearched" in found.message


def test_an_info_stops_no_release() -> None:
    table = "table t policy first\n  | row | q: integer => r: boolean |\n  | a | ? q > 1 => true |\n  otherwise => false |\nend\n"
    program = checked(table)
    assert [d.code for d in program.diagnostics] == ["M633"]
    assert program.ok


def test_a_sliver_before_a_row_for_everything_is_named() -> None:
    rows = "  | a | < 10 => 1 |\n  | b | > 10 => 2 |\n  | c | - => 3 |\n"
    table = f"table t policy first\n  | row | q: decimal => r: integer |\n{rows}end\n"
    (found,) = checked(table).diagnostics
    assert found.code == "M630"
    assert "q 10 is left to row `c`" in found.message
