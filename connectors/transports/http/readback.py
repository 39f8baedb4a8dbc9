"""Asking a target whether a delivery arrived: which address, and what its answer means."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import jmespath

from connectors.contract import Finding, Outgoing
from connectors.errors import SettingsError
from connectors.transports.http.call import Answer, NoAnswer
from connectors.transports.http.target import split_url

_KNOWN = {"url", "jmespath", "pointer", "absent"}
_PLACES = {
    "key": "Idempotency-Key",
    "correlation_id": "X-Correlation-Id",
    "message_id": "X-Mapwright-Message",
    "delivery_id": "X-Mapwright-Delivery",
}
_ABSENT = (404, 410)
_NOTHING: tuple[Any, ...] = (None, False, "", 0, Decimal(0), [], {})


@dataclass(frozen=True, slots=True)
class ReadBack:
    """A GET request by the delivery's key, and how its answer is read."""

    url: str
    expression: Any = None
    pointer: tuple[str, ...] | None = None
    absent: tuple[int, ...] = _ABSENT

    def address(self, outgoing: Outgoing) -> str | None:
        """The url with its places filled in, percent-encoded; None where one has no value."""
        values = {place: outgoing.headers.get(header, "") for place, header in _PLACES.items()}
        values["to"] = outgoing.address or ""
        url = self.url
        for place, value in values.items():
            if "{" + place + "}" in url:
                if value in ("", ".", ".."):
                    return None
                url = url.replace("{" + place + "}", quote(value, safe=""))
        return url

    def finding(self, answer: Answer | NoAnswer) -> Finding:
        """arrived and absent only where the target says so; everything else is unknown."""
        if isinstance(answer, NoAnswer):
            return Finding("unknown", f"asked, but {answer.detail}")
        said = f"asked, the target says HTTP {answer.status}"
        if answer.status in self.absent:
            return Finding("absent", said, answer.status, answer.body)
        if not 200 <= answer.status < 300:
            return Finding("unknown", said, answer.status, answer.body)
        if self.expression is None and self.pointer is None:
            return Finding("arrived", said, answer.status, answer.body)
        if not answer.complete or answer.cut:
            return Finding("unknown", f"{said}, but the answer broke off", answer.status, answer.body)
        return self._read(answer, said)

    def _read(self, answer: Answer, said: str) -> Finding:
        try:
            document = json.loads(answer.body, parse_float=Decimal)
            found = self.expression.search(document) if self.expression is not None else self._at(document)
        except (ValueError, RecursionError, jmespath.exceptions.JMESPathError) as error:
            return Finding(
                "unknown", f"{said}, but it can't be read: {error}"[:500], answer.status, answer.body
            )
        there = found not in _NOTHING
        words = f"{said} and {'shows' if there else 'does not show'} it"
        return Finding("arrived" if there else "absent", words, answer.status, answer.body)

    def _at(self, document: Any) -> Any:
        value = document
        for step in self.pointer or ():
            if isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            elif isinstance(value, dict):
                value = value.get(step)
            else:
                return None
        return value


def read_read_back(given: Mapping[str, Any] | None, url: str) -> ReadBack | None:
    """The setting `read_back`. Errors: SettingsError"""
    if not given:
        return None
    fault = _fault(given)
    address = str(given.get("url", ""))
    if not fault and split_url(_sample(address)).netloc != split_url(url.replace("{to}", "x")).netloc:
        fault = "url must be on the same host as the connection's url"
    try:
        expression = jmespath.compile(given["jmespath"]) if given.get("jmespath") else None
    except jmespath.exceptions.JMESPathError as error:
        fault = f"jmespath: {error}"
    if fault:
        raise SettingsError(f"read_back: {fault}", {"faults": [f"read_back: {fault}"]})
    pointer = given.get("pointer")
    steps = (
        tuple(s.replace("~1", "/").replace("~0", "~") for s in pointer.split("/")[1:]) if pointer else None
    )
    return ReadBack(address, expression, steps, tuple(given.get("absent", _ABSENT)))


def _fault(given: Mapping[str, Any]) -> str:
    texts = all(isinstance(given.get(name, ""), str) for name in ("url", "jmespath", "pointer"))
    absent = given.get("absent", [])
    if set(given) - _KNOWN or not texts or not given.get("url"):
        return "give url, and if wanted jmespath or pointer, absent"
    if not any("{" + place + "}" in given["url"] for place in _PLACES):
        return f"url must hold one of {', '.join('{' + place + '}' for place in _PLACES)}"
    if given.get("jmespath") and given.get("pointer"):
        return "give jmespath or pointer, not both"
    if given.get("pointer") and not given["pointer"].startswith("/"):
        return "pointer must begin with /"
    if not isinstance(absent, list) or not all(isinstance(status, int) for status in absent):
        return "absent is a list of statuses, as [404]"
    return ""


def _sample(url: str) -> str:
    for place in (*_PLACES, "to"):
        url = url.replace("{" + place + "}", "x")
    return url
