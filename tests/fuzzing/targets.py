"""What is fuzzed: each target makes an input from a seed and says by an exception that it is wrong.

A target may be given back its own input, changed: that is how a failure is shrunk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any

from app.design import samples
from connectors import registry as connectors
from connectors.errors import ConnectorError
from connectors.settings import read_settings
from dsl import edits, forms
from dsl.checker import check
from dsl.completion import complete
from dsl.diagnostics import to_json
from dsl.errors import DslError
from dsl.functions import registry
from dsl.parser import Parsed, parse
from dsl.printer import format_text
from dsl.program import Program
from dsl.source import Source
from rules import engine, oracle, outcome
from rules.compiler import Compiled, compile_program
from rules.outcome import Context
from tests.fuzzing import inputs
from tests.rules.agreement import plain

CONTEXT = Context(datetime(2026, 4, 13, 6, 55, tzinfo=UTC), {"id": "m1"}, fuel=50_000)
MOST_EDITS = 10
FORMS: dict[str, Callable[[Parsed, str], Any]] = {
    "map": forms.map_form, "table": forms.table_form, "lookup": forms.lookup_form, "rules": forms.rules_form,
    "flow": forms.flow_form, "function": forms.function_form,
}  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A name, how an input is made, and what is done with it."""

    name: str
    make: Callable[[Random], Any]
    run: Callable[[Any, Random], None]
    weight: int = 1


def read_text(text: str, random: Random) -> None:
    """Tokens rebuild the text; formatting a formatted text changes nothing."""
    source = Source("m.mw", text)
    parsed = parse(source)
    assert "".join(token.text for token in parsed.tree.tokens) == text, "the tokens are not the text"
    once = format_text(source)
    assert format_text(Source("m.mw", once)) == once, "format is not idempotent"
    for declaration in forms.outline(parsed):
        form = FORMS.get(declaration["kind"])
        if form is not None:
            try:
                form(parsed, declaration["name"])
            except DslError:
                continue


def edit_text(text: str, random: Random) -> None:
    """An edit is refused, or gives a text that parses as far as it did before."""
    parsed = parse(Source("m.mw", text))
    piece = random.choice([*inputs.ODD, "nc.A", "1 + 1", '"x"', "-", "r1"])
    declared = forms.outline(parsed)
    for declaration in random.sample(declared, min(len(declared), MOST_EDITS)):
        try:
            made = edit(parsed, declaration["kind"], declaration["name"], piece, random)
        except DslError:
            continue
        parse(Source("m.mw", edits.apply_edits(text, made)))


def edit(parsed: Parsed, kind: str, name: str, piece: str, random: Random) -> Any:
    """Some edit of a declaration."""
    match kind:
        case "map":
            rows = [row["id"] for row in forms.map_form(parsed, name)["rows"]]
            row = inputs.choose(random, rows)
            return random.choice(
                [
                    lambda: edits.set_field(parsed, name, row, piece),
                    lambda: edits.remove_field(parsed, name, row),
                    lambda: edits.set_line(parsed, name, row, piece),
                    lambda: edits.add_line(parsed, name, piece, row),
                ]
            )()
        case "table":
            form = forms.table_form(parsed, name)
            row, column = (
                inputs.choose(random, [r["id"] for r in form["rows"]]),
                inputs.choose(random, ["c", "n", "severity", "hold"]),
            )
            return random.choice(
                [
                    lambda: edits.set_cell(parsed, name, row, column, piece),
                    lambda: edits.remove_row(parsed, name, row),
                    lambda: edits.move_row(parsed, name, row, None),
                ]
            )()
        case "rules":
            return edits.set_when(parsed, name, "hold_stock", piece)
        case "lookup":
            return edits.set_lookup_row(parsed, name, random.randrange(-1, 5), [piece, piece])
    return ()


