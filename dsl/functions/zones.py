"""Time zones: a local time that a clock change skips or repeats is never silently moved."""

from datetime import UTC, datetime, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from dsl.decimals import shown
from dsl.errors import FunctionFailure


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_fault(name: str) -> str | None:
    """What is wrong with the name of a zone, or None."""
    return None if name in _known() else f"{shown(name)} is no time zone; write it like Europe/Berlin"


def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name; raises FunctionFailure."""
    fault = zone_fault(name)
    if fault:
        raise FunctionFailure("error", fault, name)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise FunctionFailure("error", f"{shown(name)} is no time zone", name) from None


def localize(local: datetime, name: str, ambiguous: str = "fail") -> datetime:
    """A local time in a zone as an instant with a fixed offset.

    A time in the gap of a clock change fails; one in the overlap fails too, unless `ambiguous`
    says `earlier` or `later`.
    """
    where = zone(name)
    early = local.replace(tzinfo=where, fold=0)
    late = local.replace(tzinfo=where, fold=1)
    if early.utcoffset() == late.utcoffset():
        return fixed(early)
    if fixed(early).astimezone(UTC).astimezone(where).replace(tzinfo=None) != local:
        raise FunctionFailure(
            "error", f"{local.isoformat()} does not exist in {name}: the clock is put forward", local
        )
    if ambiguous == "earlier":
        return fixed(early)
    if ambiguous == "later":
        return fixed(late)
    raise FunctionFailure(
        "error", f'{local.isoformat()} occurs twice in {name}; say ambiguous: "earlier" or "later"', local
    )


def fixed(instant: datetime) -> datetime:
    """The same instant with its offset as a plain number."""
    offset = instant.utcoffset()
    return instant if offset is None else instant.replace(tzinfo=timezone(offset), fold=0)
