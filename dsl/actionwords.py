"""What can stand in the actions of a rule: words, datasets, what arrives, and the names that actions bring in."""

import re
from collections.abc import Iterable, Iterator, Mapping

from dsl import syntax, types
from dsl.checking.actions import COLLECTED
from dsl.checking.events import actions_of
from dsl.checking.expectations import EVENT
from dsl.program import Program
from dsl.surroundings import Surroundings

Word = tuple[str, str, str]
"""Label, kind, detail."""
_THEN = (
    "send", "raise", "alert", "expect", "collect by", "remember", "forget", "set", "each", "hold for review", "reject",
    "ignore",
)  # fmt: skip
_LATER = ("send", "raise", "alert")
_AWAITED = re.compile(r"\bexpect\s+([\w.]+)\s+where\b")
_GATHERED = re.compile(r"\bcollect\s+by\b.*\bthen\b")


def action_words(program: Program, line: str) -> list[Word]:
    """The words for the end of a line of a rule; none where an expression may follow."""
    rules: list[tuple[str, Iterable[Word]]] = [
        (r"\b(remember|forget)\s+\w*$", _datasets(program)),
        (r"\bexpect\s+[\w.]*$", _arriving(program)),
        (r"\bcalendar\s+$", ((f'"{name}"', "calendar", "") for name in program.manifest.calendars)),
        (r"\bcollect\s+by\b.*\bthen\s+\w*$", _plain(_LATER)),
        (r"^\s*then\s+\w*$", _plain(_THEN)),
        (r"\belse\s+\w*$", _plain(_LATER)),
    ]
    return next((list(words) for pattern, words in rules if re.search(pattern, line)), [])


def _plain(words: Iterable[str]) -> Iterator[Word]:
    return ((word, "keyword", "") for word in words)


def _datasets(program: Program) -> Iterator[Word]:
    for name, checked in program.datasets.items():
        keys = ", ".join(f"{column}: {types.describe(of)}" for column, of in checked.keys)
        yield name, "dataset", f"{keys} -> {checked.schema.name}"


def _arriving(program: Program) -> Iterator[Word]:
    for endpoint in program.manifest.endpoints.values():
        if endpoint.direction == "in":
            yield endpoint.name, "endpoint", endpoint.schema
    actions = (action for rules in program.rules.values() for action in actions_of(rules))
    events = sorted({action.event for action in actions if isinstance(action, syntax.Raise)})
    yield from ((name, "event", "raised by rules") for name in events)


def action_names(program: Program, line: str, around: Surroundings) -> Mapping[str, types.Type]:
    """`event` inside an expectation, `items` in what a collection makes."""
    if not isinstance(around.declaration, syntax.Rules):
        return {}
    found: dict[str, types.Type] = {}
    awaited = _AWAITED.search(line)
    if awaited is not None and " else " not in line[awaited.end() :]:
        schema = _schema_of(program, awaited.group(1))
        found |= {EVENT: schema} if schema is not None else {}
    checked = program.rules.get(around.declaration.name)
    if _GATHERED.search(line) and checked is not None:
        found[COLLECTED] = types.ListOf(checked.schema.record)
    return found


def _schema_of(program: Program, name: str) -> types.Record | None:
    """The record of what arrives under a name."""
    endpoint = program.manifest.endpoints.get(name)
    if endpoint is not None:
        schema = program.schemas.get(endpoint.schema)
        return schema.record if schema is not None else None
    return next((of.schema.record for of in program.expectations.values() if of.node.event == name), None)
