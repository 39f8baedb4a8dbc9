"""Decide messages that a timer made: the `else` of an expectation, the end of a collection."""

from typing import Any

from app.storage.database import read_exact
from rules.compiler import Compiled
from rules.engine import close_collection
from rules.outcome import AlertAction, Context, Outcome, Place, RaiseAction, SendAction, Trace


def timed_outcome(compiled: Compiled, body: bytes, about: Context) -> Outcome:
    """The outcome of a fired timer; its document is what the timer said."""
    said: dict[str, Any] = read_exact(body)
    if said["kind"] == "expect":
        otherwise = said["otherwise"]
        actions = (_action(otherwise),) if otherwise else ()
        reason = f"{said['event']} did not come until {said['deadline']}"
        return Outcome("done", said, reason=reason, actions=actions)
    return close_collection(
        compiled,
        said["rules"],
        said["rule"],
        said["ordinal"],
        said["items"],
        about,
        to=said["to"],
        key=said["key"],
    )


def _action(said: dict[str, Any]) -> SendAction | RaiseAction | AlertAction:
    known = {name: value for name, value in said.items() if name not in ("type", "lineage")}
    lineage = {path: _trace(trace) for path, trace in said.get("lineage", {}).items()}
    match said["type"]:
        case "send":
            return SendAction(**known, lineage=lineage)
        case "raise":
            return RaiseAction(**known, lineage=lineage)
        case _:
            return AlertAction(**known)


def _trace(said: dict[str, Any]) -> Trace:
    place = Place(said["file"], said["line"], said["column"])
    return Trace(tuple(said["sources"]), tuple(said["decisions"]), place)
