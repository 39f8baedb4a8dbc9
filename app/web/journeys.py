"""The journey of a message in words and on a time line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.web.display import shown_state, shown_time

_WIDTH = 1000


@dataclass(frozen=True)
class Step:
    """One line of the waterfall; x and width are thousandths of the whole journey."""

    title: str
    at: datetime
    level: str
    note: str = ""
    x: int = 0
    width: int = 0


@dataclass(frozen=True)
class Deed:
    """Something a person may do with a message."""

    name: str
    verb: str
    hint: str
    chooses_release: bool = False
    dangerous: bool = False


_RETRY = Deed("retry", "Retry", "Runs it again in its place; what was delivered is not sent twice.", True)
_REPLAY = Deed("replay", "Replay", "Runs the same body as a new message; its effects are sent again.", True)
_DISCARD = Deed("discard", "Discard", "Gives it up for good: nothing of it will be sent.", dangerous=True)


def deeds(state: str, has_flow: bool = True) -> tuple[Deed, ...]:
    """What the state allows; a body that could not be read has no flow to retry in."""
    if state in ("rejected", "held", "dead", "quarantined"):
        return (_RETRY, _REPLAY, _DISCARD) if has_flow else (_REPLAY, _DISCARD)
    if state == "waiting":
        return (_DISCARD,)
    return (_REPLAY,) if state in ("done", "ignored") else ()


def sentence(view: Mapping[str, Any]) -> tuple[str, str]:
    """(level, words): what happened and what is next."""
    message, deliveries = view["message"], view["deliveries"]
    state, reason = message["state"], message["reason"]
    if state == "received":
        return "", "Stored; a worker takes it next."
    if state == "done":
        return _of_deliveries(deliveries)
    words = {
        "waiting": ("", "Waiting: it runs again when the record comes or the time is up."),
        "ignored": ("", "Ignored: nothing had to happen."),
        "rejected": ("error", "Rejected: nothing of it was sent."),
        "held": ("held", "Held: a person has to decide."),
        "dead": ("error", "Dead letter: it could not be processed."),
        "quarantined": ("held", "Quarantined: something else came in under the same id."),
        "discarded": ("", "Discarded by a person."),
    }
    level, start = words.get(state, ("", state))
    return level, f"{start} {_closed(reason)}".strip()


def _of_deliveries(deliveries: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    if not deliveries:
        return "ok", "Processed; no rule had to send anything."
    for state, level in (("dead", "error"), ("uncertain", "warn"), ("retry", "warn")):
        stuck = [d for d in deliveries if d["state"] == state]
        if stuck:
            return level, _stuck(state, stuck, deliveries)
    held = sum(d["state"] == "staged" for d in deliveries)
    if held:
        return (
            "held",
            f"Processed; {held} of {_many(len(deliveries), 'delivery', 'deliveries')} held back until released.",
        )
    waiting = sum(d["state"] in ("pending", "inflight") for d in deliveries)
    if waiting:
        return (
            "",
            f"Processed; {waiting} of {_many(len(deliveries), 'delivery', 'deliveries')} still to be sent.",
        )
    gone = sum(d["state"] == "discarded" for d in deliveries)
    left = f"; {gone} discarded by a person" if gone else ""
    return (
        "ok",
        f"Processed; {len(deliveries) - gone} of {_many(len(deliveries), 'delivery', 'deliveries')} arrived{left}.",
    )


def _stuck(state: str, stuck: Sequence[Mapping[str, Any]], deliveries: Sequence[Mapping[str, Any]]) -> str:
    first = stuck[0]
    arrived = sum(d["state"] == "delivered" for d in deliveries)
    tries = _many(len(first["attempts"]), "attempt", "attempts")
    told = f"{first['endpoint']}: {first['reason'] or 'no answer'}"
    then = {
        "dead": "Nobody tries again by itself: retry it once the cause is gone.",
        "uncertain": "It may have arrived: ask the target before you send it again.",
        "retry": f"Next try {shown_time(first['next_at']).words}."
        if first.get("next_at")
        else "It will be tried again.",
    }[state]
    return f"Processed; {arrived} of {len(deliveries)} arrived. {_closed(told)} {tries} so far. {then}"


def timeline(view: Mapping[str, Any]) -> list[Step]:
    """Everything that happened, in order, with bars."""
    message = view["message"]
    steps = [Step(f"Received through {message['endpoint']}", message["received_at"], "quiet")]
    spans = [(message["received_at"], message["received_at"])]
    for move in view["history"]:
        if move["from_state"] and move["from_state"] != move["to_state"]:
            shown = shown_state(move["to_state"])
            by = "" if move["by"] in ("", "engine", "runtime", "worker") else f"by {move['by']}"
            steps.append(
                Step(
                    shown.word.capitalize(),
                    move["at"],
                    shown.level,
                    "; ".join(filter(None, (by, move["reason"]))),
                )
            )
            spans.append((message["received_at"] if not by else move["at"], move["at"]))
    if len(steps) == 1 and message["state"] != "received":  # decided while it was taken in
        shown = shown_state(message["state"])
        steps.append(Step(shown.word.capitalize(), message["received_at"], shown.level, message["reason"]))
        spans.append(spans[0])
    for delivery in view["deliveries"]:
        for attempt in delivery["attempts"]:
            steps.append(_attempt_step(delivery, attempt))
            spans.append((attempt["started_at"], attempt["ended_at"] or attempt["started_at"]))
    return _scaled(steps, spans)


def _attempt_step(delivery: Mapping[str, Any], attempt: Mapping[str, Any]) -> Step:
    shown = shown_state(attempt["result"] or "inflight")
    title = f"{delivery['endpoint']}: {shown.word}"
    note = f"attempt {attempt['number']}{': ' if attempt['detail'] else ''}{attempt['detail']}"
    return Step(title, attempt["started_at"], shown.level, note)


def _scaled(steps: list[Step], spans: list[tuple[datetime, datetime]]) -> list[Step]:
    start = min(begin for begin, _ in spans)
    whole = max((end - start).total_seconds() for _, end in spans) or 1.0
    scaled = []
    for step, (begin, end) in zip(steps, spans, strict=True):
        x = int((begin - start).total_seconds() / whole * (_WIDTH - 12))
        width = max(12, int((end - begin).total_seconds() / whole * _WIDTH))
        scaled.append(Step(step.title, step.at, step.level, step.note, x, min(width, _WIDTH - x)))
    return sorted(scaled, key=lambda step: step.at)


def _closed(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _many(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"
