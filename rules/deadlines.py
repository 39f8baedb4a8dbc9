"""When something is late: a duration after a moment, business days by a calendar of the rule set."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from dsl.errors import FunctionFailure
from dsl.functions.calendars import add_business_days
from rules.arithmetic import SECONDS

NEVER = datetime.max.replace(tzinfo=UTC)


def deadline(
    local_now: datetime, duration: Mapping[str, Any], calendar: str, calendars: Mapping[str, Sequence[str]]
) -> datetime:
    """The moment in UTC; business days keep the time of day of the rule set's zone.

    A duration below zero is over at once, one beyond the calendar never ends.
    """
    amount = max(0, duration["amount"])
    try:
        if duration["unit"] == "business_days":
            day = add_business_days(local_now.date(), amount, calendar, calendars=calendars)
            return datetime.combine(day, local_now.timetz()).astimezone(UTC)
        return local_now.astimezone(UTC) + timedelta(seconds=amount * SECONDS[duration["unit"]])
    except (OverflowError, FunctionFailure):
        return NEVER


def seconds(duration: Mapping[str, Any]) -> int:
    """The length of a duration that has a fixed one."""
    return int(duration["amount"] * SECONDS[duration["unit"]])
