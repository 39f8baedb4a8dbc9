"""Values of expressions as compiled code makes them."""

from decimal import Decimal
from typing import Any

import pytest

from tests.rules.rulebook import run, value

ITEMS = [
    {"k": "b", "v": 2, "w": "x"},
    {"k": "a", "v": 5},
    {"k": "c", "v": 2, "sub": [{"z": "s1"}, {"z": "s2"}]},
]


@pytest.mark.parametrize(
    ("expression", "kind", "expected"),
    [
        ('"A-" & doc.a & "/" & doc.a', "t1", "A-k7/k7"),
        ("doc.m + 2 * 3", "i1", 9),
        ("doc.m / 2", "n1", Decimal("1.5")),
        ("1 / 3", "n1", Decimal("0.3333333333333333333333333333333333")),
        ("0.1 + 0.2", "n1", Decimal("0.3")),
        ("doc.m > 2 and doc.g", "b1", True),
        ("doc.m in [1, 2]", "b1", False),
        ("doc.e <> green", "b1", True),
        ("doc.b is missing", "b1", True),
        ("doc.b is blank", "b1", True),
        ('doc.b = "a"', "b1", False),
        ('coalesce(doc.b, doc.c, "none")', "t1", "none"),
        ('if_else(doc.m = 3, "three", "other")', "t1", "three"),
        ("2 EA + 3 EA", "q1", {"value": "5", "uom": "EA"}),
        ("doc.m * 2 EA", "q1", {"value": "6", "uom": "EA"}),
        ("2026-01-30 + 2 days", "d1", "2026-02-01"),
    ],
)
def test_operators(expression: str, kind: str, expected: Any) -> None:
    assert value(expression, kind) == expected


@pytest.mark.parametrize(
    ("expression", "kind", "expected"),
    [
        ("count(doc.items)", "i1", 3),
        ("sum(x.v for x in doc.items)", "i1", 9),
        ('sum(x.v for x in doc.items where x.k <> "a")', "i1", 4),
        ("first(x.k for x in doc.items order by x.k)", "t1", "a"),
        ("last(x.k for x in doc.items order by x.v descending, x.k)", "t1", "c"),
        ('one(x.v for x in doc.items where x.k = "a")', "i1", 5),
        ('join(x.k for x in doc.items, separator: "+")', "t1", "b+a+c"),
        ("doc.items.k", "ts", ["b", "a", "c"]),
        ("doc.items.w", "ts", ["x"]),
        ("doc.items.sub.z", "ts", ["s1", "s2"]),
        ("max(position(x) for x in doc.items)", "i1", 3),
    ],
)
def test_lists(expression: str, kind: str, expected: Any) -> None:
    assert value(expression, kind, items=ITEMS) == expected


def test_an_absent_list_is_empty() -> None:
    assert value("count(doc.items)", "i1") == 0


def test_a_single_value_is_a_list() -> None:
    assert value("count(doc.items)", "i1", items={"k": "a"}) == 1


def test_rows_are_filtered_and_ordered() -> None:
    body = "  each x in doc.items where x.v = 2 order by x.k descending into l1\n    t = x.k\n    i = position(x)\n  end"
    assert run(body, items=ITEMS).event == {"l1": [{"t": "c", "i": 1}, {"t": "b", "i": 2}]}


def test_rows_are_grouped_in_the_order_of_their_keys() -> None:
    body = "  each x in doc.items group by v = x.v into l1\n    i = x.key.v on missing skip\n    n = count(x.items)\n  end"
    outcome = run(body, items=ITEMS)
    assert outcome.event == {"l1": [{"i": 2, "n": 2}, {"i": 5, "n": 1}]}


def test_inner_rows_see_outer_names() -> None:
    body = (
        "  each x in doc.items where count(x.sub) > 0 into l1\n    t = x.k\n"
        "    each y in x.sub into l\n      t = x.k & y.z & doc.a\n    end\n  end"
    )
    assert run(body, items=ITEMS).event == {"l1": [{"t": "c", "l": [{"t": "cs1k7"}, {"t": "cs2k7"}]}]}


def test_a_branch_sets_its_fields_only() -> None:
    body = '  if doc.m > 2\n    t1 = "many"\n  else\n    t2 = "few"\n  end'
    assert run(body).event == {"t1": "many"}
    assert run(body, m=1).event == {"t2": "few"}


def test_nested_targets_make_records() -> None:
    assert run("  rec.t = doc.a\n  rec.n = 1.5").event == {"rec": {"t": "k7", "n": Decimal("1.5")}}


def test_a_record_without_fields_is_left_out() -> None:
    assert run("  rec.t = doc.b on missing skip").event == {}


def test_percent_and_decimal_stay_exact() -> None:
    assert value("doc.n * 5%", "n1", n=Decimal("33.30")) == Decimal("1.665")
