"""Fuzzes the language from a seed until the time is over; the first failure is shrunk and printed.

    python -m tests.fuzzing.run [--seconds 60] [--seed 1] [--only document] [--input 4711]

Every input has a number that comes from the seed: `--input` runs one again. An input may take CPU_LIMIT seconds of CPU
time and the process MEMORY bytes; a call of C code that never comes back ends the process with the number printed.
"""

import argparse
import faulthandler
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from random import Random
from typing import Any

from tests.fuzzing.targets import TARGETS, Target

CPU_LIMIT = 10.0
STUCK = 120
MEMORY = 3_000_000_000
TRIES = 400


class Hang(BaseException):
    """An input that takes too long."""


def too_long(*_: object) -> None:
    raise Hang


def failure(target: Target, made: Any, number: int) -> str:
    """What is wrong with an input: kind and place of the exception, nothing where all is well."""
    signal.setitimer(signal.ITIMER_PROF, CPU_LIMIT)
    try:
        target.run(made, Random(number))
    except Hang:
        return "hang"
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} {str(error)[:60] if isinstance(error, AssertionError) else ''} {place.filename}:{place.name}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return ""


def shrunk(made: Any, fails: Callable[[Any], bool]) -> Any:
    """A smaller input that fails alike: pieces are left out while that is so."""
    tries = TRIES
    if isinstance(made, tuple):
        return (*made[:-1], shrunk(made[-1], lambda part: fails((*made[:-1], part))))
    size = max(1, _length(made) // 2)
    while size and tries:
        start = 0
        while start < _length(made) and tries:
            tries -= 1
            smaller = _without(made, start, size)
            if smaller is not made and fails(smaller):
                made = smaller
            else:
                start += size
        size //= 2
    return made


def _length(made: Any) -> int:
    return len(made) if isinstance(made, str | bytes | list | dict) else 0


def _without(made: Any, start: int, size: int) -> Any:
    if isinstance(made, dict):
        gone = list(made)[start : start + size]
        return {name: value for name, value in made.items() if name not in gone}
    return made[:start] + made[start + size :]


def _shrunk_files(made: Any, fails: Callable[[Any], bool]) -> Any:
    """A rule set: files are left out, then the text of each that is left."""
    made = shrunk(made, fails)
    for path in made if isinstance(made, dict) else ():
        if isinstance(made[path], bytes):
            made[path] = shrunk(made[path], lambda part, path=path: fails({**made, path: part}))  # type: ignore[misc]
    return made


def tell(target: Target, number: int, made: Any, what: str) -> None:
    """The seed of a failure, its traceback, and the least input that fails alike."""
    print(
        f"FAILED {target.name}: {what}\nagain: python -m tests.fuzzing.run --only '{target.name}' --input {number}"
    )
    try:
        if what != "hang":
            target.run(made, Random(number))
    except Exception:
        traceback.print_exc(limit=-6, file=sys.stdout)
    faulthandler.cancel_dump_traceback_later()
    least = (
        _shrunk_files(made, lambda part: failure(target, part, number) == what) if what != "hang" else made
    )
    print(f"least input: {str(least)}"[:6000], flush=True)


def main() -> int:
    """How many inputs were tried; 1 where some failed."""
    parser = argparse.ArgumentParser(
        description="Fuzz parser, checker, forms, edits, codecs, queries and engine."
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--inputs", type=int, default=10**9)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--input", type=int)
    parser.add_argument("--all", action="store_true", help="go on after a failure")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, too_long)
    chosen = [t for t in TARGETS if options.only in ("", t.name)]
    bag = [target for target in chosen for _ in range(target.weight)]
    ends = time.monotonic() + options.seconds
    tried, seen = 0, set()
    numbers = [options.input] if options.input is not None else None
    while time.monotonic() < ends and tried < (len(numbers) if numbers else options.inputs):
        number = numbers[tried] if numbers else options.seed * 10**9 + tried
        tried += 1
        random = Random(number)
        target = bag[0] if numbers else random.choice(bag)
        faulthandler.dump_traceback_later(STUCK, exit=True)
        made = target.make(Random(number + 1))
        what = failure(target, made, number)
        if what and what not in seen:
            seen.add(what)
            tell(target, number, made, what)
            if not options.all:
                break
    faulthandler.cancel_dump_traceback_later()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{tried} inputs from seed {options.seed}, {len(seen)} kinds of failure, at most {peak} MB")
    return 1 if seen else 0


if __name__ == "__main__":
    sys.exit(main())
