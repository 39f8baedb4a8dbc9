"""The same traffic through an empty store and through a full one, in interleaved rounds."""

import statistics
import time
from collections.abc import Callable, Mapping

from app.runtime.installation import Installation
from app.runtime.intake import accept, accept_lines
from app.runtime.processing import drain
from tests.delivering import deliver
from tests.journey import ENVIRONMENT, order

MESSAGES, SINGLE = 2_000, 150
LANES = 500
ROUNDS = 5
ALL = set(range(256))
Way = Callable[[Installation, int], float]


def bulk(installation: Installation, first: int) -> float:
    """Seconds of intake in bulks of 1,000."""
    begun = time.perf_counter()
    for start in range(first, first + MESSAGES, 1_000):
        lines = b"\n".join(order(n, f"L{n % LANES}") for n in range(start, start + 1_000))
        accept_lines(installation, ENVIRONMENT, "shop.order", lines)
    return time.perf_counter() - begun


def drained(installation: Installation, first: int) -> float:
    """Seconds from the inbox to the outbox."""
    begun = time.perf_counter()
    moved = drain(installation, ALL)
    assert moved == MESSAGES, moved
    return time.perf_counter() - begun


def single(installation: Installation, first: int) -> float:
    """Seconds of intake one by one; they are ignored later, so that nothing of them is sent."""
    begun = time.perf_counter()
    for n in range(first, first + SINGLE):
        accept(installation, ENVIRONMENT, "shop.order", order(1_000_000 + n, f"L{n % LANES}", mode="ignore"))
    took = time.perf_counter() - begun
    drain(installation, ALL)
    return took


def repeated(installation: Installation, first: int) -> float:
    """Seconds of intake of what came before."""
    begun = time.perf_counter()
    for n in range(first, first + SINGLE):
        (again,) = accept(installation, ENVIRONMENT, "shop.order", order(n, f"L{n % LANES}"))
        assert again.duplicate
    return time.perf_counter() - begun


def sent(installation: Installation, first: int) -> float:
    """Seconds from the outbox to the target, with all that is still there from before."""
    begun = time.perf_counter()
    deliver(installation, ALL)
    return time.perf_counter() - begun


WAYS: Mapping[str, Way] = {
    "intake in bulks": bulk,
    "inbox to outbox": drained,
    "intake one by one": single,
    "intake of repeats": repeated,
    "outbox to target": sent,
}


def report(empty: Installation, full: Installation) -> None:
    """Print how much longer each takes in the full store."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    for number in range(ROUNDS + 1):
        turns = (empty, full) if number % 2 else (full, empty)
        for name, way in WAYS.items():
            took = {id(one): way(one, number * MESSAGES) for one in turns}
            if number:  # the first round warms up
                found[name].append((took[id(empty)], took[id(full)]))
    for name, pairs in found.items():
        ratio = statistics.median(full / empty for empty, full in pairs)
        verdict = "reached" if ratio <= 1.1 else "not reached"
        rounds = " ".join(f"{full / empty:.2f}" for empty, full in pairs)
        print(f"  {name:<34} {ratio:6.2f} x the empty store   goal 1.1, {verdict}   ({rounds})", flush=True)
