"""Lookups, inline and from CSV files: types of their columns, rows of plain values, keys that occur once."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from dsl import program, syntax, types
from dsl.checking import constants
from dsl.checking.expressions import Expressions
from dsl.checking.session import BROKEN, Session, Site
from dsl.checking.typerefs import find_type, resolve_type
from dsl.checking.validity import Answered, Clash
from dsl.errors import FunctionFailure
from dsl.program import LookupSpec
from dsl.source import Span

Columns = tuple[tuple[str, types.Type], ...]
Row = tuple[Any, ...]
_MOST_REPORTED = 20
_LONGEST = 1_000_000


def inline_lookup(session: Session, site: Site, node: syntax.Lookup) -> program.CheckedLookup:
    """An inline lookup; wrong rows are reported and left out."""
    keys = tuple((c.name, resolve_type(session, site, c.type)) for c in node.keys)
    results = tuple((c.name, resolve_type(session, site, c.type)) for c in node.results)
    checked = program.CheckedLookup(node.name, "", site.file, keys, results, (), two_way=node.two_way)
    names = [name for name, _ in (*keys, *results)]
    start, end = (_date_column(names, (*keys, *results), name) for name in ("valid_from", "valid_to"))
    checked = replace(checked, valid_from=start, valid_to=end)
    seen, back = _answered(checked)
    rows: list[Row] = []
    for number, row in enumerate(node.rows, 1):
        if isinstance(row, syntax.LookupRow):
            check = Expressions(session, site.at(f"lookup/{node.name}/{number}"))
            values = _inline_row(check, row, keys, results)
            _key_twice(check, row, seen.add(row, values))
            if node.two_way:
                _result_twice(check, row, back.add(row, values))
            rows.append(values)
    return replace(checked, rows=tuple(rows))


def _date_column(names: list[str], columns: Columns, name: str) -> int | None:
    """A column `valid_from` or `valid_to` that holds days says when its row is valid."""
    if name not in names or types.present(columns[names.index(name)][1]) not in (types.DATE, types.DATETIME):
        return None
    return names.index(name)


def _answered(lookup: program.CheckedLookup) -> tuple[Answered[Any], Answered[Any]]:
    """What judges the keys of rows, and their results read backwards."""
    dates = (lookup.valid_from, lookup.valid_to)
    return Answered(range(len(lookup.keys)), *dates), Answered(
        [index for index, _, _ in lookup.answers], *dates
    )


def _inline_row(check: Expressions, row: syntax.LookupRow, keys: Columns, results: Columns) -> Row:
    given, columns = (*row.keys, *row.results), (*keys, *results)
    if len(row.keys) != len(keys) or len(row.results) != len(results):
        return tuple([None] * len(columns))  # the parser has said that the row does not fill its columns
    values = [
        constants.check_constant(check, node, name, of)
        for node, (name, of) in zip(given, columns, strict=False)
    ]
    return tuple(values[: len(keys) + len(results)])


def _key_twice(check: Expressions, row: syntax.LookupRow, clash: Clash[syntax.LookupRow] | None) -> None:
    if clash is not None:
        check.report(
            "M603", row.span, key=clash.key, when=clash.when, labels=[(clash.place.span, "the other row")]
        )


def _result_twice(check: Expressions, row: syntax.LookupRow, clash: Clash[syntax.LookupRow] | None) -> None:
    if clash is not None:
        result_twice(check.session, check.site, row.span, clash, [(clash.place.span, "the other row")])


def result_twice(
    session: Session,
    site: Site,
    span: Span,
    clash: Clash[Any],
    labels: Sequence[tuple[Span, str]] = (),
    where: str = "",
) -> None:
    """A result that two rows of a two-way lookup give."""
    session.report("M610", site, span, value=clash.key, when=clash.when, where=where, labels=labels)


def csv_lookup(
    session: Session, site: Site, span: Span, use: syntax.UseLookup, path: str, content: bytes
) -> program.CheckedLookup | None:
    """A lookup from its CSV file, read by what ruleset.toml says of its columns."""
    return _CsvLookup(session, site.at(f"lookup/{use.name}"), span, path).read(use, content)


class _CsvLookup:
    """One file being read."""

    def __init__(self, session: Session, site: Site, span: Span, path: str) -> None:
        self._session = session
        self._site = site
        self._span = span
        self._path = path
        self._reported = 0

    def read(self, use: syntax.UseLookup, content: bytes) -> program.CheckedLookup | None:
        lines = self._lines(content)
        if not lines:
            return None
        head, body = lines[0], lines[1:]
        spec = self._session.manifest.lookups.get(use.name) or LookupSpec(use.name, (head[0],))
        special = [name for name in (spec.valid_from, spec.valid_to) if name]
        lacking = [name for name in (*spec.keys, *spec.columns, *special) if name not in head]
        if lacking or len(set(head)) != len(head):
            return self._fail(f"it has no column {lacking[0]}" if lacking else "two columns have one name")
        results = [name for name in head if name not in spec.keys]
        order = [*spec.keys, *results]
        columns = [(name, self._type(spec, name, _column(body, head, name))) for name in order]
        width = len(spec.keys)
        checked = program.CheckedLookup(
            use.name,
            use.version,
            self._path,
            tuple(columns[:width]),
            tuple(columns[width:]),
            (),
            order.index(spec.valid_from) if spec.valid_from else None,
            order.index(spec.valid_to) if spec.valid_to else None,
            spec.two_way,
        )
        return replace(checked, rows=tuple(self._rows(body, head, columns, checked)))

    def _lines(self, content: bytes) -> list[list[str]]:
        try:
            text = content.decode("utf-8-sig")
            lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except UnicodeDecodeError:
            self._fail("it is not UTF-8 text")
            return []
        except csv.Error as error:
            self._fail(f"it is no CSV: {error}")
            return []
        if not lines or not lines[0] or len(lines) > _LONGEST:
            self._fail(
                "its first line has to name the columns" if len(lines) <= _LONGEST else "it has too many rows"
            )
            return []
        return [[name.strip() for name in lines[0]], *lines[1:]]

    def _fail(self, problem: str) -> program.CheckedLookup | None:
        self._session.report("M607", self._site, self._span, path=self._path, problem=problem)
        return None

    def _wrong(self, line: int, problem: str) -> None:
        self._reported += 1
        if self._reported <= _MOST_REPORTED:
            subject = f"{self._site.subject}/{line - 1}"
            self._session.report(
                "M608", self._site, self._span, subject=subject, path=self._path, line=line, problem=problem
            )

    def _type(self, spec: LookupSpec, name: str, values: list[str]) -> types.Type:
        """The declared type of a column; text if none is, missing where a cell is empty."""
        declared = spec.columns.get(name, "")
        if not declared:
            date_column = name in (spec.valid_from, spec.valid_to)
            of: types.Type = types.DATE if date_column else types.TEXT
            return types.maybe(of) if "" in values and name not in spec.keys else of
        found = find_type(self._session, declared.removesuffix("?"), self._session.schemas.values())
        if found is None:
            self._fail(f"ruleset.toml calls {name} a {declared}, which is no type")
            return BROKEN
        return types.maybe(found) if declared.endswith("?") else found

    def _rows(
        self,
        body: list[list[str]],
        head: list[str],
        columns: list[tuple[str, types.Type]],
        lookup: program.CheckedLookup,
    ) -> Iterator[Row]:
        seen, back = _answered(lookup)
        for number, cells in enumerate(body, 2):
            if not any(cells):
                continue
            if len(cells) != len(head):
                self._wrong(number, f"it has {len(cells)} cells, the first line has {len(head)}")
                continue
            row = self._row(number, dict(zip(head, cells, strict=True)), columns)
            if row is None:
                continue
            clash = seen.add(number, row)
            if clash is not None:
                self._wrong(number, f"the key {clash.key} stands in line {clash.place} too{clash.when}")
            backwards = back.add(number, row) if lookup.two_way else None
            if backwards is not None:
                where = f" (lines {backwards.place} and {number} of {self._path})"
                site = self._site.at(f"{self._site.subject}/{number - 1}")
                result_twice(self._session, site, self._span, backwards, where=where)
            yield row

    def _row(self, number: int, cells: dict[str, str], columns: list[tuple[str, types.Type]]) -> Row | None:
        values: list[Any] = []
        for name, of in columns:
            try:
                values.append(None if of is BROKEN else constants.read_cell(cells[name].strip(), of))
            except FunctionFailure as failure:
                self._wrong(number, f"{name}: {failure.message}")
                return None
        return tuple(values)


def _column(body: list[list[str]], head: list[str], name: str) -> list[str]:
    index = head.index(name)
    return [cells[index].strip() for cells in body if len(cells) == len(head) and any(cells)]
