"""The form of a map as rows for the page: what is written, what it gave for the sample, what is wrong with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from app.web import previews, usage
from app.web.previews import Preview
from app.web.targets import SourceNode, Target, has_path, read_path, rows_words, source_tree, targets
from app.web.workspace import Workspace
from dsl import forms, syntax
from dsl.navigation.fields import record_in

MISSING = object()
_KIND_ORDER = ("missing", "error", "no_match", "many")


@dataclass
class Row:
    """One row of the grid. `address` is what an edit of it names; `kinds` what can fail.

    `result` is the value for the sample; None where nothing ran, MISSING where it made no value.
    """

    kind: str
    address: str
    label: str
    depth: int = 0
    expression: str = ""
    line: int = 0
    last_line: int = 0
    type: str = ""
    title: str = ""
    comment: str = ""
    required: bool = False
    present: bool = True
    handlers: Mapping[str, Any] = field(default_factory=dict)
    kinds: Sequence[str] = ()
    handling: str = ""
    sources: Sequence[str] = ()
    scopes: Sequence[tuple[str, str]] = ()
    result: Any = None
    why: str = ""
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def editable(self) -> bool:
        """Whether the row holds something that can be typed over."""
        return self.kind in ("field", "let", "list", "each", "check", "raw") or self.label in (
            "if",
            "else if",
        )

    @property
    def structure(self) -> bool:
        """Whether it says something about other rows instead of setting a value."""
        return self.kind not in ("field", "let", "list")


@dataclass(frozen=True)
class MapPage:
    """Everything the form of one map shows."""

    here: Workspace
    name: str
    sample: str
    everything: bool = False

    @cached_property
    def place(self) -> tuple[str, Any]:
        """(path of the module, syntax of the map)."""
        return self.here.find("map", self.name)

    @property
    def schemas(self) -> list[str]:
        """The schemas of its source."""
        checked = self.here.trial.program.maps.get(self.name)
        records = [record_in(of) for _, of in checked.parameters] if checked is not None else []
        known = self.here.trial.program.schemas.values()
        return list(
            dict.fromkeys(
                schema.name for schema in known if any(schema.record is record for record in records)
            )
        )

    @property
    def path(self) -> str:
        """The module it stands in."""
        return self.place[0]

    @property
    def etag(self) -> str:
        """The etag of that module as it is stored."""
        return self.here.stored[self.path].etag

    @cached_property
    def form(self) -> dict[str, Any]:
        """The map as the language's own form."""
        return forms.map_form(self.here.parsed(self.path), self.name)

    @cached_property
    def preview(self) -> Preview:
        """What the map makes of the chosen sample."""
        return previews.of_map(self.here, self.name, self.sample)

    @cached_property
    def samples(self) -> list[str]:
        """The samples that fit."""
        return previews.fitting_samples(self.here, self.name)

    @cached_property
    def policy(self) -> dict[str, str]:
        """Kind of failure -> what the map says for all its fields."""
        return {handler["on"]: handling_words(handler) for handler in self.form["policy"]}

    @cached_property
    def targets(self) -> dict[str, Target]:
        """Path -> field of the target schema."""
        schema = _schema(self.here, self.form["target"])
        return {target.path: target for target in targets(schema.record)} if schema else {}

    @cached_property
    def rows(self) -> list[Row]:
        """Written rows in their order, then required fields that nobody sets, then optional ones if asked for."""
        rows = list(self._written())
        for row in rows:
            row.findings = [f for f in self.findings if row.line and row.line <= f["line"] <= row.last_line]
        return rows + [self._unset(target) for target in self.unmapped if target.required or self.everything]

    @cached_property
    def unmapped(self) -> list[Target]:
        """Fields of the target that no row sets, lists of records only as a whole."""
        written = {row["path"] for row in self.form["rows"] if row["path"]} | self._copied()
        return [t for t in self.targets.values() if t.path not in written and _reachable(t.path, written)]

    def _copied(self) -> set[str]:
        """The paths that `copy` lines set."""
        program = self.here.trial.program
        checked = program.maps.get(self.name)
        rows = forms.map_rows(self.here.parsed(self.path), checked.node) if checked else ()
        return {
            row.path.removesuffix("*") + line.target[0]
            for row in rows
            if isinstance(row.node, syntax.Copy)
            for line in program.copies.get(row.node, ())
        }

    @property
    def blocks(self) -> list[tuple[str, str]]:
        """(address, words) of everything a new line can stand in, the map itself first."""
        inner = [row for row in self.form["rows"] if row["kind"] in ("each", "if")]
        return [
            ("", "the map"),
            *((row["id"], _one_line(f"{_label(row)} {row['expression']}")) for row in inner),
        ]

    @cached_property
    def findings(self) -> list[dict[str, Any]]:
        """Everything that is wrong with the map."""
        first, last = self._span
        found = [f for f in self.here.findings() if f["file"] == self.path]
        return [
            f for f in found if first <= f["line"] <= last or f["subject"].startswith(f"map/{self.name}/")
        ]

    @cached_property
    def loose(self) -> list[dict[str, Any]]:
        """Findings that belong to no row."""
        shown = {id(f) for row in self.rows for f in row.findings}
        return [f for f in self.findings if id(f) not in shown]

    @cached_property
    def sources(self) -> list[SourceNode]:
        """The parameters as trees with the sample's values; what the map reads is marked."""
        used = {path for row in self.rows for path in row.sources}
        trees = []
        for index, parameter in enumerate(self.form["parameters"]):
            record = self._record(parameter)
            if record:
                sample = self.preview.document if index == 0 else None
                trees.append(source_tree(parameter["name"], record, sample))
        for tree in trees:
            _mark(tree, used)
        return trees

    def _record(self, parameter: Mapping[str, Any]) -> Any:
        """The type of a parameter: as the checker found it, else by the schema that is written."""
        checked = self.here.trial.program.maps.get(self.name)
        found = dict(checked.parameters).get(parameter["name"]) if checked else None
        if found:
            return found
        schema = _schema(self.here, parameter["schema"]) or _only_other(
            self.here, self.path, self.form["target"]
        )
        return schema.record if schema else None

    @property
    def _span(self) -> tuple[int, int]:
        source = self.here.trial.program.sources[self.path]
        span = self.place[1].span
        return source.position(span.start)[0], source.position(span.end)[0]

    def _written(self) -> Iterator[Row]:
        parsed = self.here.parsed(self.path)
        nodes = {row.id: row.node for row in forms.map_rows(parsed, self.place[1])}
        scopes: dict[str, dict[str, str]] = {"": {p["name"]: p["name"] for p in self.form["parameters"]}}
        for written in self.form["rows"]:
            node = nodes.get(written["id"])
            scope = scopes[written["parent"] or ""]
            scopes[written["id"]] = scope
            if isinstance(node, syntax.Each):
                scopes[written["id"]] = {**scope, node.variable: usage.dotted(node.source, scope)}
            yield self._row(written, node, scope)

    def _row(self, written: Mapping[str, Any], node: Any, scope: Mapping[str, str]) -> Row:
        target = self.targets.get(written["path"])
        handlers = {handler["on"]: handler for handler in written["handlers"]}
        text = written.get("text", "") or written["expression"]
        kind = "raw" if written["kind"] == "copy" else written["kind"]
        row = Row(kind, written["id"], _label(written), written["depth"], _one_line(text))
        row.line, row.comment, row.last_line = (
            written["line"],
            written["comment"],
            self._last_line(written, node),
        )
        row.handlers, row.kinds = handlers, self._kinds(node)
        row.handling = "; ".join(handling_words(handler, True) for handler in handlers.values())
        row.sources = sorted(set(usage.paths_read(_read_by(node), scope)))
        row.scopes = [(path, name) for name, path in scope.items() if path and path != name]
        if target:
            row.type, row.title, row.required = target.type, target.title, target.required
        if written["path"] and written["kind"] != "copy":
            row.result, row.why = self._result(written["path"]), self._why(written["path"])
        return row

    def _last_line(self, written: Mapping[str, Any], node: Any) -> int:
        """The last line of a statement that stands on several; of a block its first."""
        if node is None or not isinstance(node, syntax.Field | syntax.Let | syntax.Check):
            return int(written["line"])
        return int(self.here.trial.program.sources[self.path].position(node.span.end)[0])

    def _unset(self, target: Target) -> Row:
        depth = target.path.count("[].")
        row = Row(
            "field",
            target.path,
            target.path.rpartition("[].")[2],
            depth,
            type=target.type,
            title=target.title,
        )
        row.required, row.present, row.kinds = target.required, False, _KIND_ORDER
        subject = f"map/{self.name}/{target.path.replace('[]', '')}"
        row.findings = [
            f for f in self.findings if f["subject"] in (subject, f"map/{self.name}/{target.path}")
        ]
        row.kind = "list" if target.is_list else "field"
        return row

    def _kinds(self, node: Any) -> list[str]:
        value = getattr(node, "value", None)
        can_fail = (
            self.here.trial.program.failures.get(value, frozenset()) if value is not None else frozenset()
        )
        return [kind for kind in _KIND_ORDER if kind in can_fail]

    def _result(self, path: str) -> Any:
        """Through a list, the value of its first row."""
        value = self.preview.value
        if value is None:
            return None
        if has_path(value, path):
            found = read_path(value, path)
            return rows_words(found) if isinstance(found, list) else found
        return MISSING

    def _why(self, path: str) -> str:
        trace = self.preview.lineage.get(path.replace("[]", "[0]"))
        if not trace:
            return ""
        told = [*trace.get("sources", ()), *trace.get("decisions", ())]
        return f"from {', '.join(told)}" if told else "a constant"


