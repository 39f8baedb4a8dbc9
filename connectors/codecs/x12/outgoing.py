"""The body of a document -> its segments, in the order of the guide."""

from collections.abc import Mapping
from typing import Any

from connectors.codecs.x12.guide import Guide, LoopSpec, SegmentSpec
from connectors.codecs.x12.text import SegmentText
from connectors.codecs.x12.tree import DEEPEST
from connectors.errors import EncodeError

_ENVELOPE = {"ISA", "GS", "ST", "SE"}
_NODE = {"id", "parent", "level", "has_children", "children"}


class SetWriter:
    """Writes one transaction set; `lines` grows as it goes."""

    def __init__(self, writer: SegmentText) -> None:
        self.writer = writer
        self.lines: list[tuple[str, str]] = []
        self.hl_numbers: set[str] = set()
        self.hl_count = 0

    def body(self, document: Mapping[str, Any], guide: Guide | None) -> list[str]:
        """The segments between ST and SE.

        Errors: EncodeError
        """
        if guide is None:
            self._flat(document)
            return [line for _, line in self.lines]
        self._level(guide.root, {k: v for k, v in document.items() if k not in _ENVELOPE}, "$")
        return self._with_totals(guide, document)

    def _flat(self, document: Mapping[str, Any]) -> None:
        if unknown := set(document) - _ENVELOPE - {"segments"}:
            text = f"$: without a guide a document has segments only, not {', '.join(sorted(unknown))}"
            raise EncodeError(text, {"path": "$"})
        for number, entry in enumerate(_list(document.get("segments", []), "$.segments")):
            self._loose(entry, f"$.segments[{number}]")

    def _loose(self, entry: Any, path: str) -> None:
        fields = _record(entry, path)
        name = str(fields.get("segment", ""))
        elements = _record(fields.get("elements", {}), f"{path}.elements")
        self.lines.append((name, self.writer.segment(name, elements, f"{path}.elements")))

    def _level(self, spec: LoopSpec, record: Mapping[str, Any], path: str) -> None:
        known = {
            *spec.segments,
            *(loop.id for loop in spec.loops.values()),
            "unexpected",
            *(_NODE if spec.is_hl else ()),
        }
        if unknown := [key for key in record if key not in known and not (key.isdigit() and path != "$")]:
            where = f"{path}.{unknown[0]}"
            raise EncodeError(f"{where}: the guide has no {unknown[0]} in {spec.id}", {"path": where})
        loose = list(enumerate(_list(record.get("unexpected", []), f"{path}.unexpected")))
        for part in spec.parts:
            if isinstance(part, LoopSpec):
                self._unexpected(loose, path)
                self._loop(part, record.get(part.id), f"{path}.{part.id}")
            else:
                self._segments(part, record.get(part.id), f"{path}.{part.id}")
        self._unexpected(loose, path)

    def _unexpected(self, loose: list[tuple[int, Any]], path: str) -> None:
        while loose:
            number, entry = loose.pop(0)
            self._loose(entry, f"{path}.unexpected[{number}]")

    def _segments(self, spec: SegmentSpec, value: Any, path: str) -> None:
        counted = any(element.count for element in spec.elements.values())
        if value is None and spec.required and not counted:
            raise EncodeError(f"{path}: the guide requires it", {"path": path})
        if value is None:
            entries: list[Any] = [{}] if spec.required else []
        else:
            entries = _list(value, path) if spec.most != 1 else [value]
        if spec.most and len(entries) > spec.most:
            raise EncodeError(f"{path}: at most {spec.most} are allowed", {"path": path})
        for number, entry in enumerate(entries):
            where = f"{path}[{number}]" if spec.most != 1 else path
            fields = _record(entry, where)
            self._check_required(spec, fields, where)
            self.lines.append((spec.id, self.writer.segment(spec.id, fields, where, spec.elements)))

    def _check_required(self, spec: SegmentSpec | LoopSpec, fields: Mapping[str, Any], path: str) -> None:
        for key, element in spec.elements.items():
            if element.required and not element.count and fields.get(key) in (None, ""):
                raise EncodeError(f"{path}.{key}: the guide requires it", {"path": f"{path}.{key}"})

    def _loop(self, spec: LoopSpec, value: Any, path: str) -> None:
        if value is None and not spec.required:
            return
        entries = _list(value, path)
        if (spec.most and len(entries) > spec.most) or (spec.required and not entries):
            raise EncodeError(f"{path}: {len(entries)} entries; the guide asks for others", {"path": path})
        for number, entry in enumerate(entries):
            fields = _record(entry, f"{path}[{number}]")
            if spec.is_hl:
                self._node(spec, fields, "", f"{path}[{number}]", 1)
                continue
            elements = {key: item for key, item in fields.items() if key.isdigit()}
            self._check_required(spec, elements, f"{path}[{number}]")
            text = self.writer.segment(spec.trigger, elements, f"{path}[{number}]", spec.elements)
            self.lines.append((spec.trigger, text))
            self._level(spec, fields, f"{path}[{number}]")

    def _node(self, spec: LoopSpec, node: Mapping[str, Any], parent: str, path: str, depth: int) -> None:
        """One HL and all below it. Given numbers are kept, else counted; HL02 is always the tree's."""
        self.hl_count += 1
        number = self.writer.plain(node.get("id"), f"{path}.id") or str(self.hl_count)
        if number in self.hl_numbers or depth > DEEPEST:
            raise EncodeError(f"{path}.id: HL {number} occurs twice, or is too deep", {"path": f"{path}.id"})
        self.hl_numbers.add(number)
        children = _list(node.get("children", []), f"{path}.children")
        code = node.get("has_children") if node.get("id") else str(int(bool(children)))
        values = [number, parent, self.writer.plain(node.get("level"), f"{path}.level"), str(code or "")]
        if not values[2]:
            raise EncodeError(f"{path}.level: needed", {"path": f"{path}.level"})
        self.lines.append(("HL", self.writer.line("HL", values, path)))
        self._level(spec, node, path)
        for position, child in enumerate(children):
            where = f"{path}.children[{position}]"
            self._node(spec, _record(child, where), number, where, depth + 1)

    def _with_totals(self, guide: Guide, document: Mapping[str, Any]) -> list[str]:
        """The lines, with the elements that count other segments filled in."""
        lines = []
        for name, line in self.lines:
            spec = guide.root.segments.get(name)
            counts = {key: e.count for key, e in spec.elements.items() if e.count} if spec else {}
            texts = line.split(self.writer.marks.element)
            for key, counted in counts.items():
                texts += [""] * (int(key) + 1 - len(texts))
                texts[int(key)] = str(sum(1 for other, _ in self.lines if other == counted))
            lines.append(self.writer.marks.element.join(texts))
        return lines


def _record(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise EncodeError(f"{path}: a record is needed", {"path": path})
    return value


def _list(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise EncodeError(f"{path}: a list is needed", {"path": path})
    return value
