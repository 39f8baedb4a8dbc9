"""A decision table of 10,000 rows against one of 50: the index makes the size of a table cheap.

Random hits, median of interleaved rounds in one run. Run: python benchmarks/tables.py
"""

import json
import statistics
import time
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

from dsl.checker import check
from rules.compiler import Compiled, compile_program
from rules.generation.support import Run
from rules.outcome import Context

ROUNDS = 30
CALLS = 300
SIZES = (50, 1_000, 10_000)


def table(rows: int) -> str:
    """Rows that name an item and a plant and give a range of the quantity."""
    lines = ["table t policy first", "  | row | item: text | plant: text | qty: decimal => step: text | level: integer |"]
    for number in range(rows):
        item, plant, low = number // 10, number % 2, (number % 10) // 2 * 100
        lines.append(
            f'  | r{number} | "I{item:04}" | "P{plant}" | [{low}..{low + 100}) => "s{number % 7}" | {number % 5} |'
        )
    return "\n".join([*lines, '  otherwise => "none" | 0', "end"]) + "\n"


def compiled(rows: int) -> Compiled:
    """A rule set with one table."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    found = check(
        {
            "ruleset.toml": b'name = "bench"\nlanguage = "1"\ntime_zone = "UTC"\n',
            "schemas/s.x@v1.json": json.dumps(schema).encode(),
            "tables/t.mw": table(rows).encode(),
        }
    )
    assert found.ok, [d.message for d in found.diagnostics][:5]
    return compile_program(found)


def inputs(rows: int) -> list[tuple[str, str, Decimal]]:
    """Inputs that hit rows at random, and now and then none."""
    draw = Random(7)
    found = []
    for _ in range(CALLS):
        number = draw.randrange(rows + rows // 20)
        found.append((f"I{number // 10:04}", f"P{number % 2}", Decimal((number % 10) // 2 * 100 + 50)))
    return found


def main() -> None:
    """Print microseconds a decision and the ratio to the smallest table."""
    context = Context(datetime(2026, 1, 31, tzinfo=UTC))
    cases: dict[int, tuple[Any, Run, list[tuple[str, str, Decimal]]]] = {}
    for rows in SIZES:
        start = time.perf_counter()
        rule_set = compiled(rows)
        print(f"  {rows:6} rows checked and compiled in {time.perf_counter() - start:6.2f} s")
        cases[rows] = (rule_set.tables["t"], Run(context, rule_set.zone, (), ()), inputs(rows))
    times: dict[int, list[float]] = {rows: [] for rows in SIZES}
    for _ in range(ROUNDS):
        for rows, (found, run, given) in cases.items():
            start = time.perf_counter()
            for item, plant, quantity in given:
                found.decide(run, item, plant, quantity)
            times[rows].append((time.perf_counter() - start) / CALLS * 1e6)
    base, best = statistics.median(times[SIZES[0]]), min(times[SIZES[0]])
    for rows in SIZES:
        median, fastest = statistics.median(times[rows]), min(times[rows])
        ratios = f"{median / base:5.2f} x {SIZES[0]} rows (best rounds {fastest / best:5.2f} x)"
        print(f"  {rows:6} rows {median:8.2f} us a decision   {ratios}")


if __name__ == "__main__":
    main()
