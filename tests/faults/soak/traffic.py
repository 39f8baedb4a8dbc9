"""Senders: each insists until its message is acknowledged, by HTTP or by a call, and notes what it was told."""

import json
import math
import random
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.runtime.intake import accept
from tests.faults.soak.site import Site
from tests.journey import ENVIRONMENT, order

LOTS = 12
# mode -> (endpoint, weight, how many effects one message of it has at the target; None: that is told elsewhere)
MODES: dict[str, tuple[str, int, int | None]] = {
    "": ("shop.order", 40, 1),
    "event": ("shop.order", 8, 2),
    "keyed": ("shop.order", 5, 1),
    "once": ("shop.order", 3, 1),
    "reject": ("shop.order", 2, 0),
    "hold": ("shop.order", 2, 0),
    "ignore": ("shop.order", 2, 0),
    "alert": ("shop.order", 2, 0),
    "kept": ("shop.kept", 10, 1),
    "collect": ("shop.later", 8, 1),
    "expect": ("shop.later", 4, 0),
    "chase": ("shop.later", 3, None),
    "enrich": ("shop.enrich", 4, 1),
    "ask": ("shop.ask", 4, 1),
}
_OWN_ENDPOINT = ("kept", "enrich", "ask")
# How long a sender insists once nothing is hurt any more; before, it does so for ever.
PATIENCE_SECONDS = 300.0
_NOT_YET = (408, 409, 425, 429)


@dataclass
class Sent:
    """One body that a sender has to get rid of, and what it heard."""

    number: int
    lot: str
    mode: str
    effects: int | None
    message_id: str = ""
    ids: list[str] = field(default_factory=list)
    acknowledged: float = 0.0
    tries: int = 0
    refused: str = ""

    @property
    def name(self) -> str:
        """The id in the body."""
        return f"order-{self.number}"


class Traffic:
    """All senders of a run; each has lots of its own, so that it knows their order."""

    def __init__(self, site: Site, seed: int, rate: float, senders: int = 4) -> None:
        self.sent: list[Sent] = []
        self.errors: Counter[str] = Counter()
        self._site, self._rate, self._count = site, rate, 0
        self._lock, self._stop, self._until = threading.Lock(), threading.Event(), math.inf
        self._threads = [
            threading.Thread(target=self._send, args=(n, senders, random.Random(f"{seed}/{n}")), daemon=True)
            for n in range(senders)
        ]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send nothing more; what is on its way is acknowledged first."""
        self._until = time.monotonic() + PATIENCE_SECONDS
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def acknowledged(self) -> list[str]:
        """The ids that senders were told."""
        return [id for sent in list(self.sent) for id in sent.ids]

    def _send(self, place: int, senders: int, dice: random.Random) -> None:
        lots = [f"L{n}" for n in range(LOTS) if n % senders == place]
        begun, count = time.monotonic(), 0
        post = self._by_http if place % 4 != 3 else self._by_call
        modes, weights = list(MODES), [weight for _, weight, _ in MODES.values()]
        while not self._stop.is_set():
            mode = dice.choices(modes, weights)[0]
            self._one(self._new(dice.choice(lots), mode), post, dice)
            count += 1
            wait = begun + count * senders / self._rate - time.monotonic()
            if wait < -10:  # it was held up: it does not make up for it in a rush
                begun, count = time.monotonic(), 0
            self._stop.wait(max(0.0, wait))

    def _new(self, lot: str, mode: str) -> Sent:
        with self._lock:
            self._count += 1
            made = Sent(self._count, lot, mode, MODES[mode][2])
            self.sent.append(made)
        return made

    def _one(self, sent: Sent, post: Callable[[str, bytes, str], Sequence[str]], dice: random.Random) -> None:
        """A message, and what belongs to it: the record that it waits for, the confirmation that is expected."""
        if sent.mode == "enrich" and dice.random() < 0.5:
            self._record(sent, post)
            self._insist(sent, post)
            return
        self._insist(sent, post)
        if sent.mode == "enrich":
            self._record(sent, post)
        if sent.mode in ("expect", "chase") and dice.random() < 0.6:
            self._insist(sent, post, "erp.confirmed", order(sent.number, sent.lot), "confirmed")

    def _record(self, sent: Sent, post: Callable[[str, bytes, str], Sequence[str]]) -> None:
        self._insist(sent, post, "shop.later", order(sent.number, sent.lot, mode="remember"), "record")

    def _insist(
        self,
        sent: Sent,
        post: Callable[[str, bytes, str], Sequence[str]],
        endpoint: str = "",
        body: bytes = b"",
        name: str = "",
    ) -> None:
        """Again with the same body and key until somebody takes it."""
        more = {} if sent.mode in ("", *_OWN_ENDPOINT) else {"mode": sent.mode}
        endpoint = endpoint or MODES[sent.mode][0]
        body = body or order(sent.number, sent.lot, **more)
        while True:
            sent.tries += 1
            try:
                told = post(endpoint, body, f"{name or sent.mode}-{sent.number}")
                sent.ids += told
                if not name:
                    sent.message_id, sent.acknowledged = told[0], time.monotonic()
                return
            except Exception as error:
                self.errors[f"{type(error).__name__}: {str(error)[:80]}"] += 1
                if isinstance(error, PermissionError) or time.monotonic() > self._until:
                    sent.refused = f"{endpoint}: {type(error).__name__}: {error}"
                    return
                time.sleep(0.2)

    def _by_http(self, endpoint: str, body: bytes, key: str) -> list[str]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._site.port}/v1/in/{endpoint}", body, method="POST"
        )
        request.add_header("Authorization", f"Bearer {self._site.token}")
        request.add_header("Content-Type", "application/json")
        request.add_header("Idempotency-Key", key)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                content, headers = answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            text = error.read()
            if told := _without_reply(text):
                return [told]
            if final(error.code, text):
                raise PermissionError(f"{error.code} {text[:300]!r}") from error
            raise
        if "X-Mapwright-Message" in headers:
            return [headers["X-Mapwright-Message"]]
        said: Any = json.loads(content)
        return [one["message_id"] for one in (said if isinstance(said, list) else [said])]

    def _by_call(self, endpoint: str, body: bytes, key: str) -> list[str]:
        found = accept(self._site.installation, ENVIRONMENT, endpoint, body, idempotency_key=key)
        return [one.message_id for one in found]


def final(status: int, text: bytes) -> bool:
    """Whether the product itself refuses this body for good, so that asking again can't help."""
    try:
        said = json.loads(text)
    except ValueError:
        return False
    return 400 <= status < 500 and status not in _NOT_YET and said.get("retryable") is False


def _without_reply(text: bytes) -> str:
    """The message of a synchronous flow that came to its end without a reply: it was taken in all the same."""
    try:
        said = json.loads(text)
    except ValueError:
        return ""
    details = said.get("details") if isinstance(said, dict) and said.get("code") == "no_reply" else None
    found = details[0] if isinstance(details, list) and details else details
    return str(found.get("message_id", "")) if isinstance(found, dict) else ""
