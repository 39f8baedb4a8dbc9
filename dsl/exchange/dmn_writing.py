"""A decision table as a DMN file (1.4): FEEL that other tools run, and beside it our own text where FEEL says less.

What FEEL can't say the same way is refused. Types, notes and cells with another spelling stand in
extension elements of our own namespace, so that coming back gives the same table.
"""

import re
from collections.abc import Mapping
from typing import Any

from dsl.errors import ExchangeError
from dsl.exchange.cells import parse_condition, parse_value
from dsl.exchange.content import WORD, ColumnContent, Notes, RowContent, TableContent
from dsl.exchange.feel_reading import FeelReader
from dsl.exchange.feel_writing import condition_feel, string, value_feel

MODEL = "https://www.omg.org/spec/DMN/20211108/MODEL/"
OURS = "urn:mapwright:dmn:1"
_FEEL_NAME = re.compile(r"[A-Za-z_]\w*(?: \w+)*", re.ASCII)
_TYPES = {
    "text": "string", "integer": "number", "decimal": "number", "percent": "number", "boolean": "boolean",
    "date": "date", "time": "time", "datetime": "date and time", "duration": "days and time duration",
}  # fmt: skip
_FIRST_DECIDES = ("priority", "output_order")
Values = Mapping[str, tuple[str, ...]]


def to_dmn(table: TableContent, enumerations: Values | None = None) -> bytes:
    """The table as a DMN file; `enumerations` are the values of the named types of its columns."""
    return _DmnWriter(table, enumerations or {}).write()


def condition_entry(cell: str, type: str) -> str:
    """The FEEL of a condition; ExchangeError where there is none."""
    node = parse_condition(cell)
    if node is None:
        raise ExchangeError(f"`{cell}` can't be read")
    return condition_feel(node, type.endswith("?"))


def value_entry(cell: str, inputs: Mapping[str, str]) -> str:
    """The FEEL of a value; `inputs` are columns and what FEEL calls them."""
    node = parse_value(cell)
    if node is None:
        raise ExchangeError(f"`{cell}` can't be read")
    return value_feel(node, inputs)


def enumeration(type: str, named: Values) -> tuple[str, ...]:
    """The values of an enumeration as a column's type writes it, () where it is none."""
    plain = type.rstrip("?")
    if plain.startswith(("enum{", "enum {")):
        inner = parse_value(f"[{plain[plain.index('{') + 1 : -1]}]")
        items: Any = getattr(inner, "items", ())
        return tuple(str(getattr(item, "name", None) or getattr(item, "value", "")) for item in items)
    return named.get(plain, ())


