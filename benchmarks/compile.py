"""How long text takes on its way to running code: parse and check, generate code, load.

Run: python benchmarks/compile.py
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

from map import program, schemas  # the benchmark beside this one

from dsl.checker import check
from dsl.parser import parse
from dsl.source import Source
from rules.compiler import compile_program

ROUNDS = 3


def module(maps: int) -> str:
    """A module of so many maps."""
    head, _, body = program().partition("map m :")
    return head + "".join(f"map m{number} :{body}" for number in range(maps))


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Median seconds and the result."""
    taken, result = [], None
    for _ in range(ROUNDS):
        start = time.perf_counter()
        result = call()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken), result


def main() -> None:
    """Print milliseconds a step for a small and a large module."""
    for maps in (2, 8, 75):
        text = module(maps)
        files = {**schemas(), "maps/m.mw": text.encode()}
        parsing, _ = timed(lambda: parse(Source("maps/m.mw", text)))  # noqa: B023
        checking, checked = timed(lambda: check(files))  # noqa: B023
        assert checked.ok, [d.message for d in checked.diagnostics][:3]
        compiling, _ = timed(lambda: compile_program(checked))  # noqa: B023
        lines = text.count("\n")
        print(
            f"  {lines:5} lines: parse {parsing * 1e3:7.0f} ms, parse and check {checking * 1e3:7.0f} ms, "
            f"generate and compile {compiling * 1e3:7.0f} ms"
        )


if __name__ == "__main__":
    main()
