"""One decision table of a DMN file as a table of the language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dsl.errors import ExchangeError
from dsl.exchange.content import (
    POLICIES,
    WORD,
    ColumnContent,
    Notes,
    RowContent,
    TableContent,
    comment_text,
    slug,
    unique_names,
)
from dsl.exchange.dmn_file import DmnFile, refuse_language
from dsl.exchange.dmn_writing import condition_entry, value_entry
from dsl.exchange.feel_reading import FeelReader
from dsl.literals import quote

_AGGREGATIONS = ("SUM", "COUNT", "MIN", "MAX")
_MOST_RULES = 20_000


@dataclass(slots=True)
class _Column:
    """A column being read: the entries say its type where the file does not."""

    name: str
    feel: str
    place: str
    type: str = ""
    optional: bool = False
    kinds: set[str] = field(default_factory=set)

    def content(self) -> ColumnContent:
        """The column, its type settled."""
        type = self.type or _settled(self.kinds)
        return ColumnContent(self.name, type + ("?" if self.optional and not type.endswith("?") else ""))


def _settled(kinds: set[str]) -> str:
    known = kinds - {"missing", "name"}
    if known == {"integer", "decimal"}:
        return "decimal"
    return known.pop() if len(known) == 1 else "text"


@dataclass(slots=True)
class TableReading:
    """One decision table being read."""

    file: DmnFile
    decision: Any
    table: Any
    name: str
    inputs: list[_Column] = field(default_factory=list)
    outputs: list[_Column] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def read(self) -> TableContent:
        """The table; ExchangeError for what concerns it as a whole, entries are faults of the file."""
        refuse_language(self.table, "the table")
        policy, aggregation = self._policy()
        self.inputs = [self._input(node, n) for n, node in enumerate(self.file.all(self.table, "input"), 1)]
        nodes = self.file.all(self.table, "output")
        self.outputs = [self._output(node, n, len(nodes)) for n, node in enumerate(nodes, 1)]
        if not self.inputs or not self.outputs:
            raise ExchangeError("a table needs at least one input and one output")
        self._name_columns()
        rows = tuple(self._rows())
        otherwise = self._default(nodes)
        notes = {node.get("place"): node for node in self.file.own(self.table, "notes")}
        head, columns, default, end = (
            _notes(notes.get(place)) for place in ("head", "columns", "default", "end")
        )
        above = tuple(
            comment_text(line) for line in (self.file.text(self.decision, "description") or "").split("\n")
        )
        if self.file.text(self.decision, "description") is not None:
            head = Notes(above, head.end)
        if notes.get("columns") is None and self.labels:
            columns = Notes(tuple(self.labels), columns.end)
        uses = tuple(
            (node.get("schema", ""), node.get("version", "")) for node in self.file.own(self.table, "use")
        )
        return TableContent(
            slug(self.name, "decision"),
            policy,
            aggregation,
            tuple(c.content() for c in self.inputs),
            tuple(c.content() for c in self.outputs),
            rows,
            otherwise,
            uses,
            head,
            columns,
            default,
            end,
        )

    def _policy(self) -> tuple[str, str]:
        policy = self.table.get("hitPolicy", "UNIQUE").lower().replace(" ", "_")
        aggregation = self.table.get("aggregation", "")
        if policy not in POLICIES:
            raise ExchangeError(f"the hit policy {self.table.get('hitPolicy')} is not known")
        if aggregation and (aggregation not in _AGGREGATIONS or policy != "collect"):
            raise ExchangeError(f"the aggregation {aggregation} with policy {policy} is not known")
        return policy, aggregation.lower() or "list"

    # ------------------------------------------------------------ columns

    def _input(self, node: Any, number: int) -> _Column:
        place = f"input {node.get('label') or number}"
        expression = node.find("{*}inputExpression")
        if expression is None:
            raise ExchangeError(f"{place} has no expression")
        refuse_language(expression, place)
        feel = " ".join((self.file.text(expression, "text") or "").split())
        if not feel or not all(part.isidentifier() for part in feel.replace(".", " ").split()):
            raise ExchangeError(f"{place}: the expression `{feel[:80]}` is not read, only a name")
        own = self.file.own(node, "column")
        if own:
            return _Column(own[0].get("name", ""), feel, place, own[0].get("type", ""))
        reference = expression.get("typeRef") or self.file.data_type(feel)
        column = _Column(slug(feel, "input"), feel, place)
        self._typed(column, reference, self.file.text(node, "inputValues", "text") or "")
        return self._labelled(column, node.get("label") or feel)

    def _output(self, node: Any, number: int, count: int) -> _Column:
        label = node.get("name") or node.get("label") or (self._variable() if count == 1 else "")
        place = f"output {label or number}"
        own = self.file.own(node, "column")
        if own:
            return _Column(own[0].get("name", ""), label, place, own[0].get("type", ""))
        column = _Column(slug(label, f"output_{number}" if not label else "output"), label, place)
        reference = node.get("typeRef") or (self.file.data_type(self.name) if count == 1 else "")
        self._typed(column, reference, self.file.text(node, "outputValues", "text") or "")
        return self._labelled(column, node.get("label") or label)

    def _variable(self) -> str:
        variable = self.decision.find("{*}variable")
        return (variable.get("name") if variable is not None else "") or self.name

    def _typed(self, column: _Column, reference: str, allowed: str) -> None:
        column.type, of_type = self.file.named_type(reference, column.place)
        values = allowed or of_type
        if values and column.type in ("text", ""):
            reader = FeelReader(values, "enum")
            try:
                names = reader.values()
            except ExchangeError as error:
                raise ExchangeError(f"{column.place}: its allowed values: {error.message}") from None
            if reader.kinds == {"text"}:
                column.type = "enum{" + ", ".join(dict.fromkeys(names)) + "}"
        elif values:
            self.file.warn(
                f"decision {self.name}, {column.place}: the allowed values {values[:80]} are left out"
            )

    def _labelled(self, column: _Column, label: str) -> _Column:
        if label and slug(label, "") != column.name:
            self.labels.append(comment_text(f"{column.name}: {label}"))
        return column

    def _name_columns(self) -> None:
        columns = [*self.inputs, *self.outputs]
        for column, name in zip(columns, unique_names([c.name for c in columns]), strict=True):
            column.name = name

    # ------------------------------------------------------------ rules

    def _rows(self) -> Iterator[RowContent]:
        rules = self.file.all(self.table, "rule")
        if len(rules) > _MOST_RULES:
            raise ExchangeError(f"the table has more than {_MOST_RULES} rules")
        heads = [node.get("name") or "" for node in self.file.all(self.table, "annotation")]
        taken: list[str] = []
        for number, rule in enumerate(rules, 1):
            taken.append(self._id(rule, number, taken))
            place = f"decision {self.name}, rule {taken[-1]}"
            inputs, outputs = self.file.all(rule, "inputEntry"), self.file.all(rule, "outputEntry")
            if len(inputs) != len(self.inputs) or len(outputs) != len(self.outputs):
                wanted = f"{len(self.inputs)} + {len(self.outputs)} columns"
                self.file.fault(f"{place}: it has {len(inputs)} + {len(outputs)} entries, the table {wanted}")
                continue
            yield RowContent(
                taken[-1],
                tuple(
                    self._entry(entry, column, place, True)
                    for entry, column in zip(inputs, self.inputs, strict=True)
                ),
                tuple(
                    self._entry(entry, column, place, False)
                    for entry, column in zip(outputs, self.outputs, strict=True)
                ),
                Notes(self._description(rule), self._annotation(rule, heads)),
            )

    def _id(self, rule: Any, number: int, taken: Sequence[str]) -> str:
        own = self.file.own(rule, "row")
        given = own[0].get("id", "") if own else rule.get("id", "")
        if given and (WORD.fullmatch(given) or given.isdecimal()):
            return str(given)
        made = "".join(char if char.isascii() and char.isalnum() else "_" for char in given)
        made = made if WORD.fullmatch(made) else f"r{number}" if not given else f"r_{made}"
        if given:
            self.file.warn(f"decision {self.name}: rule {given} is called {made}")
        return unique_names([*taken, made])[-1]

    def _description(self, rule: Any) -> tuple[str, ...]:
        text = self.file.text(rule, "description")
        return () if text is None else tuple(comment_text(line) for line in text.split("\n"))

    def _annotation(self, rule: Any, heads: Sequence[str]) -> str:
        texts = [self.file.text(node, "text") or "" for node in self.file.all(rule, "annotationEntry")]
        if len(texts) == 1:
            return comment_text(texts[0])
        named = zip([*heads, *("" for _ in texts)], texts, strict=False)
        return comment_text(
            "; ".join(f"{head}: {text}" if head else text for head, text in named if text.strip())
        )

    def _entry(self, entry: Any, column: _Column, place: str, condition: bool) -> str:
        try:
            refuse_language(entry, "the entry")
            return self._condition(entry, column) if condition else self._value(entry, column)
        except ExchangeError as error:
            self.file.fault(f"{place}, {column.place}: {error.message}")
            return "-"

    def _condition(self, entry: Any, column: _Column) -> str:
        text = self.file.text(entry, "text") or ""
        for own in self.file.own(entry, "cell"):
            if _same(lambda cell: condition_entry(cell, column.type), own.text or "", text):
                return own.text or ""
        reader = FeelReader(text, column.type)
        cell = reader.condition()
        self._seen(column, reader.kinds)
        return cell

    def _value(self, entry: Any, column: _Column) -> str:
        text = self.file.text(entry, "text") or ""
        names = {
            other.feel: other.name if other.name.isidentifier() else quote(other.name)
            for other in self.inputs
        }
        for own in self.file.own(entry, "cell"):
            if _same(
                lambda cell: value_entry(cell, {c.name: c.feel for c in self.inputs}), own.text or "", text
            ):
                return own.text or ""
        texts = frozenset(c.feel for c in self.inputs if c.type.rstrip("?") == "text")
        reader = FeelReader(text, column.type, names, texts)
        cell = reader.value()
        self._seen(column, reader.kinds)
        return cell

    def _seen(self, column: _Column, kinds: set[str]) -> None:
        column.kinds |= kinds
        column.optional = column.optional or "missing" in kinds

    def _default(self, nodes: Sequence[Any]) -> tuple[str, ...] | None:
        entries = [node.find("{*}defaultOutputEntry") for node in nodes]
        if all(entry is None for entry in entries):
            return None
        cells = []
        for entry, column in zip(entries, self.outputs, strict=True):
            place = f"decision {self.name}, default"
            if entry is None:
                column.optional = True
            cells.append("missing" if entry is None else self._entry(entry, column, place, False))
        return tuple(cells)


def _same(write: Any, cell: str, feel: str) -> bool:
    """Whether nobody changed the FEEL since we wrote it beside our own text."""
    try:
        return bool(write(cell) == feel)
    except ExchangeError:
        return False


def _notes(node: Any) -> Notes:
    if node is None:
        return Notes()
    return Notes(tuple(comment_text(child.text or "") for child in node), comment_text(node.get("end", "")))
