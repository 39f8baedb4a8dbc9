"""Texts of keys: equal values, equal texts."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from rules.keytexts import key_text, named_key_text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (["M-1"], "M-1"),
        ([12], "12"),
        ([Decimal("12.50")], "12.5"),
        ([Decimal("1E+3")], "1000"),
        ([Decimal("-0.00")], "0"),
        ([True], "true"),
        ([date(2026, 1, 31)], "2026-01-31"),
        ([{"value": Decimal("5.0"), "unit": "KGM"}], "5 KGM"),
        (["M-1", 2], '["M-1","2"]'),
        (['a","b', "c"], '["a\\",\\"b","c"]'),
        (["ä"], "ä"),
    ],
)
def test_a_key_is_one_text(values: list[Any], text: str) -> None:
    assert key_text(values) == text


def test_one_moment_in_two_zones_is_one_key() -> None:
    utc = datetime(2026, 1, 31, 8, tzinfo=UTC)
    assert (
        key_text([utc.astimezone(timezone(timedelta(hours=1)))]) == key_text([utc]) == "2026-01-31T08:00:00Z"
    )


def test_two_parts_never_look_like_two_others() -> None:
    assert key_text(["a", "b,c"]) != key_text(["a,b", "c"])


def test_named_values_come_in_the_order_of_their_names() -> None:
    assert named_key_text({"lot": "L1", "item": 5}) == '{"item":"5","lot":"L1"}'
