"""The target of a run: mostly it does what it is asked, sometimes it fails in every way that targets know."""

import json
import random
import threading
import time
from collections import Counter

from tests.journey import Answer, Target

STOCK = json.dumps({"id": "stock", "lot": "STOCK", "n": 77}).encode()
ODDS = {
    "target error 500": 4,
    "target busy 503": 4,
    "target full 429": 3,
    "target slow": 5,
    "target times out": 1,
    "target hangs up": 3,
    "target breaks off its answer": 3,
    "target error in a 200": 3,
    "target refuses 422": 1,
}


class Moods:
    """The script of a target. `often` is the share of requests that fail; in a dark hour nearly all do."""

    def __init__(self, target: Target, seed: int, often: float = 0.04) -> None:
        self.counts: Counter[str] = Counter()
        self._dice = random.Random(f"{seed}/target")
        self._often = often
        self._dark_until = 0.0
        self._well = threading.Event()
        target.script = self._answer

    def darken(self, seconds: float) -> None:
        """Fail nearly all the time for a while."""
        self._dark_until = time.monotonic() + seconds

    def heal(self) -> None:
        """Do what is asked from now on."""
        self._well.set()

    def _answer(self, number: int) -> Answer:
        dark = time.monotonic() < self._dark_until
        if self._well.is_set() or self._dice.random() > (0.9 if dark else self._often):
            return Answer(body=STOCK)
        (mood,) = self._dice.choices(list(ODDS), list(ODDS.values()))
        if dark and mood == "target times out":
            mood = "target busy 503"
        self.counts[mood] += 1
        return self._fail(mood)

    def _fail(self, mood: str) -> Answer:
        match mood:
            case "target error 500":
                return Answer(500)
            case "target busy 503":
                return Answer(503)
            case "target full 429":
                return Answer(429, {"Retry-After": "1"})
            case "target slow":
                return Answer(seconds=self._dice.uniform(0.1, 0.8), body=STOCK)
            case "target times out":
                return Answer(seconds=2.5, body=STOCK)
            case "target hangs up":
                return Answer(hang_up=True)
            case "target breaks off its answer":
                return Answer(cut=True, body=STOCK)
            case "target error in a 200":
                return Answer(body=b'{"error": "locked"}', effect=False)
            case _:
                return Answer(422)
