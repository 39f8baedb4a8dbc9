"""The W3C trace context: read as the recommendation says, written as it was."""

import pytest

from app.telemetry.context import new_context, read_context

LINE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_what_is_read_is_written_as_it_was() -> None:
    found = read_context(LINE)
    assert found is not None and found.sampled and found.line() == LINE


def test_a_context_that_is_not_sampled_stays_so() -> None:
    found = read_context(LINE[:-2] + "00")
    assert found is not None and not found.sampled and found.line().endswith("-00")


def test_a_later_version_with_more_at_its_end_is_read_by_what_is_known() -> None:
    found = read_context("cc" + LINE[2:] + "-what-comes")
    assert found is not None and found.line() == LINE


@pytest.mark.parametrize(
    "line",
    [
        None,
        "",
        "nonsense",
        LINE.upper(),
        "ff" + LINE[2:],
        LINE + "-more",
        LINE.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32),
        LINE.replace("00f067aa0ba902b7", "0" * 16),
        LINE[:-1],
        LINE + "\r\nX-Evil: 1",
    ],
)
def test_what_is_no_context_is_as_if_it_had_not_been_sent(line: str | None) -> None:
    assert read_context(line) is None


def test_a_new_journey_has_a_name_of_its_own() -> None:
    first, second = new_context(), new_context()
    assert first.trace_id != second.trace_id and read_context(first.line()) == first
