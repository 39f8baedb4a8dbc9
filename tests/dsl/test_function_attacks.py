"""Functions stay exact, strict and quick for whatever they are given."""

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from dsl.errors import FunctionFailure
from dsl.functions import registry


def call(name, *arguments):
    return registry()[name].implementation(*arguments)


def fails(name, *arguments):
    """The failure kind, and that it cost less than 100 ms of the processor."""
    started = time.process_time()
    with pytest.raises(FunctionFailure) as caught:
        call(name, *arguments)
    assert time.process_time() - started < 0.1
    return caught.value.kind


@pytest.mark.parametrize(
    "text", ["1e1500000", "-1E999999999", "9" * 5000, "NaN", "Infinity", "0x10", "1_000", "١٢", "1" * 35]
)
def test_numbers_that_are_none_or_too_large_fail_at_once(text):
    assert fails("decimal", text) == fails("integer", text) == "error"


def test_an_exact_number_stays_exact():
    assert call("decimal", "9007199254740993.10") == Decimal("9007199254740993.10")
    assert call("integer", "9007199254740993") == 9007199254740993


@pytest.mark.parametrize(
    ("text", "locale"), [("1.5", "de"), ("1,5", "en"), ("1 25", "fr"), ("12.34.5", "de")]
)
def test_a_number_of_another_locale_is_not_guessed(text, locale):
    assert fails("decimal", text, locale) == "error"


@pytest.mark.parametrize("text", ["20211417", "20260230", "2026013", "20260131 ", "２０２６０１３１"])
def test_days_that_do_not_exist_fail(text):
    if text.strip() == text:
        assert fails("date", text, "YYYYMMDD") == "error"
    else:
        assert call("date", text, "YYYYMMDD").day == 31


@pytest.mark.parametrize("text", ["31.02.2026", "1.1.26", "00.01.2026"])
def test_german_dates_are_strict(text):
    assert fails("date", text, "DD.MM.YYYY") == "error"


def test_a_local_time_in_the_gap_or_overlap_fails():
    assert fails("datetime", "202603290230", "YYYYMMDDHHmm", "Europe/Berlin") == "error"
    assert fails("datetime", "202610250230", "YYYYMMDDHHmm", "Europe/Berlin") == "error"


def test_an_ambiguous_time_can_be_settled():
    early = call("datetime", "202610250230", "YYYYMMDDHHmm", "Europe/Berlin", "earlier")
    assert early.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_texts_do_not_grow_beyond_their_limit():
    assert fails("replace", "a" * 100_000, "a", "b" * 1_000) == "error"
    assert fails("pad_left", "a", 10**9, "0") == "error"


def test_an_evil_pattern_takes_linear_time():
    started = time.process_time()
    assert call("matches", "a" * 50_000 + "!", "(a+)+") is False
    assert time.process_time() - started < 1


def test_braces_and_attributes_in_a_text_are_text():
    assert call("upper", "{0.__class__}") == "{0.__CLASS__}"


@pytest.mark.parametrize("expression", ["[" * 200 + "]" * 200, "a" * 3000, "nosuch(@)", "length()", "a["])
def test_a_jmespath_expression_is_checked_before_it_runs(expression):
    assert registry()["jmespath"].parameters[1].check(expression)


def test_jmespath_stops_when_its_result_doubles_and_doubles():
    doubling = " | ".join(["join('', [@, @])"] * 40)
    assert fails_slowly("jmespath", "x" * 1000, doubling) == "error"


def test_jmespath_stops_in_a_large_array():
    assert fails_slowly("jmespath", {"a": [{"b": [1, 2, 3]}] * 300_000}, "a[*].b[*]") == "error"


def fails_slowly(name, *arguments):
    started = time.process_time()
    with pytest.raises(FunctionFailure) as caught:
        call(name, *arguments)
    assert time.process_time() - started < 5
    return caught.value.kind


def test_jmespath_is_exact_on_decimals():
    document = {"a": [Decimal("0.1"), Decimal("0.2")]}
    assert call("jmespath", document, "sum(a)") == Decimal("0.3")
    assert call("jmespath", document, "a[?@ > `0.15`]") == [Decimal("0.2")]
    assert call("jmespath", document, "to_number('1.10')") == Decimal("1.10")


def test_a_sum_mixes_no_units():
    kilos, pieces = {"value": Decimal(1), "unit": "KGM"}, {"value": Decimal(1), "unit": "EA"}
    assert fails("total", [kilos, pieces]) == "error"
