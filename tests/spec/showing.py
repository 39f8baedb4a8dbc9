"""What came out, in the words of a case: findings, actions, values and traces as short texts."""

import json
from collections.abc import Iterable
from dataclasses import fields
from decimal import Decimal
from typing import Any

from dsl.diagnostics import Diagnostic
from dsl.program import Program
from rules.generation.plans import Lineage
from rules.generation.telling import lineage_text
from rules.outcome import Outcome, Trace, to_json
from tests.spec.rulesets import MODULE


def findings(program: Program) -> list[tuple[str, Diagnostic]]:
    """Code and line of each finding, with the file where it is not the case's own module."""
    placed = []
    for d in program.diagnostics:
        source = program.sources.get(d.file)
        line = source.position(d.span.start)[0] if source is not None else 0
        placed.append(((d.file != MODULE, d.file, line, d.code), d))
    placed.sort(key=lambda found: found[0])
    return [
        (f"{code} line {line}" + (f" {file}" if other else ""), d) for (other, file, line, code), d in placed
    ]


def value(made: Any) -> str:
    """A value as a cell shows it; a record as the outputs of a row."""
    if made is None:
        return "missing"
    if isinstance(made, bool):
        return "true" if made else "false"
    if isinstance(made, Decimal):
        return format(made.normalize(), "f")
    if isinstance(made, dict) and set(made) in ({"amount", "unit"}, {"value", "unit"}, {"value", "currency"}):
        return " ".join(value(part) for part in made.values())
    if isinstance(made, dict):
        return " | ".join(value(part) for part in made.values())
    return f"[{', '.join(value(part) for part in made)}]" if isinstance(made, list) else str(made)


def action(made: Any) -> str:
    """An action in words: what, where, to whom, with which content."""
    if made.type == "send":
        words = [
            "send",
            made.endpoint,
            *(["to", made.to] if made.to else []),
            *(["key", made.key] if made.key else []),
        ]
        return f"{' '.join(words)}: {_content(made.payload)}"
    if made.type == "raise":
        return f"raise {made.event}: {_content(made.payload)}"
    if made.type == "alert":
        return f"alert {made.channel}: {made.text}"
    rest = {
        f.name: getattr(made, f.name)
        for f in fields(made)
        if f.name not in ("type", "rules", "rule", "lineage")
    }
    return f"{made.type}: {_content(rest)}"


def _content(payload: Any) -> str:
    return json.dumps(payload, default=_plain, ensure_ascii=False)


def _plain(made: Any) -> Any:
    if isinstance(made, Decimal):
        return int(made) if made == made.to_integral_value() else float(made)
    return action(made) if hasattr(made, "type") else str(made)


def trace(made: Trace) -> list[str]:
    """Where an output value comes from: paths of the input, rows and branches."""
    return [*sorted(made.sources), *sorted(made.decisions)]


def plain(outcome: Outcome) -> Any:
    """An outcome as JSON, with what has no order sorted."""
    found = to_json(outcome)
    if isinstance(outcome.lineage, Lineage):  # the record that the runtime keeps says the same, twice
        assert [json.loads(lineage_text(outcome.lineage)) for _ in range(2)] == [found["lineage"]] * 2
    found["decisions"].sort()
    for lineage in found["lineage"].values():
        lineage["decisions"].sort()
        lineage["sources"].sort()
    return found


def holds(text: str, words: str) -> bool:
    """Whether a text holds these words; `...` stands for anything between them."""
    at = 0
    for part in words.split("..."):
        at = text.find(part.strip(), at)
        if at < 0:
            return False
    return True


def any_holds(texts: Iterable[str], words: str) -> bool:
    """Whether one of the texts holds these words."""
    return any(holds(text, words) for text in texts)


def coverage(report: dict[str, Any], what: str) -> str:
    """How much of the fields, rows, rules or branches the tests reached."""
    return f"{report[what]['covered']} of {report[what]['total']}"
