"""Lookups: keys, columns, validity at the time of the message."""

from datetime import UTC, date, datetime

import pytest

from dsl import types
from dsl.errors import FunctionFailure
from dsl.program import CheckedLookup
from rules.lookups import LookupIndex
from rules.referee.tables import find_row

TEXT = types.TEXT
ROWS = (
    ("a", 1, date(2025, 1, 1), date(2025, 12, 31)), ("a", 2, date(2026, 1, 1), None), ("b", 3, None, None),
    ("c", 4, None, None), ("c", 5, None, None),
)  # fmt: skip
DATED = CheckedLookup(
    "rates", "1", "lookups/rates@1.csv", (("k", TEXT),),
    (("v", types.INTEGER), ("valid_from", types.DATE), ("valid_to", types.DATE)), ROWS, 2, 3,
)  # fmt: skip


@pytest.mark.parametrize("find", [LookupIndex(DATED).find, lambda keys, now: find_row(DATED, keys, now)])
@pytest.mark.parametrize(
    ("moment", "row"),
    [
        (datetime(2025, 1, 1, tzinfo=UTC), 0),
        (datetime(2025, 12, 31, 23, 59, tzinfo=UTC), 0),
        (datetime(2026, 1, 1, tzinfo=UTC), 1),
        (datetime(2030, 1, 1, tzinfo=UTC), 1),
    ],
)
def test_the_row_valid_at_the_time_is_taken(find: object, moment: datetime, row: int) -> None:
    assert find(("a",), moment) == row  # type: ignore[operator]


@pytest.mark.parametrize(("key", "kind"), [("z", "no_match"), ("c", "many")])
def test_none_and_several_rows_fail_by_kind(key: str, kind: str) -> None:
    with pytest.raises(FunctionFailure) as caught:
        LookupIndex(DATED).find((key,), datetime(2026, 1, 1, tzinfo=UTC))
    assert (caught.value.kind, caught.value.value) == (kind, key)


def test_before_its_first_row_is_valid_nothing_is_found() -> None:
    with pytest.raises(FunctionFailure) as caught:
        LookupIndex(DATED).find(("a",), datetime(2024, 6, 1, tzinfo=UTC))
    assert caught.value.kind == "no_match"


def test_several_keys_are_one_key() -> None:
    lookup = CheckedLookup(
        "x", "1", "", (("a", TEXT), ("b", TEXT)), (("v", TEXT),), (("p", "q", "1"), ("p", "r", "2"))
    )
    assert LookupIndex(lookup).find(("p", "r"), datetime(2026, 1, 1, tzinfo=UTC)) == 1


def test_a_plain_lookup_has_a_direct_index() -> None:
    lookup = CheckedLookup("x", "1", "", (("a", TEXT),), (("v", TEXT),), (("p", "1"), ("q", "2")))
    assert LookupIndex(lookup).unique_rows() == {"p": 0, "q": 1}
    assert LookupIndex(DATED).unique_rows() is None
