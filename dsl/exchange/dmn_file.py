"""One DMN file: its elements by name, its named types, and what was found wrong in it."""

from typing import Any

from dsl.errors import ExchangeError
from dsl.exchange.dmn_writing import OURS

_TYPES = {
    "string": "text", "number": "decimal", "double": "decimal", "integer": "integer", "long": "integer",
    "boolean": "boolean", "date": "date", "time": "time", "date and time": "datetime", "dateTime": "datetime",
    "days and time duration": "duration", "dayTimeDuration": "duration", "duration": "duration",
}  # fmt: skip


class DmnFile:
    """A file being read; faults and warnings are collected, so that all of them are told at once."""

    def __init__(self, root: Any, space: str) -> None:
        self.root = root
        self._space = space
        self.faults: list[str] = []
        self.warnings: list[str] = []

    def fault(self, text: str) -> None:
        """Note something that can't be read."""
        self.faults.append(text)

    def warn(self, text: str) -> None:
        """Note something to look at."""
        self.warnings.append(text)

    def all(self, node: Any, tag: str) -> list[Any]:
        """The children of that name."""
        return list(node.findall(f"{{{self._space}}}{tag}"))

    def one(self, node: Any, tag: str) -> Any:
        """The first child of that name, None where there is none."""
        return node.find(f"{{{self._space}}}{tag}")

    def text(self, node: Any, *path: str) -> str | None:
        """The text of a descendant, None where there is none."""
        for tag in path:
            node = self.one(node, tag) if node is not None else None
        return None if node is None else (node.text or "")

    def own(self, node: Any, tag: str) -> list[Any]:
        """Our extension elements of that name."""
        extension = self.one(node, "extensionElements")
        return [] if extension is None else list(extension.findall(f"{{{OURS}}}{tag}"))

    def data_type(self, name: str) -> str:
        """The type reference of the input data or decision of that name."""
        for tag in ("inputData", "decision"):
            for node in self.all(self.root, tag):
                variable = self.one(node, "variable")
                if node.get("name") == name and variable is not None:
                    return variable.get("typeRef") or ""
        return ""

    def named_type(self, name: str, place: str) -> tuple[str, str]:
        """A type reference as a type of the language and its allowed values, "" where it says none."""
        name = name.rpartition(":")[2] if name.startswith("feel:") else name
        if name in _TYPES or name in ("", "Any"):
            return _TYPES.get(name, ""), ""
        item = next((i for i in self.all(self.root, "itemDefinition") if i.get("name") == name), None)
        if item is None:
            raise ExchangeError(f"{place}: the type {name} is not in the file")
        if self.all(item, "itemComponent") or item.get("isCollection") == "true":
            raise ExchangeError(
                f"{place}: the type {name} is a structure or collection, which no column can have"
            )
        of = self.text(item, "typeRef") or ""
        if of not in _TYPES:
            raise ExchangeError(f"{place}: the type {name} refers to {of or 'nothing'}, which is not read")
        return _TYPES[of], self.text(item, "allowedValues", "text") or ""


def refuse_language(node: Any, place: str) -> None:
    """ExchangeError where an element is written in another language than FEEL."""
    language = node.get("expressionLanguage") or ""
    if language and "feel" not in language.lower():
        raise ExchangeError(f"{place}: the expression language {language[:80]} is not read, only FEEL")
