"""Times that people type into forms: as the clocks of the zone show them that the page names."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import request

from app.errors import TimeInvalid


def typed_time(field: str) -> datetime:
    """The moment in UTC of a `datetime-local` field; the form's own `zone` says by which clocks. Errors: TimeInvalid."""
    said = request.form.get(field, "").strip()
    zone = _zone(request.form.get("zone", ""))
    if not said:
        raise TimeInvalid("say when: a day and a time")
    try:
        local = datetime.fromisoformat(said)
    except ValueError:
        raise TimeInvalid(f"{said[:40]} is no time: write it as 2026-11-22T06:00") from None
    if local.tzinfo is not None:
        return local.astimezone(UTC)
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != local:
        raise TimeInvalid(f"{said} does not exist in {zone}: the clocks go forward then; say an hour later")
    return moment


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ValueError, OSError, LookupError):
        raise TimeInvalid(f"{name[:60]} is no time zone: write it as Europe/Berlin or UTC") from None
