"""Lineage as JSON text, for the record that is kept of every message.

Most lines of a map say the same about every message: their text is made once and joined from then on. It is
the JSON of `rules.outcome.lineage_json`, several times faster.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from rules.generation.plans import FieldPlan, FramePlan, Level, Lineage, lines_of, rows_of, spell, trace_of
from rules.outcome import lineage_json

_MOST_TEXTS = 64


def lineage_text(lineage: Lineage) -> bytes:
    """The traces of all paths, as `lineage_json` gives them."""
    plan, marks, output = lineage.parts
    found = dict(_frame(plan, [(0, marks)], output, ""))
    return b"{" + b",".join(found.values()) + b"}"


def _frame(plan: FramePlan, levels: list[Level], output: Any, prefix: str) -> Iterator[tuple[str, bytes]]:
    for line in lines_of(plan, levels, output):
        path = prefix + _spelled(line.target)
        yield path, _named(path) + _text(line, levels)
    for each, number, inner, target in rows_of(plan, levels, output):
        yield from _frame(each.frame, inner, target, f"{prefix}{spell(each.target)}[{number}].")


@lru_cache(maxsize=10_000)
def _spelled(target: tuple[str, ...]) -> str:
    return spell(target)


@lru_cache(maxsize=10_000)
def _named(path: str) -> bytes:
    return json.dumps(path, ensure_ascii=False).encode() + b":"


def _text(line: FieldPlan, levels: list[Level]) -> bytes:
    """What a line says at these rows, after these decisions; kept while there are few ways."""
    key = _circumstances(line, levels)
    try:
        return line.texts[key]
    except KeyError:
        text = _written(line, levels)
        if len(line.texts) < _MOST_TEXTS:
            line.texts[key] = text
        return text
    except TypeError:  # rows of a group are lists, which are no keys
        return _written(line, levels)


def _circumstances(line: FieldPlan, levels: list[Level]) -> Any:
    """Everything of a run that its trace depends on."""
    code = None if line.handler is None else levels[-1][1][line.handler]
    origin = line.origin if code is None else line.uses[code][1]
    if not origin.decisions and len(levels) == 1:
        return code
    marks = [levels[ref.depth][1][ref.slot] for ref in origin.decisions]
    return (code, *marks, *[index for index, _ in levels[1:]])


def _written(line: FieldPlan, levels: list[Level]) -> bytes:
    said = lineage_json({"": trace_of(line, levels)})[""]
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
