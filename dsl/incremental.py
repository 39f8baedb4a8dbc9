"""What one check leaves for the next: modules that were read, schemas, and what bodies came to.

After a keystroke one module differs. A module of the same path and text is the same syntax, so it is kept;
with it stays what checking each of its declarations added to the program. That is taken again as long as
nothing differs that a declaration can see of the others: the Surroundings. They hold the files beside the
modules and of every declaration its text, except what nobody outside can see: bodies of maps, tests, and
rows of a table beyond what they say of how it can fail.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from dsl import program, syntax
from dsl.checking.session import Session
from dsl.diagnostics import Diagnostic
from dsl.parser import Parsed, parse
from dsl.program import Schema
from dsl.schema import read_schema
from dsl.source import Source

MOST_CHARACTERS = 2_000_000
MOST_SCHEMAS = 512
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """What checking one declaration added to the program; `result` is what the checker gave back."""

    result: Any
    types: Mapping[Any, Any]
    names: Mapping[Any, Any]
    failures: Mapping[Any, Any]
    copies: Mapping[Any, Any]
    expectations: Mapping[Any, Any]
    facts: Mapping[Any, Any]
    diagnostics: tuple[Diagnostic, ...]


@dataclass(slots=True)
class KeptModule:
    """A module as it was read, and what its declarations came to in the surroundings they were last seen in.

    `alone` is what depends on one declaration and nothing else.
    """

    parsed: Parsed
    surroundings: object = None
    found: dict[syntax.Node, Found] = field(default_factory=dict)
    alone: dict[syntax.Node, Any] = field(default_factory=dict)


class _Shelf:
    """The modules and schemas used last, within bounds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._modules: OrderedDict[tuple[str, str], KeptModule] = OrderedDict()
        self._schemas: OrderedDict[tuple[str, bytes], Schema] = OrderedDict()
        self._characters = 0

    def module(self, source: Source) -> KeptModule:
        key = (source.path, source.text)
        with self._lock:
            kept = self._modules.get(key)
            if kept is not None:
                self._modules.move_to_end(key)
                return kept
        made = KeptModule(parse(source))
        with self._lock:
            if key not in self._modules:
                self._modules[key] = made
                self._characters += len(source.text)
            while self._characters > MOST_CHARACTERS and len(self._modules) > 1:
                (_, text), _ = self._modules.popitem(last=False)
                self._characters -= len(text)
        return made

    def schema(self, path: str, content: bytes) -> Schema:
        key = (path, content)
        with self._lock:
            kept = self._schemas.get(key)
            if kept is not None:
                self._schemas.move_to_end(key)
                return kept
        made = read_schema(path, content)
        with self._lock:
            made = self._schemas.setdefault(key, made)
            while len(self._schemas) > MOST_SCHEMAS:
                self._schemas.popitem(last=False)
        return made

    def clear(self) -> None:
        with self._lock:
            self._modules.clear()
            self._schemas.clear()
            self._characters = 0


_shelf = _Shelf()


def kept_module(source: Source) -> KeptModule:
    """A module read, now or before."""
    return _shelf.module(source)


def kept_schema(path: str, content: bytes) -> Schema:
    """A schema file read, now or before; raises SchemaError."""
    return _shelf.schema(path, content)


def forget() -> None:
    """Forget everything, so that the next check is made from nothing."""
    _shelf.clear()


class Bodies:
    """Checks declarations whose surroundings are known, or takes what they came to before."""

    def __init__(
        self, session: Session, files: Mapping[str, bytes], modules: Mapping[str, KeptModule]
    ) -> None:
        self._session = session
        self._modules = modules
        self._surroundings = _surroundings(session, files)
        for kept in modules.values():
            if kept.surroundings != self._surroundings:
                kept.surroundings, kept.found = self._surroundings, {}
        self._found = {path: kept.found for path, kept in modules.items()}

    def check(self, path: str, node: syntax.Node, work: Callable[[], T]) -> T:
        """The result of the work on a declaration; what it adds to the session is added in any case."""
        kept = self._found[path]
        found = kept.get(node)
        if found is None:
            found = kept[node] = _watched(self._session, work)
        session = self._session
        session.types.update(found.types)
        session.names.update(found.names)
        session.failures.update(found.failures)
        session.copies.update(found.copies)
        session.expectations.update(found.expectations)
        session.facts.update(found.facts)
        session.diagnostics += found.diagnostics
        result: T = found.result
        return result

    def alone(self, path: str, node: syntax.Node, work: Callable[[Any], Any]) -> Any:
        """What depends on the syntax of one declaration and nothing else."""
        known = self._modules[path].alone
        if node not in known:
            known[node] = work(node)
        return known[node]


def _watched(session: Session, work: Callable[[], Any]) -> Found:
    """What some work adds to the session; it sees the facts of the others, of the rest only what it adds."""
    outer = [getattr(session, name) for name in _ADDED]
    before, diagnostics = set(session.facts), session.diagnostics
    for name in _ADDED:
        setattr(session, name, {})
    session.diagnostics = []
    try:
        result = work()
        facts = {node: of for node, of in session.facts.items() if node not in before}
        return Found(
            result,
            session.types,
            session.names,
            session.failures,
            session.copies,
            session.expectations,
            facts,
            tuple(session.diagnostics),
        )
    finally:
        session.diagnostics = diagnostics
        for name, value in zip(_ADDED, outer, strict=True):
            setattr(session, name, value)


_ADDED = ("types", "names", "failures", "copies", "expectations")


def _surroundings(session: Session, files: Mapping[str, bytes]) -> object:
    """Everything that a declaration can see of the others, to be compared with that of another check."""
    beside = tuple(sorted((path, content) for path, content in files.items() if not path.endswith(".mw")))
    seen = tuple(
        (
            path,
            tuple(_seen(session, path, declaration) for declaration in (*module.uses, *module.declarations)),
        )
        for path, module in session.modules.items()
    )
    return session.samples, beside, tuple(session.schemas.values()), seen


def _seen(session: Session, path: str, node: syntax.Node) -> object:
    """What the others can see of a declaration: its text, but for what is its own affair."""
    text = session.sources[path].text
    match node:
        case syntax.Test():
            return None
        case syntax.Map(body=(first, *_)):
            return text[node.span.start : first.span.start]
        case syntax.Table(rows=(first, *_)):
            return (
                text[node.span.start : first.span.start],
                session.table_failures.get(node.name),
                _results(session, node),
            )
    return text[node.span.start : node.span.end]


def _results(session: Session, node: syntax.Table) -> object:
    table: program.CheckedTable | None = session.tables.get(node.name)
    return None if table is None else (table.inputs, table.outputs, table.result)