def handling_words(handler: Mapping[str, Any], with_kind: bool = False) -> str:
    """A handler as people say it: `no match: use minor, warn`."""
    value = f" {handler['value']}" if handler["value"] else ""
    words = f"{handler['action']}{value}{', warn' if handler['warn'] else ''}"
    return f"{handler['on'].replace('_', ' ')}: {words}" if with_kind else words


def _label(written: Mapping[str, Any]) -> str:
    match written["kind"]:
        case "each":
            return f"{written['target']} []"
        case "if":
            return str(written["branch"])
        case "let":
            return f"let {written['target']}"
        case "check":
            return "check"
        case "copy":
            return "copy"
        case "raw":
            return "text"
        case _:
            return str(written["target"])


def _read_by(node: Any) -> Any:
    """The parts of a statement that read, without the statements inside it."""
    match node:
        case syntax.Each():
            return (node.source, node.where, node.group_by, node.order_by)
        case syntax.Branch() | syntax.Check():
            return node.condition
        case syntax.Copy():
            return node.source
        case syntax.Field() | syntax.Let():
            return (node.value, tuple(handler.value for handler in node.handlers))
        case _:
            return ()


def _reachable(path: str, written: set[str]) -> bool:
    """Fields inside a list count only where a row fills the list."""
    parents = path.split("[].")[:-1]
    lists = {"[].".join(parents[: index + 1]) for index in range(len(parents))}
    return lists <= written


def _one_line(text: str) -> str:
    return " ".join(part.strip() for part in text.splitlines())


def _schema(here: Workspace, name: str | None) -> Any:
    found = here.trial.program.schemas.values()
    return next((schema for schema in found if schema.name == name), None)


def _only_other(here: Workspace, path: str, target: str) -> Any:
    """The schema that the short form `map m : nc -> x` means: the only other one the module uses."""
    module = here.trial.program.modules.get(path)
    uses = [u.name for u in module.uses if isinstance(u, syntax.UseSchema)] if module else []
    others = [name for name in uses if name != target]
    return _schema(here, others[0]) if len(others) == 1 else None


def _mark(node: SourceNode, used: set[str]) -> bool:
    below = [_mark(child, used) for child in node.children]
    node.used = node.path in used or any(below)
    return node.used
