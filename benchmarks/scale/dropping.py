"""Retention in the full store: how long letting go of the oldest days takes, and how long others wait for it."""

import threading
import time

from app.runtime import retention
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.storage import days
from app.storage.identity import MILLISECONDS_A_DAY, milliseconds
from app.storage.retention import Keep, set_retention
from benchmarks.scale.filling import Size
from tests.journey import ENVIRONMENT, order


def report(full: Installation, size: Size) -> None:
    """Print the seconds of one run, beside live intake."""
    with full.database.begin() as tx:
        oldest = days.ranges(tx)[0]
        keep = milliseconds() // MILLISECONDS_A_DAY - oldest.high
        set_retention(tx, ENVIRONMENT, Keep(keep, 0), "bench", retention.now(tx))
    begun = time.perf_counter()
    would = retention.run_retention(full, by="bench", dry_run=True)
    print(f"  {'a dry run':<34} {time.perf_counter() - begun:8.2f} s", flush=True)
    over, waits = threading.Event(), []
    beside = threading.Thread(target=_take_in, args=(full, over, waits))
    beside.start()
    time.sleep(1.0)
    before = len(waits)
    begun = time.perf_counter()
    report = retention.run_retention(full, by="bench")
    took = time.perf_counter() - begun
    over.set()
    beside.join()
    assert report is not None and would is not None
    usual, worst = max(waits[:before]), max(waits[before:])
    for one in report.dropped:
        print(
            f"  dropped {one['days']}: {one['messages']:,} messages, {one['kept_messages']} stay", flush=True
        )
    print(f"  {'the run':<34} {took:8.2f} s   {report.deleted}")
    print(f"  {'longest intake beside it':<34} {worst * 1000:8.0f} ms   (before it {usual * 1000:.0f} ms)")
    assert would.dropped == report.dropped, (would.dropped, report.dropped)


def _take_in(installation: Installation, over: threading.Event, waits: list[float]) -> None:
    number = 90_000_000
    while not over.is_set():
        begun = time.perf_counter()
        accept(installation, ENVIRONMENT, "shop.order", order(number, f"L{number % 100}"))
        waits.append(time.perf_counter() - begun)
        number += 1
        time.sleep(0.01)
