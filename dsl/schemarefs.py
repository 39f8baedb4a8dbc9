"""References of a schema file: where `#/$defs/lot`, `#/components/schemas/lot`, `#lot` and the file's own $id point.

A reference that leaves the file is refused by name: a rule set holds everything that it is checked against.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from dsl.errors import SchemaError

_MOST_NODES = 200_000
_HOUSES = ("$defs", "definitions")


@dataclass(frozen=True, slots=True)
class Definition:
    """A subschema that something refers to: its name, itself and its place."""

    name: str
    node: Any
    pointer: str


class References:
    """The places of one document that can be referred to."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._marks: dict[str, str] = {}
        self._base = str(document.get("$id") or document.get("id") or "").rstrip("#")
        for pointer, node in _nodes(document):
            for name in (node.get("$anchor"), node.get("$dynamicAnchor")):
                if isinstance(name, str):
                    self._marks.setdefault(f"#{name}", pointer)
            own = node.get("$id")
            if isinstance(own, str) and own:
                self._marks.setdefault(own if own.startswith("#") else own.rstrip("#"), pointer)

    def houses(self) -> Iterator[tuple[str, Definition]]:
        """Everything that stands under $defs and definitions, by name."""
        for house in _HOUSES:
            inside = self._document.get(house, {})
            if not isinstance(inside, dict):
                raise SchemaError(f"{house} has to be an object", {"pointer": f"#/{house}"})
            for name, node in inside.items():
                yield name, Definition(name, node, f"#/{house}/{_escaped(name)}")

    def find(self, reference: Any, pointer: str = "#") -> Definition:
        """What a reference points at; SchemaError where that is not in this file."""
        if not isinstance(reference, str):
            raise SchemaError("a $ref is a text", {"pointer": pointer})
        own = self._marks.get(reference, "") or self._within(reference)
        if not own:
            raise SchemaError(
                f"{reference} is refused: a $ref stays in its file, as #/$defs/...", {"pointer": pointer}
            )
        node, steps = self._document, [_plain(step) for step in own.split("/")[1:]]
        for number, step in enumerate(steps):
            node = _child(node, step)
            if node is None:
                above = steps[number - 1] if number else "the schema"
                raise SchemaError(
                    f"{reference} points at nothing: {above} has no {step}", {"pointer": pointer}
                )
        return Definition(steps[-1] if steps else "", node, own)

    def _within(self, reference: str) -> str:
        """The pointer of a reference into this file, empty for every other one."""
        base, hash_, fragment = reference.partition("#")
        if base and base.rstrip("#") == self._base:
            base, hash_ = "", "#"
        at = "#" if not base else self._marks.get(base, "")
        if not at or not (hash_ or base):
            return ""
        if not fragment:
            return at
        return at + fragment if fragment.startswith("/") else self._marks.get(f"#{fragment}", "")


def _nodes(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object of the document with its pointer; a document with too many of them is refused."""
    waiting: list[tuple[str, Any]] = [("#", document)]
    seen = 0
    while waiting:
        pointer, node = waiting.pop()
        seen += 1
        if seen > _MOST_NODES:
            raise SchemaError(f"the schema has more than {_MOST_NODES} parts")
        if isinstance(node, dict):
            yield pointer, node
            waiting += [
                (f"{pointer}/{_escaped(name)}", child)
                for name, child in node.items()
                if isinstance(child, dict | list)
            ]
        elif isinstance(node, list):
            waiting += [
                (f"{pointer}/{number}", child)
                for number, child in enumerate(node)
                if isinstance(child, dict | list)
            ]


def _child(node: Any, step: str) -> Any:
    if isinstance(node, list) and step.isascii() and step.isdigit() and int(step[:6]) < len(node):
        return node[int(step[:6])]
    return node.get(step) if isinstance(node, dict) else None


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _plain(step: str) -> str:
    return unquote(step).replace("~1", "/").replace("~0", "~")
