"""Verdicts on versions: of two, and of a chain of them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from dsl.compatibility.changes import compare
from dsl.compatibility.words import Change
from dsl.program import Schema

Mode = Literal["backward", "forward", "full"]
MODES: tuple[Mode, ...] = ("backward", "forward", "full")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What changes from one version to another; `breaking` under a mode are the changes that refuse messages."""

    name: str
    old: str
    new: str
    changes: Sequence[Change]

    def breaking(self, mode: Mode) -> list[Change]:
        """The changes that break a direction."""
        return [
            c
            for c in self.changes
            if (c.backward and mode != "forward") or (c.forward and mode != "backward")
        ]

    def holds(self, mode: Mode) -> bool:
        """Whether the two versions are compatible that way."""
        return not self.breaking(mode)

    def summary(self) -> str:
        """Both directions in a sentence."""
        back, fore = len(self.breaking("backward")), len(self.breaking("forward"))
        first = f"{self.new} reads messages of {self.old}: {_answer(back)}"
        return f"{first}; {self.old} reads messages of {self.new}: {_answer(fore)}."


def _answer(broken: int) -> str:
    return "yes" if not broken else f"not all, {broken} change{'s break' if broken > 1 else ' breaks'} it"


def verdict(old: Schema, new: Schema) -> Verdict:
    """Two versions compared."""
    return Verdict(new.name, old.version, new.version, compare(old, new))


def in_order(schemas: Iterable[Schema]) -> list[Schema]:
    """Versions from the first to the last: v2 before v10, 2025-12 before 2026-03."""
    return sorted(schemas, key=lambda schema: _order(schema.version))


def _order(version: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"[0-9]+|[^0-9]+", version)
    return [(1, int(part[:18]), "") if part[0] in "0123456789" else (0, 0, part) for part in parts]


def chains(schemas: Iterable[Schema]) -> dict[str, list[Schema]]:
    """The schemas of a rule set that have several versions, each in order."""
    return {name: versions for name, versions in sorted(_by_name(schemas).items()) if len(versions) > 1}


def check_chain(versions: Sequence[Schema], transitive: bool = True) -> list[Verdict]:
    """Each version against the one before it, and where transitive against every earlier one."""
    if not transitive:
        return [verdict(old, new) for old, new in pairwise(versions)]
    return [verdict(old, new) for index, new in enumerate(versions) for old in reversed(versions[:index])]


def between(old: Iterable[Schema], new: Iterable[Schema]) -> list[Verdict]:
    """What two states of a rule set mean for messages: a version whose text changed, and the newest against the newest before."""
    before, after = _by_name(old), _by_name(new)
    found: list[Verdict] = []
    for name in sorted(before.keys() & after.keys()):
        was, now = (
            {schema.version: schema for schema in before[name]},
            {schema.version: schema for schema in after[name]},
        )
        for version in [version for version in now if version in was]:
            changed = verdict(renamed(was[version], f"{version} as it was"), now[version])
            found += [changed] if changed.changes else []
        first, last = before[name][-1], after[name][-1]
        if first.version != last.version:
            found.append(verdict(first, last))
    return found


def _by_name(schemas: Iterable[Schema]) -> dict[str, list[Schema]]:
    found: dict[str, list[Schema]] = {}
    for schema in in_order(schemas):
        found.setdefault(schema.name, []).append(schema)
    return found


def renamed(schema: Schema, version: str) -> Schema:
    """The same schema under another name of its version."""
    return Schema(
        schema.name, version, schema.path, schema.record, schema.definitions, schema.guide, schema.unheld
    )


def verdict_json(found: Verdict) -> dict[str, Any]:
    """A verdict as plain data."""
    return {
        "name": found.name,
        "old": found.old,
        "new": found.new,
        "summary": found.summary(),
        **{mode: found.holds(mode) for mode in MODES},
        "changes": [_change(change) for change in found.changes],
    }


def _change(change: Change) -> Mapping[str, Any]:
    return {
        "path": change.path,
        "kind": change.kind,
        "sentence": change.sentence,
        "breaks_backward": change.backward,
        "breaks_forward": change.forward,
        "note": change.note,
    }
