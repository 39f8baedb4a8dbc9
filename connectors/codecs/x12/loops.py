"""The segments of a transaction set -> fields and loops, by the guide."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.codecs.x12.elements import plain_elements, read_elements
from connectors.codecs.x12.faults import Report
from connectors.codecs.x12.guide import Guide, LoopSpec, SegmentSpec
from connectors.codecs.x12.segment import Delimiters, Segment
from connectors.codecs.x12.tree import Node, build_tree, node_fields


@dataclass(slots=True)
class _Frame:
    """An open loop: its declaration, the record it fills, the segment that opened it, its HL nodes."""

    spec: LoopSpec
    record: dict[str, Any]
    segment: Segment
    nodes: dict[str, list[Node]] = field(default_factory=dict)


def read_body(
    guide: Guide, st: Segment, segments: Sequence[Segment], delimiters: Delimiters, report: Report
) -> dict[str, Any]:
    """The body of a transaction set as one record."""
    reader = _BodyReader(guide, st, delimiters, report)
    for segment in segments:
        reader.place(segment)
    reader.close_to(0)
    reader.finish(reader.stack[0])
    _check_totals(guide, segments, report)
    return reader.stack[0].record


class _BodyReader:
    """Keeps the open loops, innermost last."""

    def __init__(self, guide: Guide, st: Segment, delimiters: Delimiters, report: Report) -> None:
        self.stack = [_Frame(guide.root, {}, st)]
        self.delimiters, self.report = delimiters, report

    def place(self, segment: Segment) -> None:
        """Give a segment to the innermost open loop that takes it."""
        for level in range(len(self.stack) - 1, -1, -1):
            spec = self.stack[level].spec
            part = spec.segments.get(segment.id) or spec.loops.get(segment.id)
            if part is None or not self._may_leave(level, part, segment):
                continue
            self.close_to(level)
            if isinstance(part, LoopSpec):
                self._open(part, segment)
            else:
                self._add(part, segment)
            return
        text = f"{segment.id[:10]} is not known in {self.stack[-1].spec.id}"
        self.report.add("unexpected_segment", text, segment)
        self._keep_aside(segment)

    def _may_leave(self, level: int, part: SegmentSpec | LoopSpec, segment: Segment) -> bool:
        """May the loops inside `level` be closed for this part? Backwards only with a warning."""
        if level == len(self.stack) - 1:
            return True
        leaving = self.stack[level + 1].spec
        if part.place >= leaving.place:
            return True
        if leaving.is_hl:
            return False
        self.report.add("segment_order", f"{segment.id} stands after the loop {leaving.id}", segment)
        return True

    def _add(self, spec: SegmentSpec, segment: Segment) -> None:
        record = self.stack[-1].record
        fields = read_elements(segment, spec.elements, self.delimiters, self.report)
        if spec.most == 1 and spec.id not in record:
            record[spec.id] = fields
        elif spec.most != 1 and (not spec.most or len(record.get(spec.id, ())) < spec.most):
            record.setdefault(spec.id, []).append(fields)
        else:
            self._too_many(segment, spec.most)

    def _open(self, spec: LoopSpec, segment: Segment) -> None:
        frame = self.stack[-1]
        entries: list[Any] = frame.record.setdefault(spec.id, [])  # a tree is filled at its end
        if spec.is_hl:
            entries = frame.nodes.setdefault(spec.id, [])
        if spec.most and len(entries) >= spec.most:
            self.report.add(
                "segment_repeated", f"the loop {spec.id} occurs more than {spec.most} times", segment
            )
        fields = read_elements(segment, spec.elements, self.delimiters, self.report)
        record = node_fields(segment) if spec.is_hl else fields
        entries.append(Node(segment, record) if spec.is_hl else record)
        self.stack.append(_Frame(spec, record, segment))

    def _too_many(self, segment: Segment, most: int) -> None:
        text = f"{segment.id} occurs more than {most} times in {self.stack[-1].spec.id}"
        self.report.add("segment_repeated", text, segment, expected=most)
        self._keep_aside(segment)

    def _keep_aside(self, segment: Segment) -> None:
        elements = plain_elements(segment, self.delimiters)
        entry = {"segment": segment.id, "number": segment.number, "elements": elements}
        self.stack[-1].record.setdefault("unexpected", []).append(entry)

    def close_to(self, level: int) -> None:
        """Close the loops inside that level."""
        while len(self.stack) > level + 1:
            self.finish(self.stack.pop())

    def finish(self, frame: _Frame) -> None:
        """A loop is complete: build its trees, see what is missing."""
        for name, nodes in frame.nodes.items():
            frame.record[name] = build_tree(nodes, self.report)
        for part in frame.spec.parts:
            if part.required and part.id not in frame.record:
                text = f"{part.id} is missing in {frame.spec.id}"
                self.report.add("segment_missing", text, frame.segment, expected=part.id)


def _check_totals(guide: Guide, segments: Sequence[Segment], report: Report) -> None:
    """Elements the guide declares as counts, on the level of the set."""
    counted: dict[str, int] = {}
    for segment in segments:
        counted[segment.id] = counted.get(segment.id, 0) + 1
    for segment in segments:
        spec = guide.root.segments.get(segment.id)
        for key, element in spec.elements.items() if spec else ():
            found, expected = segment.element(int(key)), counted.get(element.count, 0)
            if element.count and found and found.strip().lstrip("0") != (str(expected) if expected else ""):
                text = f"{segment.id}{key} is {found}, but {expected} {element.count} segments were counted"
                report.add("total", text, segment, element=key, expected=expected, found=found)
