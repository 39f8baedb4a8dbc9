"""Rows of a sheet as a table or lookup: those we wrote, exactly; those of people, with what they leave out inferred."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dsl import syntax
from dsl.errors import ExchangeError
from dsl.exchange.cells import inferred_type, input_cell, output_cell
from dsl.exchange.content import (
    AGGREGATIONS,
    POLICIES,
    WORD,
    ColumnContent,
    Content,
    LookupContent,
    Notes,
    RowContent,
    TableContent,
    comment_text,
    slug,
    unique_names,
)
from dsl.exchange.sheet_writing import ARROW, COMMENT
from dsl.exchange.sheets import Sheet, place
from dsl.lines import read_line
from dsl.tree import parse_tree

_PREAMBLE = ("table", "lookup", "policy", "two_way", "use schema", "columns")
_SPECIAL = ("#", "otherwise", "end")
_MOST_FAULTS = 30


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person who imports says of a sheet that says less than ours."""

    kind: str = ""
    name: str = ""
    policy: str = ""
    outputs: tuple[str, ...] = ()


@dataclass(slots=True)
class _Head:
    """One cell of the line of columns: where it stands, what it names, its type where it says one."""

    index: int
    name: str
    type: str
    label: str
    is_output: bool = False


@dataclass(slots=True)
class SheetReader:
    """One sheet being read; `warnings` are for the analyst."""

    sheet: Sheet
    wish: Wish
    warnings: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    said: dict[str, list[str]] = field(default_factory=dict)
    uses: list[tuple[str, str]] = field(default_factory=list)
    above: dict[str, tuple[str, ...]] = field(default_factory=dict)
    heads: list[_Head] = field(default_factory=list)
    comment: int | None = None
    row_column: int | None = None
    body: int = 0

    def read(self) -> Content:
        """The table or lookup; ExchangeError with every cell that can't be one."""
        self.warnings += self.sheet.warnings
        ours = self._preamble()
        self._heads(ours)
        kind = "lookup" if "lookup" in self.said else self.wish.kind or "table"
        rows, otherwise, notes = self._rows(kind)
        if self.faults:
            raise ExchangeError("cells of the sheet can't be read", self.faults[:_MOST_FAULTS])
        return self._lookup(rows, notes) if kind == "lookup" else self._table(rows, otherwise, notes)

    # ------------------------------------------------------------ the head

    def _preamble(self) -> bool:
        pending: list[str] = []
        for number, row in enumerate(self.sheet.rows):
            first = row[0].strip() if row else ""
            if first == "#":
                pending.append(comment_text(_at(row, 1)))
            elif first == "use schema":
                self.uses.append((_at(row, 1), _at(row, 2)))
            elif first in _PREAMBLE:
                self.said[first] = [_at(row, 1), _at(row, 2)]
                self.above[first], pending = tuple(pending), []
            elif any(cell.strip() for cell in row):
                self.above["heads"], self.body = tuple(pending), number + 1
                return "table" in self.said or "lookup" in self.said
        raise ExchangeError("the sheet has no line of columns")

    def _heads(self, ours: bool) -> None:
        row = [cell.strip() for cell in self.sheet.rows[self.body - 1]]
        arrow = next(
            (i + cell.endswith(ARROW) for i, cell in enumerate(row) if ARROW in (cell[:2], cell[-2:])), None
        )
        for index, cell in enumerate(row):
            text = cell.removeprefix(ARROW).removesuffix(ARROW).strip()
            if index == 0 and text.lower() in ("row", "id", "#"):
                self.row_column = index
            elif text.lower() == COMMENT and index > 0:
                self.comment = index
            elif text:
                name, type = _column(text, ours and "lookup" in self.said)
                self.heads.append(_Head(index, name, type, text, arrow is not None and index >= arrow))
            elif any(_at(line, index).strip() for line in self.sheet.rows[self.body :]):
                self.faults.append(f"{place(self.body, index + 1)}: the column has no name")
        self._outputs(arrow is not None)
        if not ours:
            names = unique_names([head.name for head in self.heads])
            for head, name in zip(self.heads, names, strict=True):
                head.name = name

    def _outputs(self, marked: bool) -> None:
        wanted = {slug(name, "column") for name in self.wish.outputs} | set(self.wish.outputs)
        for head in self.heads:
            head.is_output = head.is_output or head.name in wanted or head.label in wanted
        if not marked and not wanted and len(self.heads) > 1:
            self.heads[-1].is_output = True
            self.warnings.append(f"the last column, {self.heads[-1].label}, is taken as the only output")
        outputs = [head for head in self.heads if head.is_output]
        if not outputs or len(outputs) == len(self.heads):
            raise ExchangeError(
                "the sheet needs at least one input and one output: end the last input's name with =>"
            )

    # ------------------------------------------------------------ the rows

    def _rows(self, kind: str) -> tuple[list[RowContent], tuple[str, ...] | None, dict[str, Notes]]:
        lines = self._lines()
        self._types([line for _, line in lines if line and line[0].strip() not in _SPECIAL])
        rows: list[RowContent] = []
        otherwise: tuple[str, ...] | None = None
        notes: dict[str, Notes] = {}
        pending: list[str] = []
        for number, line in lines:
            first = line[0].strip()
            noted = Notes(tuple(pending), comment_text(_at(line, self.comment)) if self.comment else "")
            if first == "#" and not self._filled(line[2:]):
                pending.append(comment_text(_at(line, 1)))
                continue
            if first == "end" and not self._filled(line[2:]):
                notes["end"] = Notes(tuple(pending), comment_text(_at(line, 1)))
            elif first == "otherwise" and kind == "table" and not self._filled(self._side(line, False)):
                notes["otherwise"] = noted
                otherwise = self._values(number, line)
            else:
                conditions, values = self._conditions(number, line, kind), self._values(number, line)
                rows.append(RowContent(self._id(line, rows), conditions, values, noted))
            pending = []
        return rows, otherwise, notes

    def _lines(self) -> list[tuple[int, Sequence[str]]]:
        """The lines below the columns that hold something, with their numbers."""
        lines = enumerate(self.sheet.rows[self.body :], self.body + 1)
        return [(number, line) for number, line in lines if self._filled(line)]

    def _filled(self, cells: Sequence[str]) -> bool:
        return any(cell.strip() for cell in cells)

    def _side(self, line: Sequence[str], output: bool) -> list[str]:
        return [_at(line, head.index) for head in self.heads if head.is_output == output]

    def _types(self, lines: Sequence[Sequence[str]]) -> None:
        for head in self.heads:
            if not head.type:
                cells = [_at(line, head.index) for line in lines]
                head.type = inferred_type(cells, head.is_output)
                self.warnings.append(
                    f"{head.label} is read as {head.type}: say `{head.name}: type` in its head to change it"
                )

    def _id(self, line: Sequence[str], rows: Sequence[RowContent]) -> str:
        given = _at(line, self.row_column).strip() if self.row_column is not None else ""
        if given and (WORD.fullmatch(given) or given.isdecimal() and given.isascii()):
            return given
        taken = {row.id for row in rows}
        made = unique_names([*taken, slug(given, "r") if given else f"r{len(rows) + 1}"])[-1]
        if given:
            self.warnings.append(f"row {given} is called {made}: an id is a word or a number")
        return made

    def _conditions(self, number: int, line: Sequence[str], kind: str) -> tuple[str, ...]:
        return tuple(
            self._cell(number, line, head, is_output=kind == "lookup")
            for head in self.heads
            if not head.is_output
        )

    def _values(self, number: int, line: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._cell(number, line, head, is_output=True) for head in self.heads if head.is_output)

    def _cell(self, number: int, line: Sequence[str], head: _Head, is_output: bool) -> str:
        text = _at(line, head.index)
        inputs = [other.name for other in self.heads if not other.is_output]
        cell = output_cell(text, head.type, inputs) if is_output else input_cell(text, head.type)
        where = place(number, head.index + 1)
        if cell is None:
            wanted = "value" if is_output else "condition"
            self.faults.append(f"{where}: `{text.strip()[:60]}` is no {wanted} of type {head.type}")
            return "-"
        if cell.warning:
            self.warnings.append(f"{where}: {cell.warning}")
        if cell.missing and not head.type.endswith("?"):
            head.type += "?"
            self.warnings.append(f"{where}: {head.label} may be missing, so it is read as {head.type}")
        return cell.text

    # ------------------------------------------------------------ what comes of it

    def _columns(self, output: bool) -> tuple[ColumnContent, ...]:
        return tuple(ColumnContent(head.name, head.type) for head in self.heads if head.is_output == output)

    def _name(self, kind: str) -> str:
        return self.wish.name or self.said.get(kind, [""])[0] or "imported"

    def _notes(self, key: str) -> Notes:
        return Notes(self.above.get(key, ()), comment_text(self.said.get(key, ["", ""])[1]))

    def _table(
        self, rows: list[RowContent], otherwise: tuple[str, ...] | None, notes: Mapping[str, Notes]
    ) -> TableContent:
        policy, aggregation = self.said.get("policy", [self.wish.policy or "unique", ""])
        policy, aggregation = policy or "unique", aggregation or "list"
        if policy not in POLICIES or aggregation not in AGGREGATIONS:
            raise ExchangeError(
                f"policy {policy} {aggregation} is not known; known are {', '.join(POLICIES)}"
            )
        heads = Notes(
            self.above.get("columns", ()) + self.above["heads"],
            comment_text(self.said.get("columns", [""])[0]),
        )
        return TableContent(
            self._name("table"),
            policy,
            aggregation,
            self._columns(False),
            self._columns(True),
            tuple(rows),
            otherwise,
            tuple(self.uses),
            self._notes("table"),
            heads,
            notes.get("otherwise", Notes()),
            notes.get("end", Notes()),
        )

    def _lookup(self, rows: list[RowContent], notes: Mapping[str, Notes]) -> LookupContent:
        return LookupContent(
            self._name("lookup"),
            self._columns(False),
            self._columns(True),
            tuple(replace(row, id="") for row in rows),
            self.said.get("two_way", [""])[0].lower() == "true",
            tuple(self.uses),
            self._notes("lookup"),
            notes.get("end", Notes()),
        )


def read_sheet(sheet: Sheet, wish: Wish) -> tuple[Content, tuple[str, ...]]:
    """The table or lookup of a sheet, and warnings."""
    reader = SheetReader(sheet, wish)
    content = reader.read()
    return content, tuple(dict.fromkeys(reader.warnings))


def _at(row: Sequence[str], index: int | None) -> str:
    return row[index] if index is not None and index < len(row) else ""


def _column(text: str, may_be_type: bool) -> tuple[str, str]:
    """Name and type of a cell of the line of columns; the type is empty where it says none."""
    lines = parse_tree(f"| row | {text} => x: text |").lines
    node = read_line(lines[0].tokens, "table_head_line").node if len(lines) == 1 else None
    inputs: tuple[syntax.Column, ...] = getattr(node, "inputs", ())
    if len(inputs) == 1:
        shift = len("| row | ")
        span = inputs[0].type.span
        return inputs[0].name, text[span.start - shift : span.end - shift]
    return ("", text) if may_be_type else (slug(text, "column"), "")
