"""The chapters of a rule set, each entry with the tests that prove it and the constructs that use it."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

from dsl import syntax
from dsl.diagnostics import Severity
from dsl.forms.reading import above, line_of
from dsl.handbook import data
from dsl.handbook.constructs import entry_of
from dsl.handbook.content import Cell, Chapter, Entry, Handbook, anchor
from dsl.navigation import Index
from dsl.parser import Parsed, parse
from dsl.program import Program

_CHAPTERS = (
    ("flow", "Flows"), ("map", "Maps"), ("table", "Decision tables"), ("rules", "Rules"), ("lookup", "Value maps"),
    ("function", "Functions"), ("type", "Types"), ("dataset", "Reference data kept by rules"), ("playbook", "Playbooks"),
)  # fmt: skip
_SUBJECTS = {"map": "map", "apply": "rules", "flow": "flow", "table": "table"}


def handbook(program: Program) -> Handbook:
    """Everything a rule set holds, for people."""
    writer = _Writer(program)
    chapters = [Chapter(kind, title, tuple(writer.of(kind))) for kind, title in _CHAPTERS]
    chapters += [writer.endpoints(), writer.schemas(), Chapter("test", "Tests", tuple(writer.of("test")))]
    manifest, found = program.manifest, program.diagnostics
    errors = sum(d.severity is Severity.ERROR for d in found)
    return Handbook(
        manifest.title or manifest.name,
        manifest.name,
        manifest.owner,
        manifest.time_zone,
        errors,
        len(found) - errors,
        tuple(chapter for chapter in chapters if chapter.entries),
    )


class _Writer:
    """Reads every module once and writes the entries of a kind."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._declared: list[tuple[Parsed, str, Any]] = []
        self._tests: dict[str, list[Cell]] = defaultdict(list)
        self._users: dict[str, dict[str, Cell]] = defaultdict(dict)
        for path in sorted(program.modules):
            parsed = parse(program.sources[path])
            for node in parsed.module.declarations:
                if getattr(node, "name", ""):
                    self._declared.append((parsed, _kind(parsed, node), node))
        for _, _, node in self._declared:
            if isinstance(node, syntax.Test):
                cell = Cell(node.name, link=anchor("test", node.name))
                self._tests[anchor(_SUBJECTS[node.subject], node.subject_name)].append(cell)
        self._find_users()

    def _find_users(self) -> None:
        """Who names whom: each reference counts for the declaration it stands in."""
        for found in Index(self._program).occurrences:
            if found.declares or found.symbol.kind in ("field", "variable", "rule"):
                continue
            around = self._around(found.file, found.span.start)
            name = anchor(found.symbol.kind, found.symbol.name)
            if around is None or around[0] == "test" or anchor(*around) == name:
                continue
            self._users[name][anchor(*around)] = Cell(" ".join(around), link=anchor(*around))

    def _around(self, file: str, offset: int) -> tuple[str, str] | None:
        """Kind and name of the declaration that holds a place."""
        for parsed, kind, node in self._declared:
            if parsed.source.path == file and node.span.start <= offset < node.span.end:
                return kind, node.name
        return None

    def of(self, kind: str) -> list[Entry]:
        """The entries of one kind; lookups include those from files."""
        entries = [self._entry(parsed, kind, node) for parsed, own, node in self._declared if own == kind]
        if kind == "lookup":
            files = [lookup for lookup in self._program.lookups.values() if lookup.version]
            entries += [
                self._known(data.data_entry(lookup)) for lookup in sorted(files, key=lambda one: one.name)
            ]
        return entries

    def endpoints(self) -> Chapter:
        """What travels, by name."""
        endpoints = sorted(
            self._program.manifest.endpoints.values(), key=lambda one: (one.direction, one.name)
        )
        return Chapter(
            "endpoint", "Endpoints", tuple(self._known(data.endpoint_entry(one)) for one in endpoints)
        )

    def schemas(self) -> Chapter:
        """The shapes of both sides."""
        schemas = sorted(self._program.schemas.values(), key=lambda one: one.path)
        return Chapter("schema", "Schemas", tuple(self._known(data.schema_entry(one)) for one in schemas))

    def _entry(self, parsed: Parsed, kind: str, node: Any) -> Entry:
        schema = data.schema_id(f"{getattr(node, 'schema', '')}@{getattr(node, 'version', '')}")
        said = entry_of(parsed, node, schema)
        notes = tuple(words for words in above(parsed, node) if words)
        file, line = parsed.source.path, line_of(parsed, node)
        return self._known(
            Entry(anchor(kind, node.name), node.name, file=file, line=line, notes=notes, **said)
        )

    def _known(self, entry: Entry) -> Entry:
        users = tuple(sorted(self._users[entry.id].values(), key=lambda cell: cell.text))
        return replace(entry, tests=tuple(self._tests[entry.id]), users=users)


def _kind(parsed: Parsed, node: syntax.Node) -> str:
    return parsed.source.slice(node.span).split(None, 1)[0]
