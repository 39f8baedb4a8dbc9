"""Attack cases 7, 9, 10, 16, 17: what somebody sends. Work is measured as CPU time, which a busy machine does not stretch."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors import registry as connectors
from connectors.errors import DecodeError
from connectors.settings import read_settings
from dsl.checker import check
from rules import engine
from rules.compiler import Compiled, compile_program
from rules.outcome import Context
from tests.rules.documents import files
from tests.rules.rulebook import CONTEXT, REJECT, compiled, mapping


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """What stands inside may take so much work."""
    started = time.process_time()
    yield
    assert time.process_time() - started < seconds


def decoded(body: bytes) -> Any:
    """A JSON body as an endpoint reads it."""
    codec = connectors.codec("json")
    return codec.decode(body, read_settings(codec.settings, {}), {})[0].data


def with_any(expression: str) -> Compiled:
    """A rule set whose map runs an expression on whatever the document holds."""
    schema = {"type": "object", "additionalProperties": True}
    module = f'use schema h.in "v1"\nmap h : x in h.in -> t.out\n{REJECT}  t1 = text({expression})\nend\n'
    program = check(files(module) | {"schemas/h.in@v1.json": json.dumps(schema).encode()})
    assert program.ok, [d.message for d in program.diagnostics]
    return compile_program(program)


# ---- 7: an expression whose result doubles


@pytest.mark.parametrize("count", [22, 60, 200])
def test_7_a_doubling_expression_is_stopped_at_its_size(count: int) -> None:
    doubling = " | ".join(["[@, @]"] * count)
    rule_set = with_any(f'jmespath(x, "{doubling}")')
    with at_most(3):
        outcome = engine.run_map(rule_set, "h", {"x": {"a": 1}}, CONTEXT)
    assert outcome.state == "rejected"
    assert outcome.failures[0].path == "t1"
    assert outcome.actions == ()


# ---- 9: a small text that stands for a huge number or text


@pytest.mark.parametrize("number", ["1e1500000", "-1E+999999999", "1e-1500000", "9" * 5000])
def test_9_a_huge_number_in_a_body_is_refused_before_it_is_made(number: str) -> None:
    with at_most(0.1), pytest.raises(DecodeError):
        decoded(f'{{"n": {number}}}'.encode())


@pytest.mark.parametrize(
    ("target", "expression"),
    [
        ("n1", "decimal(doc.a)"), ("i1", "integer(doc.a)"), ("n1", "power(doc.n, 999999999)"),
        ("n1", "power(power(doc.n, 9999), 9999)"), ("t1", 'pad_left(doc.b, 999999999, "x")'),
        ("t1", 'replace(doc.c, "a", doc.c)'), ("n1", "doc.n * 1e300 * 1e300"),
    ],
)  # fmt: skip
def test_9_magnitude_and_length_are_errors_at_once(target: str, expression: str) -> None:
    if "1e300" in expression:
        expression = expression.replace("1e300", "power(doc.n, 6000)")
    rule_set = compiled(mapping(f"  {target} = {expression}"))
    document = {"a": "1e1500000", "b": "b", "c": "a" * 20_000, "n": 99, "m": 1, "g": True, "e": "red"}
    with at_most(0.1):
        outcome = engine.run_map(rule_set, "m", {"doc": document}, CONTEXT)
    assert outcome.state == "rejected"
    assert outcome.failures[0].path == target


# ---- 10: wildcards over 50 MB


def test_10_wildcards_over_50_megabytes_end_at_the_budget_and_name_the_step() -> None:
    rule_set = with_any('jmespath(x, "values(@)[][] | [?*.*]")')
    body = {"rows": [{"a": {"b": "x" * 24}, "c": {"d": "y" * 24}} for _ in range(520_000)]}
    assert sum(len(row["a"]["b"]) + len(row["c"]["d"]) + 52 for row in body["rows"]) > 50_000_000
    with at_most(20):
        outcome = engine.run_map(rule_set, "h", {"x": body}, CONTEXT)
    assert outcome.state == "rejected"
    (failure,) = outcome.failures
    assert (failure.step, failure.path) == ("map/h", "t1")
    assert "work" in failure.message or "larger" in failure.message


def test_10_a_loop_ends_with_its_fuel_and_leaves_no_action() -> None:
    rule_set = compiled(mapping("  i1 = sum(count(y for y in doc.items where y.k = x.k) for x in doc.items)"))
    items = [{"k": "a"}] * 300
    context = Context(CONTEXT.now, fuel=1_000)
    outcome = engine.run_map(
        rule_set, "m", {"doc": {"a": "a", "m": 1, "g": True, "e": "red", "items": items}}, context
    )
    assert (outcome.state, outcome.actions) == ("rejected", ())
    assert "steps" in outcome.reason


# ---- 16: JSON that readers take in different ways


@pytest.mark.parametrize(
    "body",
    [b'{"a": NaN}', b'{"a": Infinity}', b'{"a": -Infinity}', b'{"a": 1, "a": 2}', b'{"a": "\\ud800"}', b'{"a": "\\udc00\\ud800"}',
     b'{"a": 01}', b'{"a": 1.}', b'\xff{"a": 1}', b'{"a": 1}{', b"[1,]"],
)  # fmt: skip
def test_16_ambiguous_json_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        decoded(body)


def test_16_numbers_beyond_a_float_stay_exact() -> None:
    found = decoded(
        b'{"i": 9007199254740993, "d": 0.1, "e": 123456789012345678.123456789, "s": "\\ud83d\\ude00"}'
    )
    assert found == {
        "i": 9007199254740993,
        "d": Decimal("0.1"),
        "e": Decimal("123456789012345678.123456789"),
        "s": "\U0001f600",
    }
    outcome = engine.run_map(
        compiled(mapping("  i1 = doc.m\n  n1 = doc.n")), "m",
        {"doc": {"a": "a", "m": found["i"], "n": found["e"], "g": True, "e": "red"}}, CONTEXT,
    )  # fmt: skip
    assert outcome.event == {"i1": 9007199254740993, "n1": Decimal("123456789012345678.123456789")}


# ---- 17: days that do not exist


@pytest.mark.parametrize(
    ("text", "pattern"),
    [("20211417", "YYYYMMDD"), ("20210230", "YYYYMMDD"), ("31.02.2021", "DD.MM.YYYY"), ("31.02.", "DD.MM.YYYY"),
     ("1.1.21", "DD.MM.YYYY"), ("211417", "YYMMDD"), ("2021-13-01", "YYYY-MM-DD"), ("00000000", "YYYYMMDD")],
)  # fmt: skip
def test_17_a_day_that_does_not_exist_is_an_error_of_its_field(text: str, pattern: str) -> None:
    century = ", century: 20" if pattern == "YYMMDD" else ""
    rule_set = compiled(mapping(f'  d1 = date(doc.a, "{pattern}"{century})\n  t1 = doc.a'))
    outcome = engine.run_map(rule_set, "m", {"doc": {"a": text, "m": 1, "g": True, "e": "red"}}, CONTEXT)
    assert [(f.path, f.kind) for f in outcome.failures] == [("d1", "error")]


def test_17_a_two_digit_year_needs_its_century() -> None:
    program = check(files(mapping('  d1 = date(doc.a, "YYMMDD")')))
    if program.ok:
        outcome = engine.run_map(
            compile_program(program), "m", {"doc": {"a": "210131", "m": 1, "g": True, "e": "red"}}, CONTEXT
        )
        assert outcome.state == "rejected"


def test_17_a_day_of_the_wire_is_not_rolled_over() -> None:
    document = {"a": "a", "m": 1, "g": True, "e": "red", "d": "2021-02-30"}
    outcome = engine.run_map(
        compiled(mapping("  d1 = doc.d")), "m", {"doc": document}, Context(datetime(2026, 1, 1, tzinfo=UTC))
    )
    assert outcome.state == "rejected"
    assert outcome.failures[0].path == "d"
