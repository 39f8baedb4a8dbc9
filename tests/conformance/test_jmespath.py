"""The official JMESPath cases, on float payloads and with every number as an exact decimal."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from dsl import querying
from dsl.querying import values
from dsl.querying.budget import Budget

HERE = Path(__file__).parent / "jmespath"
READERS = {
    "float": json.loads,
    "decimal": lambda text: json.loads(text, parse_float=Decimal, parse_int=Decimal),
}


def suites(kind):
    """Every group of cases with its payload."""
    return [
        (path.stem, suite)
        for path in sorted(HERE.glob("*.json"))
        for suite in READERS[kind](path.read_text("utf-8"))
    ]


def checked(case):
    """Whether a case states a result or an error; the others only measure speed."""
    return "error" in case or ("result" in case and "bench" not in case)


def answer(case, payload):
    """What our JMESPath says: a result, or that it fails."""
    try:
        return querying.search(querying.read_query(case["expression"]), payload)
    except (querying.QueryFault, querying.QueryFailure) as failure:
        return failure


def passes(case, payload):
    found = answer(case, payload)
    if isinstance(found, Exception) or "error" in case:
        return isinstance(found, Exception) and "error" in case
    return values.equal(found, case["result"], Budget())


@pytest.mark.parametrize("kind", READERS)
def test_all_official_cases_pass(kind):
    cases = [
        (name, case, suite["given"])
        for name, suite in suites(kind)
        for case in suite["cases"]
        if checked(case)
    ]
    failed = [(name, case["expression"]) for name, case, payload in cases if not passes(case, payload)]
    assert failed == []
    assert len(cases) == 892


@pytest.mark.parametrize("kind", READERS)
def test_the_cases_that_measure_speed_give_their_result_too(kind):
    cases = [
        (case, suite["given"]) for _, suite in suites(kind) for case in suite["cases"] if "bench" in case
    ]
    assert [
        case["expression"] for case, payload in cases if "result" in case and not passes(case, payload)
    ] == []
    assert len(cases) == 16


def test_no_result_is_a_binary_float_when_the_payload_has_none():
    for _, suite in suites("decimal"):
        for case in suite["cases"]:
            found = answer(case, suite["given"])
            assert isinstance(found, Exception) or "float" not in kinds(found), case["expression"]


def kinds(value):
    """The names of all types in a value."""
    if isinstance(value, list):
        return {"list"}.union(*map(kinds, value))
    if isinstance(value, dict):
        return {"dict"}.union(*map(kinds, value.values()))
    return {type(value).__name__}
