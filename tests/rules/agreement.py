"""Compares compiled code and referee on generated programs: by hand in full, a share of it in the tests.

python -m tests.rules.agreement [--programs 20000] [--from 0]
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

from dsl.checker import check
from rules import engine, oracle
from rules.compiler import Compiled, compile_program
from rules.outcome import CollectAction, Context, to_json
from rules.waiting import Call, Unanswered, Wait
from tests.rules.documents import files, payload
from tests.rules.programs import Generator
from tests.rules.rulebook import CONTEXT

PAYLOADS = 2
ROUNDS = 6


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
    for number in range(payload_seed, payload_seed + PAYLOADS):
        parts = list(_differences(compiled, payload(number), Random(number)))
        if parts:
            return "\n".join([f"payload {number}: {payload(number)}", *parts, text])
    return ""


def _differences(compiled: Compiled, document: Any, random: Random) -> Iterator[str]:
    program = compiled.program
    if engine.keys(compiled, "f", document, CONTEXT) != oracle.keys(program, "f", document, CONTEXT):
        yield "keys"
    answered = engine.expectation_keys(compiled, "in.docs", document, CONTEXT)
    if answered != oracle.expectation_keys(program, "in.docs", document, CONTEXT):
        yield "keys of expectations"
    context = CONTEXT
    for _ in range(ROUNDS):
        outcome = engine.run(compiled, "f", document, context)
        ours, theirs = plain(outcome), plain(oracle.run(program, "f", document, context))
        yield from (
            f"{name}: {ours[name]} / {theirs.get(name)}" for name in ours if ours[name] != theirs.get(name)
        )
        yield from (f"{name}: nothing / {theirs[name]}" for name in theirs if name not in ours)
        for action in outcome.actions:
            if isinstance(action, CollectAction):
                yield from _at_the_end(compiled, action)
        if outcome.state != "waiting":
            return
        context = answering(context, outcome.waits, random)


def _at_the_end(compiled: Compiled, action: CollectAction) -> Iterator[str]:
    place, items, more = (action.rules, action.rule, action.ordinal), [action.item] * 2, {"to": action.to}
    ours = plain(engine.close_collection(compiled, *place, items, CONTEXT, **more))
    theirs = plain(oracle.close_collection(compiled.program, *place, items, CONTEXT, **more))
    if ours != theirs:
        yield f"what the collection makes: {ours} / {theirs}"


def answering(context: Context, waits: Iterable[Wait], random: Random) -> Context:
    """The context with what a run waits for: a record, none, an answer, or why there is none."""
    for wait in waits:
        record = random.choice(
            [None, {"t1": "kept", "i1": 4}, {"t2": "12", "rec": {"t": "a"}}, {"i1": "no number"}]
        )
        if isinstance(wait, Call):
            answer = record if record is not None else Unanswered("transport", "no way", wait.endpoint)
            context = replace(context, answers={**context.answers, wait.variable: answer})
        elif wait.unknown:
            context = replace(context, recalled={**context.recalled, (wait.dataset, wait.key): record})
        else:
            context = replace(context, expired={*context.expired, (wait.dataset, wait.key)})
    return context


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
