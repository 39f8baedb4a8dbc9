"""A worker whose JSON codec spins in C code where a body says so, deaf to signal handlers."""

import re
import sys
from collections.abc import Mapping
from typing import Any

from app.settings import load_settings
from app.telemetry import configure_log
from app.wiring import wire
from app.worker import run_worker
from connectors.contract import DecodedDocument


class Spinning:
    """The real codec, but for bodies with the word `spin`."""

    def __init__(self, codec: Any) -> None:
        self._codec = codec

    def decode(
        self, body: bytes, options: Mapping[str, Any], guide: Mapping[str, Any]
    ) -> list[DecodedDocument]:
        if b"spin" in body:
            re.match(r"(a+)+$", "a" * 60 + "b")
        return list(self._codec.decode(body, options, guide))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codec, name)


if __name__ == "__main__":
    settings = load_settings()
    configure_log(settings, "worker")
    installation = wire(settings)
    installation.codecs = {**installation.codecs, "json": Spinning(installation.codecs["json"])}
    sys.exit(run_worker(installation))
