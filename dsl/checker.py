"""The checker's entry: the files of a rule set in, a typed Program with every finding out."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

from dsl import codes, syntax
from dsl.checking import (
    datasets,
    findings,
    flows,
    lookups,
    maps,
    oddities,
    playbooks,
    rules,
    tables,
    testblocks,
    typedeclarations,
    unused,
    userfunctions,
)
from dsl.checking.session import Session, Site, did_you_mean
from dsl.collecting import collection_later
from dsl.diagnostics import Diagnostic
from dsl.errors import SchemaError
from dsl.incremental import Bodies, KeptModule, kept_module, kept_schema
from dsl.manifest import FILE, empty_manifest, read_manifest
from dsl.pointers import place
from dsl.program import CheckedFunction, CheckedMap, CheckedRules, CheckedTable, Manifest, Program, Schema
from dsl.schema import schema_name
from dsl.source import Source, Span

_START = Span(0, 0)


def check(files: Mapping[str, bytes], samples: Mapping[str, Any] | None = None) -> Program:
    """Check a rule set; never raises for what stands in its files.

    `files` maps paths in the rule set to contents; `samples` are only asked for their names, and where none
    are given, names of samples are not judged.
    """
    with collection_later():
        return _checked(files, samples)


def _checked(files: Mapping[str, bytes], samples: Mapping[str, Any] | None) -> Program:
    texts, found = _decode(files)
    manifest, problems = _manifest(texts)
    session = Session(manifest)
    session.diagnostics += [*found, *problems]
    session.samples = None if not samples else frozenset(name.removeprefix("samples/") for name in samples)
    session.sources.update({path: Source(path, text) for path, text in texts.items()})
    _read_schemas(session, files)
    kept: dict[str, KeptModule] = {}
    for path in sorted(texts):
        if path.endswith(".mw"):
            kept[path] = kept_module(session.sources[path])
            session.modules[path] = kept[path].parsed.module
            session.diagnostics += kept[path].parsed.diagnostics
    _Checker(session, files, kept).run()
    return _program(session)


def _decode(files: Mapping[str, bytes]) -> tuple[dict[str, str], list[Diagnostic]]:
    texts: dict[str, str] = {}
    found: list[Diagnostic] = []
    for path, content in files.items():
        if not path.endswith((".mw", ".toml", ".json")):
            continue
        try:
            texts[path] = content.decode("utf-8")
        except UnicodeDecodeError:
            texts[path] = ""
            found.append(codes.diagnostic("M805", path, _START, path, path=path))
    return texts, found


def _manifest(texts: Mapping[str, str]) -> tuple[Manifest, tuple[Diagnostic, ...]]:
    if FILE not in texts:
        return empty_manifest(), (_not_there(FILE, _START, FILE),)
    manifest, found = read_manifest(texts[FILE])
    return manifest or empty_manifest(), found


def _not_there(path: str, span: Span, file: str) -> Diagnostic:
    return codes.diagnostic("M804", file, span, file, path=path)


def _read_schemas(session: Session, files: Mapping[str, bytes]) -> None:
    for path, content in sorted(files.items()):
        if not path.startswith("schemas/") or not path.endswith((".json", ".toml")):
            continue
        try:
            schema = kept_schema(path, content)
        except SchemaError as error:
            details = ", ".join(f"{name} {value}" for name, value in error.details.items())
            problem = f"{error.message} ({details})" if details else error.message
            span = _schema_place(session, path, str(error.details.get("pointer", "#")))
            session.diagnostics.append(codes.diagnostic("M803", path, span, path, path=path, problem=problem))
            continue
        session.diagnostics += _unheld(session, schema)
        session.schemas[f"{schema.name}@{schema.version}"] = schema


def _schema_place(session: Session, path: str, pointer: str) -> Span:
    source = session.sources.get(path)
    return place(source.text, pointer) if source is not None and path.endswith(".json") else _START


def _unheld(session: Session, schema: Schema) -> list[Diagnostic]:
    """What a schema says beyond what values are held to: one finding for each keyword and meaning."""
    groups: dict[tuple[str, str], list[str]] = {}
    for unheld in schema.unheld:
        groups.setdefault((unheld.keyword, unheld.meaning), []).append(unheld.pointer)
    found = []
    for (keyword, meaning), pointers in groups.items():
        more = f" and {len(pointers) - 1} more" if len(pointers) > 1 else ""
        span = _schema_place(session, schema.path, pointers[0])
        finding = codes.diagnostic(
            "M809",
            schema.path,
            span,
            schema.path,
            path=schema.path,
            keyword=keyword,
            pointer=pointers[0],
            more=more,
            meaning=meaning,
        )
        found.append(finding)
    return found


class _Checker:
    """The order of the work: names first, then what stands behind them."""

    def __init__(
        self, session: Session, files: Mapping[str, bytes], modules: Mapping[str, KeptModule]
    ) -> None:
        self._session = session
        self._modules = modules
        self._files = files
        self._declared: dict[tuple[str, str], Site] = {}
        self._sites = {path: self._schemas_used(path, module) for path, module in session.modules.items()}

    def run(self) -> None:
        """Everything that is declared, in dependency order: types and data first, then functions, tables, maps, and so on."""
        session = self._session
        typedeclarations.declare_types(session, self._sites, self._claims)
        self._lookups_used()
        self._each(syntax.Lookup, "lookup", self._lookup)
        self._each(syntax.Dataset, "dataset", self._dataset)
        self._each(syntax.Table, "table", self._table)
        self._each(syntax.Function, "function", self._function)
        self._each(syntax.Map, "map", self._map)
        self._each(syntax.Rules, "rules", self._rules)
        userfunctions.check_functions(session, lambda checked: self._site(checked, "function"))
        self._bodies()
        self._each(syntax.Playbook, "playbook", self._playbook)
        self._each(syntax.Flow, "flow", self._flow)
        self._each(syntax.Test, "test", self._test)
        unused.check_unused(session, self._kept.alone)

    def _bodies(self) -> None:
        """What stands inside tables, maps and rules, as far as it was not seen before."""
        session, check = self._session, self._kept.check
        for table in session.tables.values():
            site = self._site(table, "table")
            check(table.path, table.node, partial(tables.check_table, session, site, table))
        for checked in session.maps.values():
            check(checked.path, checked.node, partial(self._map_body, checked))
        for checked_rules in session.rules.values():
            site = self._site(checked_rules, "rules")
            check(
                checked_rules.path,
                checked_rules.node,
                partial(rules.check_rules, session, site, checked_rules),
            )

    def _map_body(self, checked: CheckedMap) -> None:
        maps.check_map(self._session, self._site(checked, "map"), checked)
        oddities.check_uneven_handlers(self._session, self._site(checked, "map"), checked)

    @cached_property
    def _kept(self) -> Bodies:
        return Bodies(self._session, self._files, self._modules)

    def _site(self, checked: CheckedMap | CheckedTable | CheckedFunction | CheckedRules, kind: str) -> Site:
        return self._sites[checked.path].at(f"{kind}/{checked.node.name}")

    def _each(self, kind: type[Any], word: str, declare: Callable[[Site, Any], None]) -> None:
        for path, module in self._session.modules.items():
            for node in module.declarations:
                if isinstance(node, kind):
                    site = self._sites[path].at(f"{word}/{node.name}")
                    if self._claims(site, word, node):
                        declare(site, node)

    def _claims(self, site: Site, word: str, node: Any) -> bool:
        first = self._declared.setdefault((word, node.name), site)
        if first is site:
            return True
        span = getattr(node, "name_span", node.span)
        findings.declared_twice(self._session, site, span, word, node.name, first.file)
        return False

    def _lookup(self, site: Site, node: syntax.Lookup) -> None:
        other = self._session.lookups.get(node.name)
        if other is not None:
            findings.declared_twice(self._session, site, node.name_span, "lookup", node.name, other.path)
        self._session.lookups[node.name] = lookups.inline_lookup(self._session, site, node)

    def _dataset(self, site: Site, node: syntax.Dataset) -> None:
        checked = datasets.declare_dataset(self._session, site, node)
        if checked is not None:
            self._session.datasets[node.name] = checked

    def _table(self, site: Site, node: syntax.Table) -> None:
        self._session.tables[node.name] = tables.declare_table(self._session, site, node)

    def _function(self, site: Site, node: syntax.Function) -> None:
        self._session.functions[node.name] = userfunctions.declare_function(self._session, site, node)

    def _map(self, site: Site, node: syntax.Map) -> None:
        checked = maps.declare_map(self._session, site, node)
        if checked is not None:
            self._session.maps[node.name] = checked

    def _rules(self, site: Site, node: syntax.Rules) -> None:
        checked = rules.declare_rules(self._session, site, node)
        if checked is not None:
            self._session.rules[node.name] = checked

    def _playbook(self, site: Site, node: syntax.Playbook) -> None:
        self._session.playbooks[node.name] = playbooks.check_playbook(self._session, site, node)

    def _flow(self, site: Site, node: syntax.Flow) -> None:
        checked = self._kept.check(site.file, node, partial(flows.check_flow, self._session, site, node))
        if checked is not None:
            self._session.flows[node.name] = checked

    def _test(self, site: Site, node: syntax.Test) -> None:
        work = partial(testblocks.check_test, self._session, site, node)
        self._session.tests.append(self._kept.check(site.file, node, work))

    def _schemas_used(self, path: str, module: syntax.Module) -> Site:
        """The schemas that a module uses, by name."""
        used: dict[str, Schema] = {}
        site = Site(path, path, used)
        for use in module.uses:
            if isinstance(use, syntax.UseSchema):
                self._use_schema(site, used, use)
        return site

    def _lookups_used(self) -> None:
        """The lookup files that modules use, into the session."""
        for path, module in self._session.modules.items():
            for use in module.uses:
                if isinstance(use, syntax.UseLookup):
                    self._use_lookup(self._sites[path], use)

    def _use_schema(self, site: Site, used: dict[str, Schema], use: syntax.UseSchema) -> None:
        schema = self._session.schemas.get(f"{use.name}@{use.version}")
        if schema is None:
            wanted = f"schemas/{use.name}@{use.version}"
            broken = [p for p in self._files if schema_name(p) == (use.name, use.version)]
            if not broken:
                self._missing_file(site, use, f"{wanted}.json")
            return
        if use.name in used and used[use.name] is not schema:
            self._two_versions(site, use, used[use.name].version)
        used[use.name] = schema

    def _two_versions(self, site: Site, use: syntax.UseSchema | syntax.UseLookup, first: str) -> None:
        findings.two_versions(self._session, site, use.span, use.name, first, use.version)

    def _missing_file(self, site: Site, use: syntax.UseSchema | syntax.UseLookup, path: str) -> None:
        known = [p for p in self._files if p.rpartition("/")[0] == path.rpartition("/")[0]]
        help_, _ = did_you_mean(site, use.span, path, known)
        diagnostic = _not_there(path, use.span, site.file)
        self._session.diagnostics.append(
            codes_with_help(diagnostic, tuple(help_) or (f"There are {', '.join(sorted(known)[:8])}.",))
        )

    def _use_lookup(self, site: Site, use: syntax.UseLookup) -> None:
        path = f"lookups/{use.name}@{use.version}.csv"
        found = self._session.lookups.get(use.name)
        if found is not None:
            if found.path != path:
                self._two_versions(site, use, found.version)
            return
        if path not in self._files:
            self._missing_file(site, use, path)
            return
        lookup = lookups.csv_lookup(self._session, site, use.span, use, path, self._files[path])
        if lookup is not None:
            self._session.lookups[use.name] = lookup


def codes_with_help(diagnostic: Diagnostic, help: tuple[str, ...]) -> Diagnostic:
    """The same finding with advice."""
    return Diagnostic(
        diagnostic.code,
        diagnostic.severity,
        diagnostic.message,
        diagnostic.file,
        diagnostic.span,
        diagnostic.subject,
        diagnostic.labels,
        help,
        diagnostic.fixes,
    )


def _program(session: Session) -> Program:
    ordered = sorted(session.diagnostics, key=lambda d: (d.file, d.span.start, d.span.end, d.code))
    unique = list({(d.code, d.file, d.span, d.message, d.subject): d for d in ordered}.values())
    return Program(
        session.manifest,
        session.sources,
        session.modules,
        session.schemas,
        session.maps,
        session.lookups,
        session.tables,
        session.rules,
        session.flows,
        tuple(session.tests),
        session.types,
        session.names,
        session.failures,
        tuple(unique),
        functions=session.functions,
        copies=session.copies,
        datasets=session.datasets,
        declared_types=session.declared_types,
        expectations=session.expectations,
        playbooks=session.playbooks,
    )
