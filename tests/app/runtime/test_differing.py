"""Differences between outputs, and what many messages have in common in them."""

from decimal import Decimal
from typing import Any

import pytest

from app.runtime.differing import MOST_PAIRS, Difference, Report, compare


def found(before: Any, after: Any) -> list[tuple[str, str]]:
    return [(one.path, one.kind) for one in compare("send erp", before, after)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": Decimal("1.0")}, {"a": Decimal("1.00")}, []),
        ({"a": 1}, {"a": True}, [("/a", "changed")]),
        ({"a": "1"}, {"a": 1}, [("/a", "changed")]),
        ({"a": 1}, {"b": 1}, [("/a", "removed"), ("/b", "added")]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3, 4]}}, [("/a/b/1", "changed"), ("/a/b/2", "added")]),
        ({"a/b~c": 1}, {"a/b~c": 2}, [("/a~1b~0c", "changed")]),
        ([1], {"0": 1}, [("", "changed")]),
        (None, {"a": 1}, [("", "changed")]),
    ],
)
def test_every_field_that_differs_is_named(before: Any, after: Any, expected: list[tuple[str, str]]) -> None:
    assert found(before, after) == expected


def test_positions_in_lists_do_not_tell_groups_apart() -> None:
    assert Difference("send erp", "/lines/3/qty", "changed", 1, 2).place == "/lines/*/qty"


def test_messages_that_differ_alike_are_one_group_with_some_examples() -> None:
    report = Report()
    for number in range(60):
        report.add(f"m{number}", [Difference("send erp", "/severity", "changed", "major", "critical")])
    for number in range(312):
        report.add(f"s{number}", [])
    said = Report.read(report.as_json()).as_json()
    assert (said["same"], said["differ"]) == (312, 60)
    (group,) = said["groups"]
    assert (group["path"], group["before"], group["after"], group["count"]) == (
        "/severity",
        "major",
        "critical",
        60,
    )
    assert [one["message_id"] for one in group["examples"]] == ["m0", "m1", "m2"]


def test_a_message_counts_once_in_a_group_however_many_rows_it_has() -> None:
    report = Report()
    report.add("m", [Difference("send erp", f"/lines/{n}/unit", "changed", "EA", "PCE") for n in range(9)])
    assert [group["count"] for group in report.as_json()["groups"]] == [1]


def test_a_field_with_a_value_of_its_own_in_each_message_is_one_group() -> None:
    report = Report()
    for number in range(500):
        report.add(f"m{number}", [Difference("send erp", "/at", "changed", number, number + 1)])
    groups = report.as_json()["groups"]
    assert len(groups) == MOST_PAIRS + 1
    assert groups[0]["count"] == 500 - MOST_PAIRS and groups[0]["before"] == ""


def test_refusals_are_counted_by_code() -> None:
    report = Report()
    for number in range(5):
        report.refuse(f"m{number}", "body_gone", "the body is not kept any more")
    (refusal,) = report.as_json()["refusals"]
    assert (refusal["code"], refusal["count"], len(refusal["examples"])) == ("body_gone", 5, 3)
