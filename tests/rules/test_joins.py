"""A condition on a key is looked up, not walked: the work stays linear."""

import time
from typing import Any

from rules.outcome import Context
from tests.rules.rulebook import NOW, run

BODY = (
    "  each x in doc.items into l1\n    t = x.k\n"
    "    i = one(y.v for y in doc.items where y.k = x.k and y.v > 0) on missing skip\n  end"
)


def test_the_right_elements_are_found() -> None:
    items = [{"k": "a", "v": 1}, {"k": "b", "v": 2}, {"k": "b", "v": 0}]
    assert run(BODY, items=items).event["l1"] == [{"t": "a", "i": 1}, {"t": "b", "i": 2}, {"t": "b", "i": 2}]


def test_missing_keys_find_missing_keys() -> None:
    body = "  i1 = count(y for y in doc.items where y.w = doc.b)"
    assert run(body, items=[{"k": "a"}, {"k": "b", "w": "x"}, {"k": "c"}]).event == {"i1": 2}


def test_nothing_is_asked_of_an_empty_list() -> None:
    assert run("  i1 = count(y for y in doc.items where y.v = integer(doc.a))").event == {"i1": 0}


def test_a_failing_side_fails_the_field() -> None:
    outcome = run("  i1 = count(y for y in doc.items where y.v = integer(doc.a))", items=[{"k": "a"}])
    assert [(f.path, f.kind) for f in outcome.failures] == [("i1", "error")]


def test_thousands_of_rows_join_in_linear_work() -> None:
    items: list[dict[str, Any]] = [{"k": f"k{n}", "v": n + 1} for n in range(5_000)]
    start = time.process_time()
    outcome = run(BODY, context=Context(NOW, fuel=50_000), items=items)
    assert outcome.event["l1"][4_999] == {"t": "k4999", "i": 5_000}
    assert time.process_time() - start < 10
