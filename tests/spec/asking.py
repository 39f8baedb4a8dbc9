"""What a flow of a case finds while it runs, and what it asks, waits for and replies.

recalled = { 'items M-1' = '{...}' }    the records there are, by dataset and key; without it nothing is known
waited = ["items M-1"]                  the time to wait for these is over
answered = { r = '{...}' }               or 'fails transport: no route', 'fails application at erp.spare: no'
  waits = ["items M-1 for 3600 s", "erp.stock: {...}"]    what the message lacks; "unknown items M-1 ..."
  calls = ["erp.stock as r: {...}"]     every question, answered ones too
  reply = '{...}', steps = 2            what goes back; how many steps were begun
  remedy = "mapping: hold, alert quality Text, runbook docs/q.md"    what the playbook says
"""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from rules.outcome import Context, Outcome
from rules.waiting import AllRecords, Call, Recall, Remedy, Unanswered
from tests.spec import showing


def context(case: Mapping[str, Any], now: datetime) -> Context:
    """What the run may know."""
    known = {_place(name): _json(text) for name, text in case.get("recalled", {}).items()}
    return Context(
        now=now,
        message=case.get("message", {}),
        recalled=AllRecords(known) if "recalled" in case else {},
        expired=frozenset(_place(name) for name in case.get("waited", ())),
        answers={name: _answer(text) for name, text in case.get("answered", {}).items()},
    )


def _place(name: str) -> tuple[str, str]:
    dataset, _, key = name.partition(" ")
    return dataset, key


def _json(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def _answer(text: str) -> Any:
    if not text.startswith("fails "):
        return _json(text)
    how, _, reason = text.removeprefix("fails ").partition(": ")
    failure, _, endpoint = how.partition(" at ")
    return Unanswered(failure, reason, endpoint)  # type: ignore[arg-type]


def ends(outcome: Outcome, case: Mapping[str, Any]) -> None:
    """The part of an outcome that a case may leave out where there is none of it."""
    assert [_wait(wait) for wait in outcome.waits] == case.get("waits", []), outcome.waits
    if "calls" in case:
        assert [
            f"{call.endpoint} as {call.variable}: {_shown(call.payload)}" for call in outcome.calls
        ] == case["calls"]
    wanted = case.get("reply")
    assert outcome.reply == (None if wanted is None else _json(wanted)), outcome.reply
    if "remedy" in case or outcome.remedy is not None:
        assert outcome.remedy is not None and _remedy(outcome.remedy) == case.get("remedy"), outcome.remedy
    if "steps" in case:
        assert outcome.steps == case["steps"]
    for path, sources in case.get("reply_trace", {}).items():
        assert showing.trace(outcome.reply_lineage[path]) == sources


def _shown(value: Any) -> str:
    return json.dumps(value, default=str)


def _wait(wait: Recall | Call) -> str:
    if isinstance(wait, Call):
        return f"{wait.endpoint}: {_shown(wait.payload)}"
    time = "" if wait.seconds is None else f" for {wait.seconds} s"
    return f"{'unknown ' if wait.unknown else ''}{wait.dataset} {wait.key}{time}"


def _remedy(remedy: Remedy) -> str:
    words = [f"{remedy.failure}: {remedy.reaction}{''.join(f' {name}' for name in remedy.fallback)}"]
    words += [f"after {remedy.retry_seconds} s"] if remedy.retry_seconds else []
    words += [f"alert {remedy.channel} {remedy.text}"] if remedy.channel else []
    words += [f"runbook {remedy.runbook}"] if remedy.runbook else []
    return ", ".join(words)
