"""How much CPU time text takes on its way to running code, afresh and after a keystroke.

Afresh nothing is known of earlier checks. After a keystroke one letter of the module differs from the one checked before.
Medians; the goals are those of the design: 5,000 lines under 1 s, a keystroke in 500 lines under 50 ms, in a table of 200 rows
under 100 ms. Run: python benchmarks/compile.py
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from analysis import cases  # the benchmarks beside this one
from map import program, schemas

from app.runtime.codes import SignedFolder
from dsl import incremental, knownlines
from dsl.checker import check
from dsl.lines import grammar
from rules.compiler import compile_program

ROUNDS = 5
KEYS = 11


def module(maps: int) -> str:
    """A module of so many maps."""
    head, _, body = program().partition("map m :")
    return head + "".join(f"map m{number} :{body}" for number in range(maps))


def timed(call: Callable[[], Any], before: Callable[[], Any] = lambda: None) -> float:
    """Median milliseconds of some calls, each prepared by another that does not count."""
    taken = []
    for _ in range(ROUNDS):
        before()
        start = time.process_time()
        call()
        taken.append((time.process_time() - start) * 1e3)
    return statistics.median(taken)


def forget() -> None:
    """As if nothing had ever been checked."""
    incremental.forget()
    knownlines.forget()


def keystroke(files: dict[str, bytes], path: str, at: str) -> float:
    """Median milliseconds of a check after one more letter behind the last `at`."""
    text = files[path].decode()
    place = text.rindex(at) + len(at)
    states: Iterator[bytes] = (f"{text[:place]}{'x' * n}{text[place:]}".encode() for n in range(1, KEYS + 1))
    check(files)
    taken = []
    for state in states:
        start = time.process_time()
        check({**files, path: state})
        taken.append((time.process_time() - start) * 1e3)
    return statistics.median(taken)


def modules() -> None:
    """Modules of maps."""
    grammar()
    for maps in (7, 75):
        files = {**schemas(), "maps/m.mw": module(maps).encode()}
        afresh = timed(lambda: check(files), forget)  # noqa: B023
        lines = module(maps).count("\n")
        print(
            f"  {lines:5} lines: afresh {afresh:6.0f} ms, a keystroke {keystroke(files, 'maps/m.mw', 'trim('):5.1f} ms"
        )


def tables() -> None:
    """Tables of 200 rows: a keystroke in a cell makes the analysis anew."""
    for name, text in cases(200):
        files = {"ruleset.toml": b'name = "bench"\nlanguage = "1"\n', "t.mw": text.encode()}
        at = "| < 0" if "| < 0" in text else "not(c"
        print(f"  {name:34} a keystroke {keystroke(files, 't.mw', at):5.1f} ms")


def compiling() -> None:
    """Generated and compiled, and with the code object from the signed folder."""
    checked = check({**schemas(), "maps/m.mw": module(75).encode()})
    with tempfile.TemporaryDirectory() as folder:
        store = SignedFolder(Path(folder), ("key",))
        afresh = timed(lambda: compile_program(checked))
        compile_program(checked, "release", store)
        kept = timed(lambda: compile_program(checked, "release", store))
    print(f"  5,000 lines compiled {afresh:5.0f} ms, with the code object kept {kept:5.0f} ms")


def main() -> None:
    """Print all of it."""
    modules()
    tables()
    compiling()


if __name__ == "__main__":
    main()
