"""Compares compiled code and referee on generated programs: by hand in full, a share of it in the tests.

    python -m tests.rules.agreement [--programs 20000] [--from 0]
"""

import argparse
import sys
from typing import Any

from dsl.checker import check
from rules import engine, oracle
from rules.compiler import compile_program
from rules.outcome import to_json
from tests.rules.programs import Generator, files, payload
from tests.rules.rulebook import CONTEXT

PAYLOADS = 2


def plain(outcome: Any) -> Any:
    """An outcome as JSON; the sources of a value have no order."""
    found = to_json(outcome)
    for lineage in [found["lineage"], *(action.get("lineage", {}) for action in found["actions"])]:
        for trace in lineage.values():
            trace["sources"].sort()
    return found


def difference(program_seed: int, payload_seed: int) -> str:
    """What compiled code and referee say differently of a generated program; nothing where they agree."""
    text = Generator(program_seed).program()
    program = check(files(text))
    if not program.ok:
        return f"the program is not in order: {[d.message for d in program.diagnostics]}\n{text}"
    compiled = compile_program(program)
    for number in range(PAYLOADS):
        document = payload(payload_seed + number)
        ours = plain(engine.run(compiled, "f", document, CONTEXT))
        theirs = plain(oracle.run(program, "f", document, CONTEXT))
        parts = [f"{name}: {ours[name]} / {theirs[name]}" for name in ours if ours[name] != theirs[name]]
        if engine.keys(compiled, "f", document, CONTEXT) != oracle.keys(program, "f", document, CONTEXT):
            parts.append("keys")
        if parts:
            return "\n".join([f"payload {payload_seed + number}: {document}", *parts, text])
    return ""


def main() -> int:
    """Seeds that differ, each with what is different."""
    parser = argparse.ArgumentParser(description="Compare compiled code and referee on generated programs.")
    parser.add_argument("--programs", type=int, default=20_000)
    parser.add_argument("--from", dest="first", type=int, default=0)
    options = parser.parse_args()
    differing = 0
    for seed in range(options.first, options.first + options.programs):
        found = difference(seed, seed * 7)
        if found:
            differing += 1
            print(f"==== program {seed}\n{found[:4000]}", flush=True)
        if seed % 500 == 499:
            print(f"{seed + 1 - options.first} programs, {differing} differ", flush=True)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
