"""Units convert exactly within their kind, and a code that is none is answered with the one that was meant."""

from decimal import Decimal
from fractions import Fraction

import pytest

from dsl import units
from dsl.errors import FunctionFailure
from dsl.units.factors import factor
from tests.dsl.workshop import checked, in_map


@pytest.mark.parametrize(
    ("number", "source", "target", "expected"),
    [
        ("412", "LBR", "KGM", "186.88005644"), ("1", "ONZ", "GRM", "28.349523125"), ("1", "GLL", "LTR", "3.785411784"),
        ("1", "MTR", "INH", "39.37007874015748031496062992125984"), ("3", "DZN", "EA", "36"), ("1", "MIL", "H87", "1000"),
        ("90", "MIN", "HUR", "1.5"), ("100", "CEL", "FAH", "212"), ("0", "KEL", "CEL", "-273.15"), ("60", "L2", "LTR", None),
        ("1", "L2", "MQH", "0.06"), ("1", "BAR", "PAL", "100000"), ("1", "KWH", "3B", "3.6"), ("5", "KGM", "KGM", "5"),
        ("1", "ACR", "MTK", "4046.8564224"), ("2", "TNE", "KGM", "2000"), ("1", "P1", "EA", None), ("1", "XBX", "EA", None),
    ],
)  # fmt: skip
def test_conversion(number, source, target, expected):
    if expected is None:
        with pytest.raises(FunctionFailure):
            units.converted(Decimal(number), source, target)
    else:
        assert units.converted(Decimal(number), source, target) == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10⁻¹ x m³/kg", (Fraction(1, 10), "m³/kg")), ("25,4 x 10⁻³ m", (Fraction("0.0254"), "m")), ("kg", (Fraction(1), "kg")),
        ("4 186,8 J/kg", (Fraction("4186.8"), "J/kg")), ("5/9\xa0x K", (Fraction(5, 9), "K")), ("10³m³", (Fraction(1000), "m³")),
        ("1,666 67 × 10 W", (Fraction("16.6667"), "W")), ("12", (Fraction(12), "")), ("use pair", (Fraction(1), "use pair")),
        ("10-15 m3", None), ("103pascal", None), ("10^[Power in dBW/10] W", None),
    ],
)  # fmt: skip
def test_factors_are_read_exactly_or_not_at_all(text, expected):
    assert factor(text) == expected


def test_rounded_factors_of_rates_are_sharpened():
    assert units.find("L2").factor == Fraction(1, 60_000)
    assert units.find("MQH").factor == Fraction(1, 3_600)


def test_every_factor_is_positive_and_goes_both_ways():
    for unit in units.units():
        assert unit.factor > 0
        assert units.find(unit.code) == unit
    assert units.converted(units.converted(Decimal("7.25"), "LBR", "KGM"), "KGM", "LBR") == Decimal("7.25")


@pytest.mark.parametrize(
    ("code", "meant", "words"),
    [
        ("PCE", "H87", "not in UN/ECE Rec 20"), ("PC", "H87", "X12"), ("KG", "KGM", "keg"), ("BX", "XBX", "withdrawn"),
        ("CT", "XCT", "Rec 21"), ("kg", "KGM", "no unit code"), ("Kilogram", "KGM", "kilogram"), ("lb", "LBR", "pound"),
        ("Liter", "LTR", "litre"), ("ea", "EA", "each"), ("piece", "H87", "did you mean"),
    ],
)  # fmt: skip
def test_a_code_that_is_none_is_answered_with_what_was_meant(code, meant, words):
    message, codes = units.unit_fault(code)
    assert meant in codes
    assert words in message


@pytest.mark.parametrize("code", ["", "???", "Q" * 5_000, "XBXX", "xbx!"])
def test_nonsense_is_refused_without_advice(code):
    assert units.unit_fault(code) is not None


@pytest.mark.parametrize(
    ("line", "fixed"),
    [
        ('weight = convert(quantity(decimal(nc.qty), "KG"), "KGM")', '"KGM"'),
        ('weight = convert(5 LB, "KGM")', "LBR"),
    ],
)
def test_the_checker_offers_the_unit_that_was_meant(line, fixed):
    finding = checked(in_map(line)).diagnostics[0]
    assert finding.code == "M405"
    assert finding.fixes[0].edits[0].text == fixed


def test_the_checker_knows_that_kinds_differ():
    findings = checked(in_map('weight = convert(5 EA, "KGM")')).diagnostics
    assert [d.code for d in findings] == ["M406"]
    assert "measure different things" in findings[0].message
