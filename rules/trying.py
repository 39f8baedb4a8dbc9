"""One call of a function, tried out: checked, compiled and run as in a map, with the same limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dsl import checker, functions, syntax, types
from dsl.diagnostics import Severity
from dsl.functions import FunctionSpec
from dsl.navigation.nodes import walk
from dsl.parser import parse_expression
from dsl.program import Program
from rules import engine
from rules.compiler import compile_program
from rules.outcome import Context

LONGEST = 4_000
_FILE = "maps/try.mw"
_MANIFEST = 'name = "try"\ntitle = "Try"\nowner = "-"\nlanguage = "1"\ntime_zone = "UTC"\n[calendars]\ndefault = ["2026-12-25"]\n'
_SCHEMA = '{"type": "object", "properties": {"value": {}}}'
_MAP = 'use schema try.out "v1"\nmap try : doc in try.out -> try.out\n{policy}  value = {call}\nend\n'
_POLICY = "".join(f"  on {kind} reject\n" for kind in ("missing", "error", "no_match", "many"))


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it: a value with its type, a failure of a kind, or findings that say what is wrong with the call."""

    call: str
    value: Any = None
    type: str = ""
    failure: str = ""
    message: str = ""
    findings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is a value."""
        return not self.failure and not self.findings


@dataclass(frozen=True, slots=True)
class Input:
    """One argument as a form has it; an empty text leaves it out."""

    name: str
    text: str
    named: bool = False


def inputs(spec: FunctionSpec, number: int = 0) -> list[Input]:
    """The arguments of an example, by parameter; those it does not give are empty."""
    calls = [call for example in spec.examples if (call := _call_of(spec, example.expression)) is not None]
    texts: dict[str, str] = {}
    if calls:
        expression, node = calls[number % len(calls)]
        given = [*node.arguments]
        for parameter in spec.parameters:
            if given and not parameter.named:
                taken = given if parameter.repeated else given[:1]
                texts[parameter.name] = ", ".join(expression[one.span.start : one.span.end] for one in taken)
                given = given[len(taken) :]
        texts |= {name: expression[value.span.start : value.span.end] for name, value in node.named}
    return [Input(p.name, texts.get(p.name, ""), p.named) for p in spec.parameters]


def _call_of(spec: FunctionSpec, expression: str) -> tuple[str, syntax.Call] | None:
    """The first call of the function in an expression that an example is."""
    node, _ = parse_expression(expression)
    calls = [n for n in walk(node) if isinstance(n, syntax.Call) and n.function == spec.name] if node else []
    return (expression, min(calls, key=lambda call: call.span)) if calls else None


def triable(spec: FunctionSpec) -> bool:
    """Whether it has a value of its own: not a function of tests, and none that only stands inside `each`."""
    return spec.implementation is not None


def try_call(spec: FunctionSpec, given: Sequence[Input]) -> Tried:
    """Call a function with texts as arguments."""
    parts: list[str] = []
    left_out = False
    for one in given:
        text = " ".join(one.text.split("\n")).strip()
        if not text:
            left_out = True
            continue
        if sum(map(len, parts)) + len(text) > LONGEST:
            return Tried("", findings=(f"The arguments are longer than {LONGEST} characters.",))
        read = _read(spec, one.name, text)
        if isinstance(read, Tried):
            return read
        parts.append(f"{one.name}: {read}" if one.named or left_out else read)
    return _run(f"{spec.name}({', '.join(parts)})")


def _read(spec: FunctionSpec, name: str, text: str) -> str | Tried:
    """An argument as one expression (or several, for a parameter that repeats), without anything around it."""
    repeated = next((p.repeated for p in spec.parameters if p.name == name), False)
    whole = f"[{text}]" if repeated else text
    node, found = parse_expression(whole)
    if node is None or found:
        why = found[0].message if found else "it is no expression"
        return Tried("", findings=(f"{name}: {why}",))
    inner = whole[node.span.start : node.span.end]
    return inner[1:-1] if repeated and isinstance(node, syntax.ListLiteral) else inner


def _run(call: str) -> Tried:
    program = _check(call)
    errors = [d for d in program.diagnostics if d.severity is Severity.ERROR]
    if errors:
        said = [" ".join((d.message, *d.help)) for d in errors]
        return Tried(call, findings=tuple(dict.fromkeys(said)))
    context = Context(datetime.now(UTC), {"id": "try"})
    outcome = engine.run_map(compile_program(program), "try", {"doc": {}}, context)
    if outcome.failures:
        failure = outcome.failures[0]
        return Tried(call, failure=failure.kind, message=failure.message)
    if outcome.state == "rejected":
        return Tried(call, failure="error", message=outcome.reason or "stopped")
    event = outcome.event or {}
    return Tried(call, event.get("value"), _type(program))


def _check(call: str) -> Program:
    policy = _POLICY
    files = {
        "ruleset.toml": _MANIFEST,
        "schemas/try.out@v1.json": _SCHEMA,
        _FILE: _MAP.format(policy=policy, call=call),
    }
    return checker.check({path: text.encode() for path, text in files.items()})


def _type(program: Program) -> str:
    field = program.maps["try"].node.body[0]
    assert isinstance(field, syntax.Field)
    return types.describe(program.types[field.value])


def known(name: str) -> FunctionSpec | None:
    """A function of the language."""
    return functions.registry().get(name)
