"""A worker whose JSON codec spins in C code where a body says so, deaf to signal handlers."""

import re
import sys
from collections.abc import Mapping
from typing import Any

from app import alone
from app.runtime import witness
from app.runtime.installation import Installation
from app.settings import Settings, load_settings
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


def spinning(settings: Settings, process: str = "worker") -> Installation:
    """An installation with that codec."""
    installation = wire(settings, process)
    installation.codecs = {**installation.codecs, "json": Spinning(installation.codecs["json"])}
    return installation


def work() -> int:
    """Run a worker; what it suspects is decided alone by the same codec."""
    settings = load_settings()
    configure_log(settings, "worker")
    witness.COMMAND = (sys.executable, "-m", "tests.app.runtime.runaway", "alone")
    return run_worker(spinning(settings))


if __name__ == "__main__":
    if sys.argv[1:] == ["alone"]:
        alone.wire = spinning
        alone.main()
        sys.exit(0)
    sys.exit(work())
