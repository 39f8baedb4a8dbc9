"""A connection on which the head of a request and a small body leave together."""

from typing import Any

from urllib3.connection import HTTPConnection

_MOST = 65_536
"""A larger body follows its head: copying it would cost more than a second write does."""


class OneWrite(HTTPConnection):
    """What is to be sent is held until `flush`, as long as it is small."""

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self._held = b""

    def send(self, data: Any) -> None:
        """Hold it, or send it after what is held."""
        if isinstance(data, bytes) and len(self._held) + len(data) <= _MOST:
            self._held += data
            return
        self.flush()
        super().send(data)

    def flush(self) -> None:
        """Send what is held."""
        held, self._held = self._held, b""
        if held:
            super().send(held)
