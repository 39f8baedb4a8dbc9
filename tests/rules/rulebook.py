"""A small rule set for tests of the rules: texts in, compiled program out."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from dsl.checker import check
from dsl.program import Program
from rules import engine
from rules.compiler import Compiled, compile_program
from rules.outcome import Context, Outcome
from tests.rules.documents import files

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
CONTEXT = Context(NOW, {"id": "m1"})
DOCUMENT: dict[str, Any] = {"a": "k7", "m": 3, "g": True, "e": "red"}


def checked(program: str, **more: str) -> Program:
    """A program over the schemas s.doc and t.out that has to be in order; `more` are further files."""
    sources = files(program) | {path.replace("__", "/"): text.encode() for path, text in more.items()}
    found = check(sources)
    assert found.ok, [(d.code, d.message) for d in found.diagnostics]
    return found


def compiled(program: str, **more: str) -> Compiled:
    """The same, compiled."""
    return compile_program(checked(program, **more))


REJECT = "".join(f"  on {kind} reject\n" for kind in ("missing", "error", "no_match", "many"))


def mapping(body: str, head: str = "", policy: str = REJECT) -> str:
    """A map `m` with this body."""
    return f"{head}map m : doc in s.doc -> t.out\n{policy}{body}\nend\n"


def run(
    body: str, head: str = "", policy: str | None = None, context: Context = CONTEXT, **fields: Any
) -> Outcome:
    """What a map with this body makes of the usual document with these fields."""
    text = mapping(body, head) if policy is None else mapping(body, head, policy)
    return engine.run_map(compiled(text), "m", {"doc": DOCUMENT | fields}, context)


def value(expression: str, kind: str = "t1", head: str = "", **fields: Any) -> Any:
    """The value of an expression, put into a field of the output."""
    outcome = run(f"  {kind} = {expression}", head, **fields)
    assert outcome.state == "done", outcome.reason
    return outcome.event[kind]


def number(text: str) -> Decimal:
    """An exact number."""
    return Decimal(text)
