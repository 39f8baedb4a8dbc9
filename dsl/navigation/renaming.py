"""Renaming in the whole rule set: refused where the new name would mean something else anywhere."""

import re
from collections import Counter
from collections.abc import Mapping

from dsl import checker, functions
from dsl.diagnostics import Diagnostic, Edit
from dsl.errors import DslError
from dsl.lines import grammar
from dsl.navigation.index import Index
from dsl.navigation.symbols import Occurrence, Place
from dsl.program import Program
from dsl.source import Source, Span

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_WHY_NOT = {
    "schema": "a schema is named by its file: rename the file and the lines that use it",
    "endpoint": "an endpoint is bound in every environment by its name: declare a new one in ruleset.toml instead",
    "field": "a field belongs to its schema, table or lookup: change it there, and the lines that use it",
    "playbook": "a playbook is named by a text: change it there and in the flows that name it",
}


class RenameRefused(DslError):
    """The name can't be given; the message says why."""

    code = "rename_refused"


def nameable(index: Index, path: str, offset: int) -> Occurrence:
    """The occurrence whose name can be changed; RenameRefused says why it can't."""
    found = index.at(path, offset)
    if found is None:
        raise RenameRefused("here stands no name of this rule set")
    why = _WHY_NOT.get(found.symbol.kind, "")
    if not why and found.symbol.kind == "lookup" and not any(o.declares for o in index.of(found.symbol)):
        why = "this lookup is named by its file: rename the file and the lines that use it"
    if not why and not any(o.declares for o in index.of(found.symbol)):
        why = "its declaration was not found"
    if why:
        raise RenameRefused(f"`{found.symbol.name}` can't be renamed here: {why}")
    return found


def rename(files: Mapping[str, bytes], index: Index, path: str, offset: int, name: str) -> tuple[Edit, ...]:
    """The edits that give a symbol another name, in every file.

    Tried out before it is answered: the rule set with the new name has no new finding, and every name in
    it means what it meant.
    """
    found = nameable(index, path, offset)
    _valid(found, name)
    if name == found.symbol.name:
        return ()
    places = [o.place for o in index.of(found.symbol)]
    edits = tuple(Edit(place.file, place.span, name) for place in places)
    after = checker.check(_applied(files, edits))
    _no_new_finding(index.program, after, found.symbol.name, name)
    moved = {_moved(place, edits) for place in places}
    renamed = Index(after)
    there = renamed.at(*_start(min(moved)))
    if there is None or {o.place for o in renamed.of(there.symbol)} != moved:
        raise RenameRefused(
            f"`{name}` is already the name of something else where `{found.symbol.name}` stands"
        )
    return edits


def _valid(found: Occurrence, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise RenameRefused(f"`{name}` is no name: use a-z, 0-9 and _, beginning with a letter or _")
    if name in grammar()[1] or name == "end":
        raise RenameRefused(f"`{name}` is a word of the language: choose another name")
    if found.symbol.kind in ("function", "variable") and name in functions.registry():
        raise RenameRefused(f"`{name}` is a function of the language: choose another name")


def _applied(files: Mapping[str, bytes], edits: tuple[Edit, ...]) -> dict[str, bytes]:
    changed = dict(files)
    for file in {edit.file for edit in edits}:
        text = changed[file].decode("utf-8")
        for edit in sorted((e for e in edits if e.file == file), key=lambda e: e.span.start, reverse=True):
            text = text[: edit.span.start] + edit.text + text[edit.span.end :]
        changed[file] = text.encode("utf-8")
    return changed


def _no_new_finding(before: Program, after: Program, old: str, new: str) -> None:
    known = Counter(_words(d) for d in before.diagnostics)
    for diagnostic in after.diagnostics:
        key = _words(diagnostic)
        plain = (key[0], key[1], key[2].replace(new, old))
        if known[key] or known[plain]:
            known[key if known[key] else plain] -= 1
            continue
        source = after.sources.get(diagnostic.file, Source(diagnostic.file, ""))
        line = source.position(min(diagnostic.span.start, len(source.text)))[0]
        raise RenameRefused(f"`{new}` does not fit here: {diagnostic.file} line {line}: {diagnostic.message}")


def _words(diagnostic: Diagnostic) -> tuple[str, str, str]:
    return diagnostic.code, diagnostic.file, diagnostic.message


def _moved(place: Place, edits: tuple[Edit, ...]) -> Place:
    """Where a renamed place stands after the edits before it."""
    before = [e for e in edits if e.file == place.file and e.span.start < place.span.start]
    shift = sum(len(e.text) - (e.span.end - e.span.start) for e in before)
    length = len(edits[0].text)
    return Place(place.file, Span(place.span.start + shift, place.span.start + shift + length))


def _start(place: Place) -> tuple[str, int]:
    return place.file, place.span.start
