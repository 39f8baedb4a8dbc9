"""Every value of an event has a trace, and what the trace does not name does not change the value.

Generated programs and payloads; one leaf of the payload is changed. Where the same lines made the same value's trace
again (the same sources, rows and branches), and the leaf is none of its sources, the value is the same.
"""

import re
from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsl.checker import check
from rules import engine
from rules.compiler import compile_program
from rules.lineage import value_at
from rules.outcome import Outcome, Trace
from tests.rules.documents import files, payload
from tests.rules.programs import Generator
from tests.rules.rulebook import CONTEXT
from tests.rules.test_usage_holds import changed, leaves


def paths(event: Any, way: str = "") -> Iterator[str]:
    """The paths of all values of an event; amounts and lists of plain values are one value."""
    if isinstance(event, dict) and not {"value", "uom"} <= event.keys():
        for name, inner in event.items():
            yield from paths(inner, f"{way}.{name}" if way else name)
    elif isinstance(event, list) and event and all(isinstance(item, dict) for item in event):
        for index, inner in enumerate(event):
            yield from paths(inner, f"{way}[{index}]")
    elif not isinstance(event, list) or event:
        yield way


def run(seed: int, payload_seed: int) -> tuple[Any, str, dict[str, Any], Outcome]:
    text = Generator(seed).program()
    compiled = compile_program(check(files(text)))
    document = payload(payload_seed)
    return compiled, text, document, engine.run(compiled, "f", document, CONTEXT)


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_every_value_has_a_trace(seed: int, payload_seed: int) -> None:
    _, text, _, outcome = run(seed, payload_seed)
    if outcome.event is not None:
        lacking = [path for path in paths(outcome.event) if path not in outcome.lineage]
        assert lacking == [], (text, lacking)
        assert all(trace.place.line for trace in outcome.lineage.values())


def covers(trace: Trace, leaf: tuple[str | int, ...]) -> bool:
    """Whether a source names the leaf, what it stands in, or something inside."""
    spelt = "doc" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in leaf)
    for source in trace.sources:
        pattern = re.escape(source).replace(re.escape("[*]"), r"\[\d+\]")
        if re.match(pattern + r"($|[.\[])", spelt) or re.match(re.escape(spelt) + r"($|[.\[])", source):
            return True
        loose = re.sub(r"\[\d+\]", "", spelt)
        if re.match(re.escape(re.sub(r"\[[\d*]+\]", "", source)) + r"($|\.)", loose) and "[" not in source:
            return True
    return False


def test_what_a_trace_does_not_name_does_not_change_the_value() -> None:
    compared = 0

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 10**9), st.integers(0, 10**9))
    def holds(seed: int, payload_seed: int) -> None:
        nonlocal compared
        compiled, text, document, before = run(seed, payload_seed)
        if before.event is None:
            return
        r = Random(payload_seed)
        for leaf in r.sample(leaves(document), 5):
            after = engine.run(compiled, "f", changed(document, leaf, r), CONTEXT)
            for path in paths(before.event) if after.event is not None else ():
                one, other = before.lineage[path], after.lineage.get(path)
                if other is None or one != other or covers(one, leaf):
                    continue
                compared += 1
                assert value_at(before.event, path) == value_at(after.event, path), (
                    text,
                    path,
                    leaf,
                    one,
                    document,
                )

    holds()
    assert compared > 50
