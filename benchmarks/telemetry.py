"""What traces and figures cost: intake and inbox to outbox without figures, as it is, and with every step traced.

Processor time of this process for the same messages on the same database, in interleaved rounds; medians. The
collector listens in a process of its own, so that its work isn't counted.
"""

import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.runtime.installation import Installation
from app.runtime.intake import accept_lines
from app.runtime.processing import drain
from app.settings import Settings
from app.storage.migrate import upgrade
from app.telemetry import metrics
from app.telemetry.tracing import open_spans
from tests.journey import ENVIRONMENT, install, order
from tests.servers import Postgres

MESSAGES = 2_000
ROUNDS = 5
ALL = range(256)


class _Heard(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


def collect(told: Any) -> None:
    """A collector that takes everything."""
    server = HTTPServer(("127.0.0.1", 0), _Heard)
    told.put(server.server_address[1])
    server.serve_forever()


class _Nothing:
    """Figures that nobody counts."""

    def labels(self, *labels: str) -> "_Nothing":
        return self

    def inc(self, by: float) -> None:
        pass

    def observe(self, seconds: float) -> None:
        pass


@contextmanager
def without_figures() -> Any:
    """Count nothing in here."""
    known = dict(metrics._KNOWN)
    metrics._KNOWN.update(dict.fromkeys(known, _Nothing()))
    yield
    metrics._KNOWN.update(known)


def journey(installation: Installation, number: int) -> float:
    """Take a bulk in and drain it; processor seconds."""
    first = number * MESSAGES
    body = b"\n".join(order(n, f"L{n % 200}") for n in range(first, first + MESSAGES))
    begun = time.process_time()
    accept_lines(installation, ENVIRONMENT, "shop.order", body)
    assert drain(installation, ALL) == MESSAGES
    return time.process_time() - begun


def measured(installation: Installation, endpoint: str) -> dict[str, list[float]]:
    """Seconds by way, in interleaved rounds; the first round warms up."""
    traced = replace(installation, spans=open_spans(Settings(otlp_endpoint=endpoint), "benchmark"))
    found: dict[str, list[float]] = {"without figures": [], "as it is": [], "every step traced": []}
    number = 0

    def timed(way: str, run: Callable[[int], float]) -> None:
        nonlocal number
        seconds = run(number)
        number += 1
        if number > len(found):
            found[way].append(seconds)

    for _ in range(ROUNDS + 1):
        with without_figures():
            timed("without figures", lambda n: journey(installation, n))
        timed("as it is", lambda n: journey(installation, n))
        timed("every step traced", lambda n: journey(traced, n))
    traced.spans.close()
    return found


def main() -> None:
    """Print the ratios."""
    told: Any = multiprocessing.Queue()
    collector = multiprocessing.Process(target=collect, args=(told,), daemon=True)
    collector.start()
    server = Postgres()
    url = server.create("telemetry")
    upgrade(url)
    with tempfile.TemporaryDirectory() as home:
        installation = install(Settings(home=Path(home), database_url=url))
        found = measured(installation, f"http://127.0.0.1:{told.get(timeout=20)}")
        installation.close()
    server.stop()
    collector.terminate()
    base = statistics.median(found["without figures"])
    for way, seconds in found.items():
        each = statistics.median(seconds) / MESSAGES * 1e6
        print(
            f"{way:20} {each:7.0f} us of CPU a message   {statistics.median(seconds) / base:5.2f} x without figures"
        )


if __name__ == "__main__":
    main()
