"""A short, seeded run of the fuzzer, and what longer ones have found."""

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.fuzzing.run import failure, shrunk
from tests.fuzzing.targets import TARGETS, Target, agree, prepared

ROOT = Path(__file__).resolve().parents[2]
BY_NAME = {target.name: target for target in TARGETS}


@pytest.mark.slow
def test_nothing_crashes_hangs_or_takes_all_memory() -> None:
    command = [
        sys.executable,
        "-m",
        "tests.fuzzing.run",
        "--seconds",
        "8",
        "--inputs",
        "400",
        "--seed",
        "20260413",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


FOUND: list[tuple[str, object]] = [
    ("rule set", {"ruleset.toml": b"a = " + b"[" * 10_000}),
    ("rule set", {"ruleset.toml": b"", "schemas/x.y@v1.toml": b"a = " + b"{ a = " * 10_000}),
]


def test_completion_behind_a_long_line_comes_at_once() -> None:
    from time import process_time

    from dsl.checker import check
    from dsl.completion import complete

    text = "map m : nc in x.y -> x.z\n  f = " + "a" * 180_000
    program = check({"m.mw": text.encode()})
    started = process_time()
    complete(program, "m.mw", len(text))
    assert process_time() - started < 1


@pytest.mark.parametrize(("name", "made"), FOUND)
def test_what_was_found_stays_mended(name: str, made: object) -> None:
    BY_NAME[name].run(made, Random(1))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_target_gives_the_same_input_for_a_seed(target: Target) -> None:
    assert str(target.make(Random(5))) == str(target.make(Random(5)))


def test_a_crash_is_noticed_and_shrunk() -> None:
    def crash(text: str, _: Random) -> None:
        if "x" in text:
            raise KeyError(text)

    broken = Target("broken", lambda random: "a" * 40 + "x" + "b" * 40, crash)
    what = failure(broken, "a" * 40 + "x" + "b" * 40, 1)
    assert what.startswith("KeyError")
    assert shrunk("a" * 40 + "x" + "b" * 40, lambda part: failure(broken, part, 1) == what) == "x"


def test_an_input_that_takes_too_long_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    from tests.fuzzing import run

    def work(_: object, __: Random) -> None:
        while True:
            pass

    monkeypatch.setattr(run, "CPU_LIMIT", 0.2)
    before = signal.signal(signal.SIGPROF, run.too_long)
    try:
        assert run.failure(Target("slow", str, work), "", 1) == "hang"
    finally:
        signal.signal(signal.SIGPROF, before)


def test_a_difference_of_engine_and_referee_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from rules import oracle
    from rules.outcome import Outcome

    program, compiled, flow, document = prepared()[0]
    monkeypatch.setattr(oracle, "run", lambda *_: Outcome("ignored", {}))
    with pytest.raises(AssertionError, match="differ in state"):
        agree(program, compiled, flow, document)
