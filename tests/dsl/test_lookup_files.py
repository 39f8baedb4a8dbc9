"""Lookup files are read strictly, by what ruleset.toml says of them."""

from datetime import date
from decimal import Decimal

from dsl import types
from tests.dsl.workshop import MANIFEST, checked

USE = 'use lookup vendors "2026"\n'


def read(csv, manifest=""):
    more = {"lookups/vendors@2026.csv": csv.encode(), "ruleset.toml": (MANIFEST + manifest).encode()}
    return checked(USE, more)


def problems(csv, manifest=""):
    return [(d.code, d.subject) for d in read(csv, manifest).diagnostics]


KEYS = '[lookups.vendors]\nkeys = ["id"]\n'


def test_columns_are_text_unless_declared():
    program = read("id,name,factor\n1,ACME,1.50\n", KEYS + '[lookups.vendors.columns]\nfactor = "decimal"\n')
    lookup = program.lookups["vendors"]
    assert program.diagnostics == ()
    assert (lookup.keys, lookup.rows) == ((("id", types.TEXT),), (("1", "ACME", Decimal("1.50")),))


def test_an_empty_cell_makes_a_text_column_optional():
    lookup = read("id,name\n1,ACME\n2,\n", KEYS).lookups["vendors"]
    assert lookup.results == (("name", types.Maybe(types.TEXT)),)
    assert lookup.rows == (("1", "ACME"), ("2", None))


def test_several_keys_come_first_whatever_their_column():
    lookup = read("name,unit,id\nBox,BX,1\n", '[lookups.vendors]\nkeys = ["id", "unit"]\n').lookups["vendors"]
    assert lookup.rows == (("1", "BX", "Box"),)


def test_values_of_another_type_are_found_on_their_line():
    declared = KEYS + '[lookups.vendors.columns]\nfactor = "decimal"\nrating = "rating"\n'
    found = problems("id,factor,rating\n1,x,A\n2,1,E\n3,,B\n", declared)
    assert found == [("M608", "lookup/vendors/1"), ("M608", "lookup/vendors/2"), ("M608", "lookup/vendors/3")]


def test_a_key_occurs_once():
    assert problems("id,name\n1,A\n1,B\n", KEYS) == [("M608", "lookup/vendors/2")]


def test_a_dated_key_may_occur_again_when_its_periods_do_not_meet():
    dated = KEYS + 'valid_from = "from"\nvalid_to = "to"\n'
    good = "id,name,from,to\n1,A,2026-01-01,2026-06-30\n1,B,2026-07-01,\n"
    assert problems(good, dated) == []
    assert read(good, dated).lookups["vendors"].rows[0][2] == date(2026, 1, 1)
    assert problems(good.replace("2026-07-01", "2026-06-30"), dated) == [("M608", "lookup/vendors/2")]


def test_a_lacking_column_a_short_row_and_a_broken_file():
    assert problems("vendor,name\n1,A\n", KEYS) == [("M607", "lookup/vendors")]
    assert problems("id,name\n1\n", KEYS) == [("M608", "lookup/vendors/1")]
    assert problems('id,name\n1,"A\n', KEYS) == [("M607", "lookup/vendors")]
    assert problems("", KEYS) == [("M607", "lookup/vendors")]


def test_a_file_that_is_not_there():
    assert [d.code for d in checked(USE).diagnostics] == ["M804"]


def test_values_that_look_like_formulas_are_text():
    assert read("id,name\n1,=1+1\n", KEYS).lookups["vendors"].rows == (("1", "=1+1"),)
