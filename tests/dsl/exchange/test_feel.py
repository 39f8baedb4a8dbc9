"""FEEL unary tests and simple expressions become cells; what goes beyond is refused by name."""

import pytest

from dsl.errors import ExchangeError
from dsl.exchange.cells import parse_condition, parse_value
from dsl.exchange.feel_reading import FeelReader
from dsl.exchange.feel_writing import condition_feel, value_feel

NAMES = {"Applicant Age": "applicant_age", "a": "a", "b": "b"}


@pytest.mark.parametrize(
    ("feel", "type", "cell"),
    [
        ("-", "text", "-"), ("", "text", "-"), ('"gold"', "text", '"gold"'), ('"gold"', "enum{gold}", "gold"),
        ('"in work"', "enum{}", '"in work"'), ('"missing"', "enum{}", '"missing"'), ("18", "integer", "18"),
        (".5", "decimal", "0.5"), ("-3", "decimal", "-3"), ("0.05", "percent", "5%"), (">= 18", "integer", ">= 18"),
        ("!= 3", "integer", "<> 3"), ("[1..5)", "decimal", "[1..5)"), ("]1..5[", "decimal", "(1..5)"),
        ("(1..5[, 7", "decimal", "(1..5), 7"), ('not("a","b")', "text", 'not("a", "b")'), ("null", "text", "missing"),
        ("true, null", "boolean", "true, missing"), ('date("2026-01-31")', "date", "2026-01-31"),
        ('@"2026-01-31"', "date", "2026-01-31"), ('> date and time("2026-01-31T08:00:00Z")', "datetime", "> 2026-01-31T08:00:00+00:00"),
        ('duration("PT4H")', "duration", "4 hours"), ('@"P1DT12H"', "duration", "36 hours"),
        ('starts with(?, "AB")', "text", '"AB*"'), ('contains(?, "x")', "text", '"*x*"'), ('"A*"', "text", '= "A*"'),
        (r'"\u00e9\"\n"', "text", r'"é\"\n"'),
    ],
)  # fmt: skip
def test_conditions(feel, type, cell):
    assert FeelReader(feel, type).condition() == cell


@pytest.mark.parametrize(
    ("feel", "value"),
    [
        ("", "missing"), ("1 + 2 * a", "1 + 2 * a"), ("(a - 1) / 2", "(a - 1) / 2"), ("Applicant Age + 1", "applicant_age + 1"),
        ("a.b", "a.b"), ("[1, 2]", "[1, 2]"), ("a >= 2", "a >= 2"), ("a != b", "a <> b"), ("-a", "-a"),
    ],
)  # fmt: skip
def test_values(feel, value):
    assert FeelReader(feel, "decimal", NAMES).value() == value


@pytest.mark.parametrize(
    ("feel", "words"),
    [
        ("if a then 1 else 2", "`if`, which is beyond level 2,"), ("for i in a return i", "`for`"),
        ("string length(a) > 2", "the name `string`"), ("x + 1", "the name `x`"), ("sum(a)", "a call of `sum`"),
        ("2 ** 3", "(power)"), ("{a: 1}", "a context"), ('"x" + b', "adding texts"), ('duration("P1Y")', "`P1Y` as a duration"),
        ('date("2026-13-01")', "`2026-13-01` as a date"), ('date and time("2026-01-01T00:00:00")', "as a date and time"),
        ("a between 1 and 2", "`between`"), ("1 2", "`2` is not read"), ("§", "is no FEEL"), ("(" * 200 + "1", "nested too deeply"),
    ],
)  # fmt: skip
def test_what_goes_beyond_is_refused_by_name(feel, words):
    with pytest.raises(ExchangeError, match=".*") as refused:
        FeelReader(feel, "decimal", NAMES).value()
    assert words in refused.value.message


@pytest.mark.parametrize(
    "feel", ['matches(?, "x")', 'starts with(?, "a*")', "? > 5", "a > 5", "[1..2", "[1;2]", "not(1", "1..2"]
)
def test_conditions_that_are_refused(feel):
    with pytest.raises(ExchangeError):
        FeelReader(feel, "decimal").condition()


@pytest.mark.parametrize(
    ("cell", "feel"),
    [
        ("critical", '"critical"'), (">= 5%", ">= 0.05"), ("<> 3", "not(3, null)"), ("= 3", "3"), ("not(a, b)", 'not("a", "b")'),
        ('"AB*"', 'starts with(?, "AB")'), ('"A?C"', 'matches(?, "^A.C$", "s")'), ("2 weeks", 'duration("P14D")'),
        ("missing, x", 'null, "x"'), ("[2026-01-01..2026-02-01)", '[date("2026-01-01")..date("2026-02-01"))'),
        ("5 KGM", '{value: 5, unit: "KGM"}'),
    ],
)  # fmt: skip
def test_cells_as_feel(cell, feel):
    assert condition_feel(parse_condition(cell), optional=True) == feel


@pytest.mark.parametrize("cell", ["? a > 1", "2 business_days", "> 5 KGM", "1, not(2)", "1, <> 2"])
def test_cells_that_feel_can_not_say_are_refused(cell):
    with pytest.raises(ExchangeError):
        condition_feel(parse_condition(cell), optional=False)


@pytest.mark.parametrize("value", ["upper(a)", "a and b", "{ x: 1 }", "lookup t(a)", "a is missing"])
def test_values_that_feel_can_not_say_are_refused(value):
    with pytest.raises(ExchangeError):
        value_feel(parse_value(value), ["a", "b"])
