"""Fill one store, leave one empty, and measure both; `--messages 100000` makes it smaller, `--only reading` shorter."""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.collector import collect_seldom
from benchmarks.journey.stage import Stage, free_port, process
from benchmarks.scale import dropping, filling, reading, running
from tests.journey import bind, journey_files

PARTS = ("running", "reading", "dropping")


def main() -> int:
    """Print every ratio and time with its goal."""
    asked = _asked()
    begun = time.monotonic()
    stage = Stage()
    try:
        size = filling.Size(asked.messages, asked.days)
        with target() as url:
            _measure(stage, size, asked, url)
    finally:
        stage.close()
    print(f"  ({time.monotonic() - begun:.0f} s)")
    return 0


def _measure(stage: Stage, size: filling.Size, asked: argparse.Namespace, url: str) -> None:
    full, empty = _full(stage, size, asked.kept, url), stage.installation(journey_files())
    bind(empty, "erp.order", url)
    collect_seldom()
    parts = asked.only or PARTS
    if "running" in parts:
        running.report(empty, full)
    if "reading" in parts:
        reading.report(full, size)
    if "dropping" in parts:
        dropping.report(full, size)


@contextmanager
def target() -> Iterator[str]:
    """A target that takes everything, in a process of its own; its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    with process([sys.executable, "-m", "benchmarks.journey.traffic", str(port)], ready=url):
        yield url


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.scale", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000, help="how many the full store holds")
    parser.add_argument("--days", type=int, default=90, help="over how many days before today")
    parser.add_argument("--only", action="append", choices=PARTS, help="these parts alone")
    parser.add_argument("--kept", help="a database of the server that is filled once and stays")
    return parser.parse_args(sys.argv[1:])


def _full(stage: Stage, size: filling.Size, kept: str | None, url: str) -> filling.Installation:
    """A store that is filled now, or the one that another run has kept."""
    if kept and filling.there(stage.postgres, kept):
        made = stage.installation(journey_files(), stage.postgres.database_url(kept))
        bind(made, "erp.order", url)
        return made
    made = stage.installation(journey_files(), stage.postgres.create(kept) if kept else "")
    bind(made, "erp.order", url)
    seconds = filling.fill(made, size)
    print(f"  {size.messages:,} messages over {size.days} days stored in {seconds:.0f} s", flush=True)
    return made


if __name__ == "__main__":
    sys.exit(main())
