"""A query is stopped, quickly and by name, whatever it asks for."""

import sys
import time
from decimal import Decimal

import pytest

from dsl.errors import FunctionFailure
from dsl.functions import registry
from dsl.functions.declaration import Fault


def stopped(value, expression, seconds=3.0):
    """The message of the failure, which came in time."""
    started = time.process_time()
    with pytest.raises(FunctionFailure) as caught:
        registry()["jmespath"].implementation(value, expression)
    assert time.process_time() - started < seconds
    assert caught.value.kind == "error"
    return caught.value.message


def found(value, expression):
    return registry()["jmespath"].implementation(value, expression)


@pytest.mark.parametrize("count", [22, 40, 90])
def test_a_doubling_expression_is_stopped(count):
    assert "larger than" in stopped(1, "|".join(["[@,@]"] * count))


def test_a_doubled_text_is_stopped():
    assert "characters" in stopped("x" * 1000, "|".join(["join('',[@,@])"] * 40))
    assert "too much work" in stopped(1, "|".join(["[@,@]"] * 25 + ["to_string(@)"]))


def test_a_doubled_value_in_an_error_message_is_not_written_out():
    assert stopped(1, "|".join(["[@,@]"] * 40 + ["abs(@)"])) == "abs() takes number, not array"


def test_two_doubled_values_are_not_compared_to_the_end():
    half = "|".join(["[@,@]"] * 30)
    assert "too much work" in stopped(1, f"({half}) == ({half})")


def test_wildcards_over_a_huge_array_are_stopped():
    payload = {"a": [{"b": [1, 2, 3]}] * 300_000}
    assert "too much work" in stopped(payload, "a[*].b[*]")
    assert "too much work" in stopped([[0] * 1000] * 1000, "[][]|sort(@)|[?@==`1`]")


@pytest.mark.parametrize(
    "expression",
    ["!" * 1000 + "a", "(" * 900 + "a" + ")" * 900, "[" * 900, ".".join(["*"] * 900), "a" + "[*]" * 600,
     "a" + "[0]" * 600, "a" + "==a" * 600, "{a:" * 600, "[&" * 600 + "a"],
)  # fmt: skip
def test_deep_nesting_is_a_clean_fault_or_an_answer(expression):
    fault = registry()["jmespath"].parameters[1].check(expression)
    if fault is None:
        assert found({"a": [1]}, expression) is None
    else:
        assert "nested" in fault


def test_the_limit_of_depth_does_not_hang_on_the_stack_of_the_caller():
    expression = "!" * 100 + "a"
    assert registry()["jmespath"].parameters[1].check(expression) is None

    def deep(levels):
        return deep(levels - 1) if levels else found({"a": True}, expression)

    assert deep(sys.getrecursionlimit() // 3) is True


def test_a_deep_value_is_no_result():
    value = 1
    for _ in range(5000):
        value = [value]
    assert "nested" in stopped(value, "@")
    assert "nested" in stopped(value, "to_string(@)")
    assert "nested" in stopped([value, [value]], "[0] == [1]")
    assert "nested" in stopped(1, "|".join(["[@]"] * 300))


@pytest.mark.parametrize(
    ("expression", "position", "words"),
    [
        ("a.b.", 4, "not complete"), ("a[", 2, "not complete"), ("a ] b", 2, "no place"), ("a.nosuch(@)", 2, "no function"),
        ("a | length(@, b)", 4, "takes 1 argument, not 2"), ("not_null()", 0, "at least 1"), ("a ~ b", 2, "~"),
        ("a[::0]", 0, "step of 0"), ("", 0, "empty"), ("a == `1e999999999`", 5, "large"),
    ],
)  # fmt: skip
def test_a_fault_has_its_place(expression, position, words):
    fault = registry()["jmespath"].parameters[1].check(expression)
    assert isinstance(fault, Fault)
    assert words in fault
    assert fault.position == position


def test_literals_are_exact():
    assert found({"a": Decimal("12345678901234567.89")}, "a == `12345678901234567.89`") is True
    assert found({}, "`0.1000000000000000055`") == Decimal("0.1000000000000000055")
    assert found({"a": [Decimal("0.1"), Decimal("0.2")]}, "sum(a) == `0.3`") is True
    assert found({"a": 2**60 + 1}, "to_string(a)") == str(2**60 + 1)
    assert found({"a": Decimal("1.50")}, "to_string(@)") == '{"a":1.50}'


def test_dates_are_text_and_links_to_parents_are_not_seen():
    from datetime import date

    node = {"level": "I", "on": date(2026, 1, 31), "^": {"level": "O"}}
    assert found([node], "[0].on") == "2026-01-31"
    assert found([node], "[].keys(@)") == [["level", "on"]]
    assert found([node], "[*]") == [{"level": "I", "on": "2026-01-31"}]