class _DmnWriter:
    """One table being written; faults are collected, so that all of them are told at once."""

    def __init__(self, table: TableContent, enumerations: Values) -> None:
        from lxml import etree

        self._xml = etree
        self._table = table
        self._values = enumerations
        self._inputs = {column.name: _feel_name(column, n) for n, column in enumerate(table.inputs, 1)}
        self._faults: list[str] = []

    def write(self) -> bytes:
        table = self._table
        root = self._xml.Element(f"{{{MODEL}}}definitions", nsmap={None: MODEL, "mw": OURS})
        for name, value in (("id", f"definitions.{table.name}"), ("name", table.name), ("namespace", OURS)):
            root.set(name, value)
        try:
            for number, column in enumerate(table.inputs, 1):
                data = self._add(root, "inputData", id=f"data.{number}", name=self._inputs[column.name])
                self._add(
                    data, "variable", id=f"variable.{number}", name=data.get("name"), typeRef=_type(column)
                )
            self._decision(root)
        except ValueError as error:  # a character that XML can't hold
            raise ExchangeError(f"a text of table {table.name} can't stand in XML: {error}") from None
        if self._faults:
            raise ExchangeError(f"table {table.name} can't be written as DMN", self._faults[:30])
        made: bytes = self._xml.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
        return made

    def _decision(self, root: Any) -> None:
        table = self._table
        decision = self._add(root, "decision", id=f"decision.{table.name}", name=table.name)
        if table.head.above:
            self._add(decision, "description").text = "\n".join(table.head.above)
        self._add(decision, "variable", id="variable.decision", name=table.name)
        for number in range(1, len(table.inputs) + 1):
            needed = self._add(decision, "informationRequirement", id=f"requirement.{number}")
            self._add(needed, "requiredInput", href=f"#data.{number}")
        node = self._add(decision, "decisionTable", id=f"table.{table.name}")
        node.set("hitPolicy", table.policy.upper().replace("_", " "))
        if table.policy == "collect" and table.aggregation != "list":
            node.set("aggregation", table.aggregation.upper())
        self._table_notes(node)
        for number, column in enumerate(table.inputs, 1):
            self._input(node, number, column)
        for number, column in enumerate(table.outputs, 1):
            self._output(node, number, column)
        self._add(node, "annotation", name="comment")
        for number, row in enumerate(table.rows, 1):
            self._rule(node, number, row)

    def _table_notes(self, node: Any) -> None:
        table = self._table
        noted = {
            "head": Notes((), table.head.end),
            "columns": table.columns,
            "default": table.default,
            "end": table.end,
        }
        if not table.uses and all(notes == Notes() for notes in noted.values()):
            return
        extension = self._add(node, "extensionElements")
        for name, version in table.uses:
            self._own(extension, "use", schema=name, version=version)
        for place, notes in noted.items():
            if notes != Notes():
                one = self._own(extension, "notes", place=place, end=notes.end)
                for comment in notes.above:
                    self._own(one, "above").text = comment

    def _input(self, node: Any, number: int, column: ColumnContent) -> None:
        made = self._add(node, "input", id=f"input.{number}", label=column.name)
        self._own(self._add(made, "extensionElements"), "column", name=column.name, type=column.type)
        expression = self._add(made, "inputExpression", id=f"expression.{number}", typeRef=_type(column))
        self._text(expression, self._inputs[column.name])
        self._allowed(made, "inputValues", column)

    def _output(self, node: Any, number: int, column: ColumnContent) -> None:
        made = self._add(
            node, "output", id=f"output.{number}", name=_feel_name(column, number), label=column.name
        )
        made.set("typeRef", _type(column))
        self._own(self._add(made, "extensionElements"), "column", name=column.name, type=column.type)
        known = self._allowed(made, "outputValues", column)
        if number == 1 and not known and self._table.policy in _FIRST_DECIDES:
            self._faults.append(
                f"output {column.name}: the values of {column.type}, whose order decides, are not known"
            )
        if self._table.otherwise is not None:
            cell = self._table.otherwise[number - 1]
            entry = self._add(made, "defaultOutputEntry", id=f"default.{number}")
            self._value(entry, cell, column, f"otherwise, output {column.name}")

    def _allowed(self, node: Any, tag: str, column: ColumnContent) -> bool:
        values = enumeration(column.type, self._values)
        if values:
            self._text(self._add(node, tag), ",".join(map(string, values)))
        return bool(values)

    def _rule(self, node: Any, number: int, row: RowContent) -> None:
        plain = WORD.fullmatch(row.id) is not None
        rule = self._add(node, "rule", id=row.id if plain else f"rule.{number}")
        if row.notes.above:
            self._add(rule, "description").text = "\n".join(row.notes.above)
        if not plain:
            self._own(self._add(rule, "extensionElements"), "row", id=row.id)
        for cell, column in zip(row.inputs, self._table.inputs, strict=True):
            self._condition(self._add(rule, "inputEntry"), cell, column, f"row {row.id}, input {column.name}")
        for cell, column in zip(row.outputs, self._table.outputs, strict=True):
            self._value(self._add(rule, "outputEntry"), cell, column, f"row {row.id}, output {column.name}")
        self._text(self._add(rule, "annotationEntry"), row.notes.end)

    # ------------------------------------------------------------ cells

    def _condition(self, entry: Any, cell: str, column: ColumnContent, place: str) -> None:
        try:
            feel = condition_entry(cell, column.type)
        except ExchangeError as error:
            self._faults.append(f"{place}: {error.message}")
            return
        try:
            back = FeelReader(feel, column.type).condition()
        except ExchangeError:
            back = ""
        self._entry(entry, feel, cell, back)

    def _value(self, entry: Any, cell: str, column: ColumnContent, place: str) -> None:
        try:
            feel = value_entry(cell, self._inputs)
        except ExchangeError as error:
            self._faults.append(f"{place}: {error.message}")
            return
        try:
            back = FeelReader(feel, column.type, {feel: own for own, feel in self._inputs.items()}).value()
        except ExchangeError:
            back = ""
        self._entry(entry, feel, cell, back)

    def _entry(self, entry: Any, feel: str, cell: str, back: str) -> None:
        """The FEEL, and our text where reading the FEEL would give another."""
        if back != cell:
            self._own(self._add(entry, "extensionElements"), "cell").text = cell
        self._text(entry, feel)

    # ------------------------------------------------------------ elements

    def _add(self, parent: Any, tag: str, **attributes: Any) -> Any:
        return self._xml.SubElement(parent, f"{{{MODEL}}}{tag}", attributes)

    def _own(self, parent: Any, tag: str, **attributes: Any) -> Any:
        return self._xml.SubElement(parent, f"{{{OURS}}}{tag}", attributes)

    def _text(self, parent: Any, text: str) -> None:
        self._add(parent, "text").text = text


def _feel_name(column: ColumnContent, number: int) -> str:
    return column.name if _FEEL_NAME.fullmatch(column.name) else f"column {number}"


def _type(column: ColumnContent) -> str:
    plain = column.type.rstrip("?").partition("(")[0]
    return (
        "Any"
        if plain in ("quantity", "money", "any") or plain.startswith("list ")
        else _TYPES.get(plain, "string")
    )
