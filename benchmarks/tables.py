"""A decision table of 10,000 rows against one of 50, and against zen-engine: the index makes the size of a table cheap.

Random hits, equal results, median of interleaved rounds in one run. zen-engine gets each input as a dictionary and gives one
back, as its interface has it. Run: python benchmarks/tables.py
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
    lines = [
        "table t policy first",
        "  | row | item: text | plant: text | qty: decimal => step: text | level: integer |",
    ]
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


def zen(rows: int) -> Any:
    """The same table in zen-engine."""
    from zen import ZenEngine

    rules = []
    for number in range(rows):
        item, plant, low = number // 10, number % 2, (number % 10) // 2 * 100
        rules.append(
            {
                "_id": f"r{number}",
                "i1": f'"I{item:04}"',
                "i2": f'"P{plant}"',
                "i3": f"[{low}..{low + 100})",
                "o1": f'"s{number % 7}"',
                "o2": str(number % 5),
            }
        )
    rules.append({"_id": "otherwise", "i1": "", "i2": "", "i3": "", "o1": '"none"', "o2": "0"})
    columns = [
        {"id": f"i{n}", "name": field, "field": field} for n, field in enumerate(("item", "plant", "qty"), 1)
    ]
    results = [{"id": f"o{n}", "name": field, "field": field} for n, field in enumerate(("step", "level"), 1)]
    content = {"hitPolicy": "first", "inputs": columns, "outputs": results, "rules": rules}
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in"},
        {"id": "t", "type": "decisionTableNode", "name": "t", "content": content},
        {"id": "out", "type": "outputNode", "name": "out"},
    ]
    edges = [
        {"id": f"{a}-{b}", "type": "edge", "sourceId": a, "targetId": b}
        for a, b in (("in", "t"), ("t", "out"))
    ]
    return ZenEngine().create_decision({"nodes": nodes, "edges": edges})


def against_zen(
    cases: dict[int, tuple[Any, Run, list[tuple[str, str, Decimal]]]], ours: dict[int, float]
) -> None:
    """Print what zen-engine takes for the same decisions."""
    try:
        made = {rows: zen(rows) for rows in SIZES}
    except ImportError as error:
        print(f"  zen-engine is not installed ({error})")
        return
    for rows, decision in made.items():
        found, run, given = cases[rows]
        asked = [{"item": item, "plant": plant, "qty": int(quantity)} for item, plant, quantity in given[:40]]
        for question, (item, plant, quantity) in zip(asked, given, strict=False):
            value = found.decide(run, item, plant, quantity)[1]
            theirs = decision.evaluate(question)["result"]
            assert theirs == {"step": value["step"], "level": value["level"]}, (theirs, value)
        taken = []
        for _ in range(7):
            start = time.process_time()
            for question in asked:
                decision.evaluate(question)
            taken.append((time.process_time() - start) / len(asked) * 1e6)
        median = statistics.median(taken)
        print(
            f"  {rows:6} rows in zen-engine {median:8.1f} us a decision   {median / ours[rows]:6.0f} x Mapwright"
        )


def main() -> None:
    """Print microseconds a decision and the ratio to the smallest table."""
    context = Context(datetime(2026, 1, 31, tzinfo=UTC))
    cases: dict[int, tuple[Any, Run, list[tuple[str, str, Decimal]]]] = {}
    for rows in SIZES:
        start = time.process_time()
        rule_set = compiled(rows)
        print(f"  {rows:6} rows checked and compiled in {time.process_time() - start:6.2f} s")
        cases[rows] = (rule_set.tables["t"], Run(context, rule_set.zone, (), ()), inputs(rows))
    times: dict[int, list[float]] = {rows: [] for rows in SIZES}
    for _ in range(ROUNDS):
        for rows, (found, run, given) in cases.items():
            start = time.process_time()
            for item, plant, quantity in given:
                found.decide(run, item, plant, quantity)
            times[rows].append((time.process_time() - start) / CALLS * 1e6)
    base, best = statistics.median(times[SIZES[0]]), min(times[SIZES[0]])
    for rows in SIZES:
        median, fastest = statistics.median(times[rows]), min(times[rows])
        ratios = f"{median / base:5.2f} x {SIZES[0]} rows (best rounds {fastest / best:5.2f} x)"
        print(f"  {rows:6} rows {median:8.2f} us a decision   {ratios}")
    against_zen(cases, {rows: statistics.median(found) for rows, found in times.items()})


if __name__ == "__main__":
    main()
