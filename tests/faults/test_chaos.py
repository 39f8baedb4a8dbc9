"""A seeded chaos soak: 60 s on PostgreSQL, 12 s on SQLite; every kind of message, and everything dies."""

import os
import random
from pathlib import Path

import pytest

from tests.faults.soak.run import Plan, Soak
from tests.faults.soak.tables import table

pytestmark = [pytest.mark.faults, pytest.mark.slow]
SECONDS = {"postgresql": 60.0, "sqlite": 12.0}


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_nothing_is_lost_doubled_or_out_of_order_whatever_dies(kind: str, tmp_path: Path) -> None:
    seed = int(os.environ.get("MAPWRIGHT_CHAOS_SEED", random.randrange(1_000_000)))
    seconds = float(os.environ.get("MAPWRIGHT_CHAOS_SECONDS", SECONDS[kind]))
    print(f"seed {seed}: MAPWRIGHT_CHAOS_SEED={seed} repeats it, make soak SEED={seed} MINUTES=60 goes on")
    soak = Soak(Plan(seed, seconds, kind, rate=15, blow_every=1.2), tmp_path)
    try:
        print(table(soak.run()))
    finally:
        soak.site.close()
