"""Decision tables of a DMN file (1.3 and later) as tables of the language.

Read:    decisions that are decision tables, with item definitions that name a type or its allowed values
Refused: every other logic, expression or version, by its name and place; all of them in one error
"""

from dataclasses import replace
from typing import Any

from dsl.errors import ExchangeError
from dsl.exchange.archives import parse_xml
from dsl.exchange.content import TableContent, unique_names
from dsl.exchange.dmn_file import DmnFile, refuse_language
from dsl.exchange.dmn_tables import TableReading

VERSIONS = {
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
    "https://www.omg.org/spec/DMN/20240513/MODEL/": "1.6",
}
_MOST_FAULTS = 50
_LOGIC = {
    "literalExpression": "a literal expression", "invocation": "an invocation", "context": "a context",
    "functionDefinition": "a function definition", "relation": "a relation", "list": "a list",
    "conditional": "a conditional", "filter": "a filter", "for": "an iteration", "every": "a quantifier",
    "some": "a quantifier",
}  # fmt: skip


def read_dmn(content: bytes, only: str = "") -> tuple[tuple[TableContent, ...], tuple[str, ...]]:
    """The tables of a DMN file (or the one of a decision) and warnings; ExchangeError with all that can't be read."""
    root = parse_xml(content)
    space = root.tag[1:].partition("}")[0] if root.tag.startswith("{") else ""
    if space not in VERSIONS or not root.tag.endswith("}definitions"):
        known = ", ".join(VERSIONS.values())
        raise ExchangeError(f"this is no DMN of version {known}: the namespace is `{space[:100]}`")
    return _Reading(DmnFile(root, space)).read(only)


class _Reading:
    """All decisions of one file."""

    def __init__(self, file: DmnFile) -> None:
        self._file = file

    def read(self, only: str) -> tuple[tuple[TableContent, ...], tuple[str, ...]]:
        refuse_language(self._file.root, "the file")
        decisions = [
            d
            for d in self._file.all(self._file.root, "decision")
            if not only or only in (d.get("name"), d.get("id"))
        ]
        if not decisions:
            known = ", ".join(d.get("name", "") for d in self._file.all(self._file.root, "decision"))
            raise ExchangeError(f"the file has no decision {only}; it has {known or 'none'}")
        if not only:
            self._refuse_others()
        tables = [table for decision in decisions if (table := self._decision(decision)) is not None]
        if self._file.faults:
            raise ExchangeError("the DMN file can't be read", self._file.faults[:_MOST_FAULTS])
        names = unique_names([table.name for table in tables])
        tables = [replace(table, name=name) for table, name in zip(tables, names, strict=True)]
        return tuple(tables), tuple(dict.fromkeys(self._file.warnings))

    def _refuse_others(self) -> None:
        for tag, words in (
            ("businessKnowledgeModel", "a business knowledge model"),
            ("decisionService", "a decision service"),
            ("import", "an import of another file"),
        ):
            for node in self._file.all(self._file.root, tag):
                self._file.faults.append(f"{tag} {node.get('name', '')}: {words} is not read")

    def _decision(self, decision: Any) -> TableContent | None:
        name = decision.get("name") or decision.get("id") or "decision"
        table = self._file.one(decision, "decisionTable")
        if table is None:
            logic = next((_LOGIC[_tag(n)] for n in decision if _tag(n) in _LOGIC), "a decision without logic")
            self._file.faults.append(f"decision {name}: {logic} is not read, only decision tables")
            return None
        reading = TableReading(self._file, decision, table, name)
        try:
            return reading.read()
        except ExchangeError as error:
            self._file.faults.append(f"decision {name}: {error.message}")
            return None


def _tag(node: Any) -> str:
    return str(node.tag).rpartition("}")[2]
