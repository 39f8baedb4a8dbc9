"""Options that several commands have, each with one name and one meaning."""

import getpass
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object to stdout.")
BY = click.option("--by", default=getpass.getuser, show_default="you", help="Who does it, for the record.")
REASON = click.option("--reason", default="", help="Why.")
WHY = click.option("--reason", required=True, help="Why; it stands in the audit log.")
ENVIRONMENT = click.option("--env", "environment", help="The environment; MAPWRIGHT_ENVIRONMENT unless said.")
LIMIT = click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many.")
CURSOR = click.option("--cursor", help="Go on where the page before ended.")
_SPAN = re.compile(r"(\d{1,6})\s*(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Moment(click.ParamType):
    """`2026-03-01T08:00:00+01:00`, a date, or a time ago, else ahead: `30m`, `2h`, `3d`. Without an offset it is UTC."""

    name = "moment"

    def __init__(self, ahead: bool = False) -> None:
        self._ahead = ahead

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment in UTC."""
        if isinstance(value, datetime):
            return value
        found = _SPAN.fullmatch(str(value).strip())
        if found:
            length = timedelta(**{_UNITS[found[2]]: int(found[1])})
            return datetime.now(UTC) + (length if self._ahead else -length)
        try:
            moment = datetime.fromisoformat(str(value).strip())
        except ValueError:
            span = "2h for in two hours" if self._ahead else "2h for two hours ago"
            self.fail(f"{value!r} is no moment: write 2026-03-01T08:00:00Z, 2026-03-01, or {span}")
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


MOMENT = Moment()
LATER = Moment(ahead=True)
Command = Callable[..., Any]


def chosen(command: Command) -> Command:
    """The options that choose messages."""
    for option in reversed(_CHOOSING):
        command = option(command)
    return command


_CHOOSING = (
    click.option("--key", help="Business key, as lot:L1."),
    click.option(
        "--state", multiple=True, help="received, done, held, dead, ...; several times for several."
    ),
    click.option("--flow", help="Flow."),
    click.option("--endpoint", help="Endpoint."),
    click.option("--since", type=MOMENT, help="Received at or after: 2026-03-01T08:00:00Z, or 2h ago as 2h."),
    click.option("--until", type=MOMENT, help="Received before."),
    click.option("-q", "--q", help="An id or a key; where there is none, words of the reason."),
)
