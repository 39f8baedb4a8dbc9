"""Polls an address with GET. (What others push arrives at the intake API, not here.)"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from connectors.codecs.json.spec import CODEC as JSON
from connectors.contract import Incoming, Plain, Tried
from connectors.errors import ConnectorError, DecodeError, SettingsError
from connectors.settings import SettingsSpec
from connectors.transports.http.call import Answer, NoAnswer, Request, call
from connectors.transports.http.target import Target, read_target, split_url
from connectors.transports.http.trial import read_test_url, try_target


class PollError(ConnectorError):
    """The address could not be polled, or its answer is not usable."""

    code = "poll_failed"
    retryable = True


@dataclass(slots=True)
class HttpSource:
    """One connection's way in. Remembers what it has finished, so that nothing is read twice."""

    target: Target
    entries: str
    acknowledge_by: str
    acknowledge_url: str
    key_field: str
    test_url: str | None = None
    _etag: str = ""
    _pending: dict[str, str] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)

    def poll(self, limit: int) -> Iterator[Incoming]:
        """The answer as one body, or its entries.

        Errors: PollError
        """
        headers = {**self.target.headers, **({"If-None-Match": self._etag} if self._etag else {})}
        answer = self._usable(
            call(self.target, Request("GET", self.target.url, headers), self.target.timeout)
        )
        if answer is None or not answer.body.strip():
            return
        if self.entries == "array":
            yield from self._entries(answer, limit)
            return
        key = answer.headers.get("etag") or hashlib.sha256(answer.body).hexdigest()
        if key in self._done:
            return
        self._done.clear()
        self._pending = {key: answer.headers.get("etag", "")}
        yield Incoming(key, answer.body, answer.headers.get("content-type", ""))

    def acknowledge(self, incoming: Incoming) -> None:
        """Tell the origin that the body is stored, in the way the settings say.

        Errors: PollError
        """
        if self.acknowledge_by != "none":
            url = self.acknowledge_url.replace("{key}", quote(incoming.key, safe=""))
            method = "DELETE" if self.acknowledge_by == "delete" else "POST"
            body = None if method == "DELETE" else b""
            answer = call(self.target, Request(method, url, self.target.headers, body), self.target.timeout)
            if isinstance(answer, NoAnswer) or answer.status not in (404, 410) and answer.status >= 300:
                raise PollError(f"the origin did not take the acknowledgement: {_words(answer)}")
        self._finish(incoming)

    def set_aside(self, incoming: Incoming, reason: str) -> None:
        """A refused body stays at the origin, where a person finds it; this process doesn't read it again."""
        self._finish(incoming)

    def test(self, seconds: float) -> Tried:
        """One request without side effects; nothing is fetched."""
        return try_target(self.target, self.test_url, seconds)

    def close(self) -> None:
        """Nothing is held."""

    def _finish(self, incoming: Incoming) -> None:
        self._etag = self._pending.pop(incoming.key, "") or self._etag
        self._done.add(incoming.key)

    def _usable(self, answer: Answer | NoAnswer) -> Answer | None:
        if isinstance(answer, NoAnswer):
            raise PollError(answer.detail)
        if answer.status in (204, 304):
            return None
        if answer.status != 200:
            raise PollError(_words(answer), {"status": answer.status})
        if answer.cut or not answer.complete:
            raise PollError(f"the answer broke off or is longer than {self.target.max_reply} bytes")
        return answer

    def _entries(self, answer: Answer, limit: int) -> Iterator[Incoming]:
        try:
            documents = JSON.decode(answer.body, {"split": "array"}, {})
        except DecodeError as error:
            raise PollError(f"the answer is not a JSON list: {error.message}", error.details) from error
        bodies = [JSON.encode([document.data], {}, {}) for document in documents]
        keys = [self._key(document.data, body) for document, body in zip(documents, bodies, strict=True)]
        self._done &= set(keys)
        fresh = [(key, body) for key, body in zip(keys, bodies, strict=True) if key not in self._done]
        for key, body in fresh[:limit]:
            yield Incoming(key, body, "application/json")

    def _key(self, entry: Plain, body: bytes) -> str:
        value = entry.get(self.key_field) if self.key_field and isinstance(entry, dict) else None
        return str(value) if value is not None else hashlib.sha256(body).hexdigest()


def _words(answer: Answer | NoAnswer) -> str:
    return answer.detail if isinstance(answer, NoAnswer) else f"HTTP {answer.status}"


def open_source(spec: SettingsSpec, given: Mapping[str, Any]) -> HttpSource:
    """A source by its settings.

    Errors: SettingsError
    """
    target, values = read_target(spec, given)
    by, url = values["acknowledge"], values["acknowledge_url"] or ""
    if by != "none":
        if not url or split_url(url.replace("{key}", "x")).netloc != split_url(target.url).netloc:
            fault = "acknowledge_url: needed, on the same host as url"
            raise SettingsError(fault, {"faults": [fault]})
    test_url = read_test_url(values["test_url"], target.url)
    return HttpSource(target, values["entries"], by, url, values["key_field"] or "", test_url)
