"""The analysis of decision tables: 1,000 rows of 8 columns, and a keystroke in a table of 200 rows.

Each table is analysed afresh, as after a keystroke in it; `kept` is the next check of an unchanged table.
Best of three runs of one process. Run: python -m benchmarks.analysis
"""

import itertools
import random
import time
from collections.abc import Callable, Iterator

from dsl.analysis import analyse
from dsl.analysis.tables import _kept
from dsl.checker import check
from dsl.program import CheckedTable

COLUMNS = 8
ROUNDS = 3


def module(policy: str, kind: str, rows: list[str]) -> str:
    """A table of eight columns of one type and a boolean result."""
    head = " | ".join(f"c{n}: {kind}" for n in range(COLUMNS))
    lines = "".join(f"  | r{n} | {row} => {'true' if n % 3 else 'false'} |\n" for n, row in enumerate(rows))
    return f"table t policy {policy}\n  | row | {head} => o: boolean |\n{lines}end\n"


def part(number: int, of: int) -> str:
    """One of several ranges that meet without gap."""
    if number == 0:
        return "< 0"
    return f">= {(of - 2) * 10}" if number == of - 1 else f"[{number * 10 - 10}..{number * 10})"


def cases(rows: int) -> Iterator[tuple[str, str]]:
    """Tables as people have them, and random ones."""
    draw = random.Random(1)
    side = round(rows ** (1 / 3))
    grid = [
        " | ".join([*(part(n, side) for n in place), *["-"] * 5])
        for place in itertools.product(range(side), repeat=3)
    ]
    enums = [
        " | ".join(draw.choice(["a", "b", "not(c)", "-", "missing", "c, d"]) for _ in range(COLUMNS))
        for _ in range(rows)
    ]
    yield f"{len(grid)} rows, complete, unique", module("unique", "integer", grid)
    yield f"{len(grid)} rows, complete, first", module("first", "integer", grid)
    yield f"{rows} rows, random values, unique", module("unique", "enum{a, b, c, d}?", enums)
    yield f"{rows} rows, random values, first", module("first", "enum{a, b, c, d}?", enums)


def best(run: Callable[[], object]) -> float:
    """The shortest of some runs, in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def measure(name: str, text: str) -> None:
    """Print what one table costs."""
    files = {"ruleset.toml": b'name = "bench"\nlanguage = "1"\n', "t.mw": text.encode()}
    table: CheckedTable = check(files).tables["t"]

    def again() -> object:
        return analyse(table.node, table.inputs, table.outputs, text)

    def fresh() -> object:
        _kept.clear()
        return again()

    whole = best(lambda: check(files))
    print(
        f"{name:38} analysis {best(fresh):7.1f} ms   kept {best(again):6.3f} ms   whole check {whole:7.0f} ms"
    )


def main() -> None:
    """All cases in both sizes."""
    for rows in (200, 1000):
        for name, text in cases(rows):
            measure(name, text)


if __name__ == "__main__":
    main()
