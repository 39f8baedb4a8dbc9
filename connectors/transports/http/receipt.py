"""What an answer means for a delivery."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from connectors.contract import Receipt
from connectors.errors import SettingsError
from connectors.transports.http.call import Answer, NoAnswer

_RETRY = (408, 425, 429)
_TRANSPORT = (408, 425, 429, 502, 503, 504)
_DATA = (400, 413, 415, 422)
_RULE_KEYS = {"path", "contains", "equals", "result"}
_LONGEST_WAIT = 86_400.0


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """When a 2xx answer is an error after all: by a field of its JSON, or by a text it contains."""

    path: tuple[str, ...] = ()
    contains: str = ""
    equals: Any = None
    result: Literal["refused", "retry"] = "refused"

    def finds(self, body: bytes) -> str:
        """Why the body is an error, or nothing."""
        if self.path:
            value = _at(body, self.path)
            wanted = (
                value == self.equals if self.equals is not None else value not in (None, "", False, 0, [], {})
            )
            return f"{'.'.join(self.path)} is {str(value)[:200]}" if wanted else ""
        return f"the answer contains {self.contains!r}" if self.contains.encode() in body else ""


def read_error_body(rule: Mapping[str, Any] | None) -> ErrorBody | None:
    """The setting `error_body`.

    Errors: SettingsError
    """
    if not rule:
        return None
    texts = all(isinstance(rule.get(key, ""), str) for key in ("path", "contains", "result"))
    one_of = bool(rule.get("path")) != bool(rule.get("contains"))
    if (
        set(rule) - _RULE_KEYS
        or not texts
        or not one_of
        or rule.get("result", "refused") not in ("refused", "retry")
    ):
        fault = "error_body: give path (with equals, if wanted) or contains, and result refused or retry"
        raise SettingsError(fault, {"faults": [fault]})
    path = tuple(rule.get("path", "").split(".")) if rule.get("path") else ()
    return ErrorBody(path, rule.get("contains", ""), rule.get("equals"), rule.get("result", "refused"))


def receipt_for(answer: Answer | NoAnswer, rule: ErrorBody | None) -> Receipt:
    """Classify one attempt. Bytes that left without an answer make it uncertain, never failed."""
    if isinstance(answer, NoAnswer):
        return _without_answer(answer)
    status, reply = answer.status, answer.body
    if 200 <= status < 300:
        return _accepted(answer, rule)
    if status in _RETRY or status >= 500:
        kind: Literal["transport", "application"] = "transport" if status in _TRANSPORT else "application"
        return Receipt("retry", _words(answer), status, kind, retry_after(answer.headers), reply)
    if 300 <= status < 400:
        return Receipt(
            "refused", f"HTTP {status}: redirects are not followed", status, "transport", None, reply
        )
    return Receipt(
        "refused", _words(answer), status, "partner" if status in _DATA else "application", None, reply
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from Retry-After, as a number or as a date (against the answer's own Date)."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        return min(float(text), _LONGEST_WAIT)
    then, now = _instant(text), _instant(headers.get("date", ""))
    if then is None:
        return None
    return min(max(then - (now if now is not None else time.time()), 0.0), _LONGEST_WAIT)


def _instant(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _without_answer(answer: NoAnswer) -> Receipt:
    if answer.phase == "refused":
        return Receipt("refused", answer.detail, error_class="transport")
    if answer.phase == "connect":
        return Receipt("retry", answer.detail, error_class="transport")
    return Receipt("uncertain", answer.detail, error_class="transport")


def _accepted(answer: Answer, rule: ErrorBody | None) -> Receipt:
    if rule is None:
        return Receipt("delivered", f"HTTP {answer.status}", answer.status, reply=answer.body)
    if found := rule.finds(answer.body):
        detail = f"HTTP {answer.status} with an error: {found}"
        return Receipt(
            rule.result, detail, answer.status, "application", retry_after(answer.headers), answer.body
        )
    if not answer.complete or answer.cut:
        detail = f"HTTP {answer.status}, but the answer that says whether it worked broke off"
        return Receipt("uncertain", detail, answer.status, "transport", None, answer.body)
    return Receipt("delivered", f"HTTP {answer.status}", answer.status, reply=answer.body)


def _words(answer: Answer) -> str:
    said = answer.body[:300].decode("utf-8", "replace")
    printable = re.sub(r"[^\x20-\x7e\xa0-\U0010ffff]+", " ", said).strip()
    return f"HTTP {answer.status}" + (f": {printable}" if printable else "")


def _at(body: bytes, path: tuple[str, ...]) -> Any:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    for step in path:
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value
