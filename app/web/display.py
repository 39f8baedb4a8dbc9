"""How states, times and values look, for templates: a word and a shape, the plant's zone, what a value is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, g, has_app_context, url_for

_STATES = {
    "done": ("ok", "done"),
    "delivered": ("ok", "delivered"),
    "received": ("quiet", "received"),
    "pending": ("quiet", "waiting to be sent"),
    "staged": ("held", "held back"),
    "arrived": ("ok", "asked: it arrived"),
    "absent": ("warn", "asked: it is not there"),
    "unknown": ("warn", "asked: no answer"),
    "inflight": ("quiet", "being sent"),
    "waiting": ("quiet", "waiting"),
    "open": ("quiet", "open"),
    "full": ("quiet", "closes now"),
    "met": ("ok", "came in time"),
    "fired": ("warn", "time was up"),
    "dropped": ("quiet", "given up"),
    "ignored": ("quiet", "ignored"),
    "discarded": ("quiet", "discarded"),
    "retry": ("warn", "will be tried again"),
    "uncertain": ("warn", "uncertain"),
    "rejected": ("error", "rejected"),
    "refused": ("error", "refused"),
    "dead": ("error", "dead letter"),
    "held": ("held", "held"),
    "quarantined": ("held", "quarantined"),
    "checking": ("quiet", "dry run"),
    "ready": ("warn", "looked at, not run"),
    "running": ("quiet", "running"),
    "paused": ("held", "paused"),
    "cancelled": ("quiet", "cancelled"),
}
_LONGEST = 400


@dataclass(frozen=True)
class Shown:
    """Words and the class that colours them."""

    level: str
    word: str


@dataclass(frozen=True)
class ShownValue:
    """A value as people read it; kind is missing, blank, failed or empty."""

    kind: str
    words: str


@dataclass(frozen=True)
class ShownTime:
    """A moment in the plant's zone, with UTC for the title."""

    words: str
    utc: str
    iso: str
    whole: str = ""


def shown_state(state: str) -> Shown:
    """A state as badge."""
    level, word = _STATES.get(state, ("quiet", state))
    return Shown(level, word)


def shown_time(at: datetime | str) -> ShownTime:
    """A moment as the plant's clocks show it."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    local, utc = moment.astimezone(zone()), moment.astimezone(UTC)
    pattern = "%H:%M:%S" if local.date() == datetime.now(zone()).date() else "%Y-%m-%d %H:%M:%S"
    whole = f"{local:%A %Y-%m-%d %H:%M} {zone()}"
    return ShownTime(local.strftime(pattern), f"{utc:%Y-%m-%d %H:%M:%S} UTC", utc.isoformat(), whole)


def shown_value(value: Any) -> ShownValue:
    """What a value is: missing as such, blank with its quotes, numbers exact."""
    if value is None:
        return ShownValue("missing", "missing")
    if value == "" and isinstance(value, str):
        return ShownValue("blank", '""')
    return ShownValue("", plain_text(value)[:_LONGEST])


def plain_text(value: Any) -> str:
    """One line of text for a value."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case {"value": number, "uom": unit, **rest} if not rest:
            return f"{number} {unit}"
        case {"value": number, "unit": unit, **rest} if not rest:
            return f"{number} {unit}"
        case {"value": number, "currency": currency, **rest} if not rest:
            return f"{number} {currency}"
        case Mapping() | list() | tuple():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return str(value)


def pretty(value: Any) -> str:
    """A document as indented JSON."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=_exact)


def branches(value: Any) -> list[tuple[str, Any]]:
    """The children of a document node: fields of a record, numbered items of a list."""
    if isinstance(value, Mapping):
        return [(str(key), child) for key, child in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [(f"[{index}]", child) for index, child in enumerate(value)]
    return []


def is_compact(value: Any) -> bool:
    """Whether a record is one value to people: a quantity or an amount."""
    return (
        isinstance(value, Mapping)
        and "value" in value
        and len(value) == 2
        and bool({"uom", "unit", "currency"} & set(value))
    )


def why_of(value: Any, path: str, lineage: Mapping[str, Any], release: str, ruleset: str) -> dict[str, Any]:
    """What a click on a value tells: sources, decisions, the line in the rule set."""
    trace = lineage.get(path) or {}
    place = trace if trace.get("file") else None
    url = (
        url_for("texts.show", name=ruleset, path=place["file"]) + f"#line-{place['line']}"
        if place and ruleset
        else ""
    )
    return {
        "path": path,
        "value": shown_value(value).words,
        "sources": list(trace.get("sources", ()))
        or ([] if trace else ["nothing recorded: a constant or a copied part"]),
        "decisions": list(trace.get("decisions", ())),
        "place": {"file": place["file"], "line": place["line"], "url": url} if place else None,
        "release": release,
    }


def message_title(message: Mapping[str, Any]) -> str:
    """A message by its business keys, else by what its codec calls it, else by its id."""
    found = ", ".join(f"{name} {value}" for name, value in sorted(message["keys"].items()))
    return found or message["label"] or f"message {message['id'][:12]}"


def zone() -> ZoneInfo:
    """The zone of this page: the plant's, where a rule set says one."""
    found: ZoneInfo | None = g.get("zone") if has_app_context() else None
    return found or ZoneInfo("UTC")


def register(app: Flask) -> None:
    """Make them filters of every template."""
    for display in (
        shown_state,
        shown_time,
        shown_value,
        plain_text,
        pretty,
        branches,
        is_compact,
        why_of,
        message_title,
    ):
        app.jinja_env.filters[display.__name__] = display


def _exact(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)
