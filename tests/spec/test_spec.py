"""The language as data: each case of tests/spec/*.toml is a program and what becomes of it.

A file may begin with `[shared]` (manifest, schemas, lookups, program: put before each case's
program). A `[[case]]` has `name`, `program` (the module `maps/case.mw`; or a table of path = text),
and one of

    diagnostics = ["M203 line 8"]      every finding, in order of lines; "M203 line 8 maps/b.mw" elsewhere
    map = "m", input = '{...}'         a JSON document, or one a parameter: {"nc": ..., "d": ...}
      expected = '{...}'               what the map makes; or
      failures = ["missing severity"]  kind and path of what could not be made, with `state`

A case without `diagnostics` has none. JSON numbers are exact.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dsl.checker import check
from dsl.program import Program

HERE = Path(__file__).parent
MODULE = "maps/case.mw"
MANIFEST = 'name = "spec"\nlanguage = "1"\ntime_zone = "Europe/Berlin"\n'
NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
Case = dict[str, Any]


def cases() -> Iterator[Any]:
    for path in sorted(HERE.glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        for case in content["case"]:
            yield pytest.param(content.get("shared", {}), case, id=f"{path.stem}: {case['name']}")


def files(shared: Mapping[str, Any], case: Case) -> dict[str, bytes]:
    """The rule set of a case, as files."""
    program = case["program"]
    texts = {MODULE: program} if isinstance(program, str) else dict(program)
    texts[MODULE] = shared.get("program", "") + texts.get(MODULE, "")
    texts["ruleset.toml"] = case.get("manifest", shared.get("manifest", MANIFEST))
    for kind, ending in (("schemas", "json"), ("lookups", "csv")):
        for name, text in {**shared.get(kind, {}), **case.get(kind, {})}.items():
            texts[f"{kind}/{name}.{ending}"] = text
    return {path: text.encode() for path, text in texts.items()}


def findings(program: Program) -> list[str]:
    """Code and line of each finding, with the file where it is not the case's own module."""
    placed = []
    for d in program.diagnostics:
        source = program.sources.get(d.file)
        line = source.position(d.span.start)[0] if source is not None else 0
        placed.append((d.file != MODULE, d.file, line, d.code))
    return [f"{code} line {line}" + (f" {file}" if other else "") for other, file, line, code in sorted(placed)]


def exact(text: str) -> Any:
    """JSON with decimals as they are written."""
    return json.loads(text, parse_float=Decimal)


@pytest.mark.parametrize(("shared", "case"), cases())
def test_case(shared: Mapping[str, Any], case: Case) -> None:
    program = check(files(shared, case), {})
    assert findings(program) == case.get("diagnostics", []), [d.message for d in program.diagnostics]
    if "map" in case:
        _run(program, case)


def _plain(outcome: Any) -> Any:
    """An outcome as JSON, with what has no order sorted."""
    from rules.outcome import to_json

    found = to_json(outcome)
    found["decisions"].sort()
    for trace in found["lineage"].values():
        trace["decisions"].sort()
        trace["sources"].sort()
    return found


def _run(program: Program, case: Case) -> None:
    from rules import engine, oracle
    from rules.compiler import compile_program
    from rules.outcome import Context

    document = exact(case["input"])
    names = [name for name, _ in program.maps[case["map"]].parameters]
    inputs = document if len(names) > 1 else {names[0]: document}
    outcome = engine.run_map(compile_program(program), case["map"], inputs, Context(now=NOW))
    assert _plain(outcome) == _plain(oracle.run_map(program, case["map"], inputs, Context(now=NOW)))
    failed = [f"{failure.kind} {failure.path}" for failure in outcome.failures]
    assert failed == case.get("failures", []), outcome.failures
    assert outcome.state == case.get("state", "done")
    if "expected" in case:
        assert outcome.event == exact(case["expected"])
