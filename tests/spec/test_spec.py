"""The language as data: each case of tests/spec/*.toml is a program and what becomes of it.

A file may begin with `[shared]`: manifest, schemas (JSON, or one field a line: see shorthand.py),
lookups, samples, program (put before each case's program; `may_go_unused = true` where a case needs only some of it), and an input for all of its cases. A `[[case]]` has `name`,
`program` (the module `maps/case.mw`; or a table of path = text), and some of

    diagnostics = ["M203 line 8"]      every finding, in order of lines; "M203 line 8: words of the message",
                                       `...` for what lies between; "M203 line 8 maps/b.mw" elsewhere
      help = ["words"]                 what the advice of the findings says
      fix, fixed                       a fix by its title, and the program once it is applied
    values = { '5% * 200' = '10' }     expressions and what they give ('fails error' where they fail)
    table = "t", decides = { 'minor, 5' = 'r2: sample | true' }    rows that fit, and the result
    types = { 'o.lines.qty' = 'list of decimal' }                  types of expressions; failures after a comma
    map = "m", input = '{...}'         a JSON document, or one a parameter: {"nc": ..., "d": ...}; or
    apply = "rules"; or flow = "f"
      expected = '{...}'               what the map makes
      failures = ["missing severity"]  kind and path of what could not be made (": words" of the message), with `state`, `reason`
      actions = ["send erp.hold to V7: {...}", "alert quality: text"]
      fired = ["rule"], facts = { name = "value" }, keys = { identify = "...", lot = "..." }
      trace = { "severity" = ["nc.PRIOK", "lookup codes row 1"] }    where an output value comes from
    arrives = "erp.done", input = '{...}'    a document that comes in, or an event that is raised
      answers = ["r/hold 1: {...}"]    the expectations it answers: rules, rule, number of the action from 0, key
    closes = "r/digest 0", input = '[...]', to, key    a collection whose window ends, with its items
    recalled, answered, waits, calls, reply, remedy     what a flow asks for: see asking.py
    tests = ["passes: name", "fails: name: words"], coverage = { rows = "3 of 4" }
    formatted = '''...'''              the program as the formatter writes it
    edit = ["set_field", "m", "id", "x.b"], diff = ["- line", "+ line"]   a form that is saved; or refused = "words"
    rows = ["id", "each:lines"]        the rows of the form of the map `form`

A case without `diagnostics` has none. JSON numbers are exact.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from difflib import ndiff
from typing import Any

import pytest

from dsl import edits, types
from dsl.checker import check
from dsl.diagnostics import Diagnostic
from dsl.edits import EditError, apply_edits
from dsl.forms import map_form
from dsl.parser import parse
from dsl.printer import format_text
from dsl.program import Program
from dsl.source import Source
from rules import engine, oracle, testing
from rules.compiler import Compiled, compile_program
from rules.outcome import Context, Outcome
from tests.spec import asking, showing
from tests.spec.rulesets import MODULE, Case, Shared, chapters, expressions, files

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)


def cases() -> Iterator[Any]:
    for chapter, shared, found in chapters():
        for case in found:
            yield pytest.param(shared, case, id=f"{chapter}: {case['name']}")


def exact(text: str) -> Any:
    """JSON with decimals as they are written."""
    return json.loads(text, parse_float=Decimal)


@pytest.mark.parametrize(("shared", "case"), cases())
def test_case(shared: Shared, case: Case) -> None:
    sources = files(shared, case)
    samples = {
        path: exact(content.decode()) for path, content in sources.items() if path.startswith("samples/")
    }
    program = check(sources, samples)
    unused = len(str(shared.get("program", "")).splitlines()) if shared.get("may_go_unused") else 0
    _finds(program, case, unused)
    for kind, show in _SHOWS.items():
        if kind in case:
            show(program, case)
    if "tests" in case:
        _tests(program, case, {path.removeprefix("samples/"): document for path, document in samples.items()})


def _finds(program: Program, case: Case, unused: int) -> None:
    """What is found, but for what a case leaves unused of the lines that it shares with others."""
    found = [
        (head, d) for head, d in showing.findings(program) if d.code != "M331" or _line(program, d) > unused
    ]
    heads, wanted = [head for head, _ in found], case.get("diagnostics", [])
    messages = [d.message for _, d in found]
    assert heads == [text.split(": ", 1)[0] for text in wanted], messages
    for text, message in zip(wanted, messages, strict=True):
        assert showing.holds(message, text.split(": ", 1)[1] if ": " in text else ""), message
    advice = [line for _, d in found for line in d.help]
    for words in case.get("help", []):
        assert showing.any_holds(advice, words), advice


def _line(program: Program, found: Diagnostic) -> int:
    return program.sources[found.file].position(found.span.start)[0]


def _fix(program: Program, case: Case) -> None:
    fixes = {fix.title: fix for d in program.diagnostics for fix in d.fixes}
    assert case["fix"] in fixes, list(fixes)
    before = program.sources[MODULE].text
    after = apply_edits(before, fixes[case["fix"]].edits)
    lines = case["fixed"].strip("\n").splitlines()
    assert [line.strip() for line in after.splitlines() if line.strip() in {ln.strip() for ln in lines}] == [
        line.strip() for line in lines
    ], after
    assert after != before


def _values(program: Program, case: Case) -> None:
    compiled = compile_program(program)
    wanted = _outcome(program, compiled, "map", "wanted", {}).event
    for number, (expression, right) in enumerate(expressions(case)):
        outcome = _outcome(program, compiled, "map", f"value_{number}", exact(case.get("input", "{}")))
        if right.startswith("fails "):
            assert [f.kind for f in outcome.failures] == [right.split()[1]], f"{expression}: {outcome}"
            continue
        assert outcome.state == "done", f"{expression}: {outcome.reason}"
        assert outcome.event["value"] == wanted[f"wanted_{number}"], expression


def _decides(program: Program, case: Case) -> None:
    compiled = compile_program(program)
    for number, (expression, right) in enumerate(expressions(case)):
        outcome = _outcome(program, compiled, "map", f"value_{number}", {})
        if outcome.failures:
            assert f"fails {outcome.failures[0].kind}" == right, f"{expression}: {outcome.reason}"
            continue
        rows = [words.removeprefix(f"table {case['table']} ") for words in outcome.decisions]
        assert f"{', '.join(rows)}: {showing.value(outcome.event['value'])}".strip() == right, expression


def _types(program: Program, case: Case) -> None:
    found = {}
    for node, of in program.types.items():
        for source in program.sources.values():
            kinds = sorted(program.failures.get(node, ()))
            found.setdefault(source.slice(node.span), ", ".join([types.describe(of), *kinds]))
    assert {text: found.get(text) for text in case["types"]} == case["types"]


def _outcome(
    program: Program, compiled: Compiled, kind: str, name: str, document: Any, case: Case | None = None
) -> Outcome:
    """What the compiled program makes of a document; the plain evaluator makes the same."""
    context = asking.context(case or {}, NOW)
    if kind == "map":
        names = [parameter for parameter, _ in program.maps[name].parameters]
        document = document if len(names) > 1 else {names[0]: document}
    run, judge = {
        "map": (engine.run_map, oracle.run_map),
        "apply": (engine.apply_rules, oracle.apply_rules),
        "flow": (engine.run, oracle.run),
    }[kind]
    outcome: Outcome = run(compiled, name, document, context)
    assert showing.plain(outcome) == showing.plain(judge(program, name, document, context))
    return outcome


def _run(kind: str) -> Callable[[Program, Case], None]:
    def run(program: Program, case: Case) -> None:
        compiled = compile_program(program)
        document = exact(case["input"])
        _ends(_outcome(program, compiled, kind, case[kind], document, case), case)
        if "keys" in case:
            found = engine.keys(compiled, case[kind], document, Context(now=NOW))
            shown = {"identify": found.identify, "order": found.order, **found.business}
            assert {name: text for name, text in shown.items() if text is not None} == case["keys"]

    return run


def _arrives(program: Program, case: Case) -> None:
    document, context = exact(case["input"]), Context(now=NOW)
    found = engine.expectation_keys(compile_program(program), case["arrives"], document, context)
    assert found == oracle.expectation_keys(program, case["arrives"], document, context)
    assert [f"{k.rules}/{k.rule} {k.ordinal}: {k.key}" for k in found] == case["answers"]


def _closes(program: Program, case: Case) -> None:
    place, number = case["closes"].split()
    rules, rule = place.split("/")
    items, context = exact(case["input"]), Context(now=NOW)
    more = {name: case[name] for name in ("to", "key") if name in case}
    outcome = engine.close_collection(
        compile_program(program), rules, rule, int(number), items, context, **more
    )
    judged = oracle.close_collection(program, rules, rule, int(number), items, context, **more)
    assert showing.plain(outcome) == showing.plain(judged)
    _ends(outcome, case)


def _ends(outcome: Outcome, case: Case) -> None:
    wanted = [text.split(": ", 1) for text in case.get("failures", [])]
    assert [f"{f.kind} {f.path}".strip() for f in outcome.failures] == [head for head, *_ in wanted], (
        outcome.failures
    )
    for failure, (_, *words) in zip(outcome.failures, wanted, strict=True):
        assert showing.holds(failure.message, words[0] if words else ""), failure
    assert outcome.state == case.get("state", "done"), outcome.reason
    assert showing.holds(outcome.reason, case.get("reason", "")), outcome.reason
    asking.ends(outcome, case)
    if "expected" in case:
        assert outcome.event == exact(case["expected"])
    if "actions" in case or outcome.actions:
        shown = [showing.action(action) for action in outcome.actions]
        wanted = case.get("actions", [])
        assert len(shown) == len(wanted) and all(map(showing.holds, shown, wanted)), shown
    if "fired" in case:
        assert [trace.rule for trace in outcome.rules if trace.fired] == case["fired"]
    if "facts" in case:
        assert dict(outcome.facts) == case["facts"]
    for path, sources in case.get("trace", {}).items():
        assert showing.trace(outcome.lineage[path]) == sources


def _tests(program: Program, case: Case, samples: Mapping[str, Any]) -> None:
    report = testing.run_tests(program, samples)
    shown = [f"passes: {r.name}" if r.passed else f"fails: {r.name}: {r.message}" for r in report.results]
    assert len(shown) == len(case["tests"]) and all(map(showing.holds, shown, case["tests"])), shown
    for what, wanted in case.get("coverage", {}).items():
        assert showing.coverage(report.coverage, what) == wanted, report.coverage


def _formatted(program: Program, case: Case) -> None:
    assert format_text(Source(MODULE, program.sources[MODULE].text)) == case["formatted"]


def _edited(program: Program, case: Case) -> None:
    before = program.sources[MODULE].text
    name, *arguments = case["edit"]
    try:
        after = apply_edits(before, getattr(edits, name)(parse(program.sources[MODULE]), *arguments))
    except EditError as error:
        assert showing.holds(str(error), case["refused"]), error
        return
    changed = [line for line in ndiff(before.splitlines(), after.splitlines()) if line[:1] in "+-"]
    assert changed == case["diff"]


def _rows(program: Program, case: Case) -> None:
    form = map_form(parse(program.sources[MODULE]), case["form"])
    assert [row["id"] for row in form["rows"]] == case["rows"]


_SHOWS: dict[str, Callable[[Program, Case], None]] = {
    "fix": _fix, "values": _values, "decides": _decides, "types": _types, "map": _run("map"), "apply": _run("apply"),
    "flow": _run("flow"), "formatted": _formatted, "edit": _edited, "rows": _rows, "arrives": _arrives, "closes": _closes,
}  # fmt: skip
