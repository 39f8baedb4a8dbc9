"""Where-used has no gaps: a field that changes what a run gives is one whose uses name what has changed.

Generated programs and payloads; one leaf of the payload is changed, and what differs afterwards has to be
among the uses of that leaf.
"""

from copy import deepcopy
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsl.checker import check
from dsl.usage import where_used
from rules import engine
from rules.compiler import compile_program
from rules.outcome import Outcome
from tests.rules.documents import files, payload
from tests.rules.programs import Generator
from tests.rules.rulebook import CONTEXT

Leaf = tuple[str | int, ...]


def leaves(document: Any, way: Leaf = ()) -> list[Leaf]:
    """The paths of all values that are neither record nor list."""
    if isinstance(document, dict):
        return [leaf for name, inner in document.items() for leaf in leaves(inner, (*way, name))]
    if isinstance(document, list):
        return [leaf for index, inner in enumerate(document) for leaf in leaves(inner, (*way, index))]
    return [way]


def changed(document: Any, leaf: Leaf, r: Random) -> Any:
    """The document with another value, or none, at one place."""
    document = deepcopy(document)
    here = document
    for step in leaf[:-1]:
        here = here[step]
    value, last = here[leaf[-1]], leaf[-1]
    match value:
        case bool():
            here[last] = not value
        case int() | Decimal():
            here[last] = value + 1
        case _ if value in ("red", "green", "blue"):
            here[last] = "blue" if value != "blue" else "red"
        case _ if len(value) == 10 and value[4] == "-":
            here[last] = "2027-02-01"
        case _ if value in ("EA", "KGM"):
            here[last] = "KGM" if value == "EA" else "EA"
        case _ if leaf[-1] == "value":
            here[last] = "7"
        case _ if leaf[0] == "a" or "k" in leaf or r.random() < 0.6:
            here[last] = value + "9"
        case _:
            here[last] = ""
    return document


def differences(one: Outcome, other: Outcome) -> set[str]:
    """What differs: target fields, facts, rules that fired, endpoints that are sent to."""
    found = {
        f"map/m/{name}"
        for name in {**(one.event or {}), **(other.event or {})}
        if (one.event or {}).get(name) != (other.event or {}).get(name)
    }
    fired = {trace.rule: trace.fired for trace in one.rules}
    found |= {f"rules/decide/{t.rule}" for t in other.rules if fired.get(t.rule, t.fired) != t.fired}
    return found


def test_whatever_changes_is_among_the_uses() -> None:
    seen = set()

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 10**9), st.integers(0, 10**9))
    def holds(program_seed: int, payload_seed: int) -> None:
        text = Generator(program_seed).program()
        program = check(files(text))
        compiled = compile_program(program)
        r, document = Random(payload_seed), payload(payload_seed)
        before = engine.run(compiled, "f", document, CONTEXT)
        if before.event is None:
            return
        for leaf in r.sample(leaves(document), 6):
            after = engine.run(compiled, "f", changed(document, leaf, r), CONTEXT)
            if after.event is None:
                continue
            asked = ".".join(["s.doc", *(step for step in leaf if isinstance(step, str))])
            named = {
                "/".join(step.use.subject.split("/")[:2])
                + "/"
                + step.use.subject.split("/", 2)[2].split(".")[0]
                for step in where_used(program, asked).steps
            }
            found = differences(before, after)
            assert found <= named, (text, asked, found - named)
            seen.update(found)

    holds()
    assert len(seen) > 5


def test_what_reads_nothing_of_a_field_is_not_among_its_uses() -> None:
    program = check(
        files("map m : doc in s.doc -> t.out\n  on missing reject\n  t1 = doc.a\n  t2 = doc.b\nend\n")
    )
    assert [step.use.subject for step in where_used(program, "s.doc.a").steps] == ["map/m/t1"]