def check_files(files: dict[str, bytes], random: Random) -> None:
    """The checker says what is wrong; what it lets through compiles and runs."""
    program = check(files)
    for found in program.diagnostics:
        to_json(found, program.sources)
    paths = [path for path in files if path.endswith(".mw")]
    if paths:
        path = random.choice(sorted(paths))
        complete(program, path, random.randrange(len(files[path]) + 1))
    if program.ok and random.random() < 0.3:
        compiled = compile_program(program)
        for flow in program.flows:
            agree(program, compiled, flow, inputs.hostile({"a": "x", "items": [{"k": "a"}]}, random))


def agree(program: Program, compiled: Compiled, flow: str, document: Any) -> None:
    """Engine and referee end with the same outcome."""
    ours = engine.run(compiled, flow, document, CONTEXT)
    outcome.to_json(ours)
    theirs = oracle.run(program, flow, document, CONTEXT)
    out_of_fuel = any(
        "steps" in f.message for found in (ours, theirs) for f in found.failures if f.step == "engine"
    )
    one, other = plain(ours), plain(theirs)
    apart = [name for name in one if one[name] != other[name] and str(one[name]) != str(other[name])]
    assert out_of_fuel or not apart, f"engine and referee differ in {', '.join(apart)}"
    engine.keys(compiled, flow, document, CONTEXT)


@cache
def prepared() -> list[tuple[Program, Compiled, str, Any]]:
    """Each example with a flow and a document of it."""
    found = []
    for files in inputs.example_files().values():
        program = check(files)
        compiled = compile_program(program)
        for name, flow in program.flows.items():
            endpoint = program.manifest.endpoints.get(flow.node.endpoint)
            for body in inputs.example_samples() if endpoint else ():
                try:
                    documents = samples.decode_as(program, endpoint, body)
                except ConnectorError:
                    continue
                found += [(program, compiled, name, document.data) for document in documents]
    return found


def run_document(chosen: tuple[int, Any], random: Random) -> None:
    """A hostile document through a flow."""
    program, compiled, flow, _ = prepared()[chosen[0]]
    agree(program, compiled, flow, chosen[1])


def document(random: Random) -> tuple[int, Any]:
    """Which flow, and a document spoilt."""
    number = random.randrange(len(prepared()))
    return number, inputs.hostile(prepared()[number][3], random)


def decode_body(body: bytes, random: Random) -> None:
    """A codec reads a body or says why not."""
    for name in ("json", "x12"):
        codec = connectors.codec(name)
        guide = (
            next(s.guide for p, *_ in prepared() for s in p.schemas.values() if s.guide)
            if name == "x12"
            else {}
        )
        try:
            codec.decode(body, read_settings(codec.settings, {}), guide)
        except ConnectorError:
            continue


def query(expression: str, random: Random) -> None:
    """A query is refused when it is checked, or gives a value or a failure."""
    spec = registry()["jmespath"]
    value = inputs.hostile({"a": [{"b": 1}, {"b": [1, 2]}], "c": {"d": "x"}}, random)
    problem = spec.parameters[1].check
    if problem is not None and problem(expression) is None:
        try:
            spec.implementation(value, expression)
        except DslError:
            return


def expression(random: Random) -> str:
    """Parts of queries in any order."""
    parts = (
        "a",
        "b",
        "c.d",
        "[*]",
        "[]",
        "[?b>`1`]",
        "|",
        ".",
        "*",
        "@",
        "&&",
        "!",
        "(",
        ")",
        "{x: ",
        "}",
        "[a, b]",
        "sort_by(a, &b)",
        "`1`",
        "'x'",
        "join('', ",
        "length(",
        "[::-1]",
        "[0]",
        "==",
        ",",
        "max_by(",
        "&b",
        '"',
        "`",
        "\ud800",
        "[@,@]|" * 30,
    )
    return "".join(random.choice(parts) for _ in range(random.randrange(1, 16)))


TARGETS = (
    Target("text", lambda r: inputs.spoilt(inputs.module(r), r), read_text, 4),
    Target("edit", lambda r: inputs.spoilt(inputs.module(r), r), edit_text, 2),
    Target("rule set", inputs.rule_set, check_files, 4),
    Target("document", document, run_document, 5),
    Target("body", lambda r: inputs.spoilt_bytes(r.choice(inputs.example_samples()), r), decode_body, 2),
    Target("query", expression, query, 2),
)
