"""From lines to blocks: which line may stand where, what `end` closes, what is left of a broken one.

A line is read by the grammar of the block it stands in. A line that does not fit becomes a Raw
item and reading goes on with the next; a broken line that would open a block opens a broken one,
so that its body and its `end` find their place and only that block is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from dsl import syntax
from dsl.building.parts import (
    ColumnsLine,
    EachHead,
    ElseLine,
    FlowHead,
    Head,
    IfHead,
    LookupHead,
    MapHead,
    PlaybookHead,
    RuleHead,
    RulesHead,
    TableHead,
    TestHead,
)
from dsl.closing import Block, closed
from dsl.depth import MAX_DEPTH, too_deep
from dsl.faults import character_faults, line_fault
from dsl.findings import Findings
from dsl.knownlines import read_known_line
from dsl.lines import Reading
from dsl.source import Source, Span
from dsl.tree import MAX_DEPTH as MAX_BRACKETS
from dsl.tree import MODULE_WORDS, Line

MAX_BLOCKS = 32
STARTS = {
    "module": "module_line", "map": "map_line", "if": "map_line", "each": "map_line", "lookup": "lookup_line",
    "table": "table_line", "rules": "rules_line", "rule": "rule_line", "flow": "flow_line",
    "playbook": "playbook_line", "test": "test_line",
}  # fmt: skip
KINDS: dict[type[Any], str] = {
    MapHead: "map", LookupHead: "lookup", TableHead: "table", RulesHead: "rules", RuleHead: "rule", FlowHead: "flow",
    PlaybookHead: "playbook", TestHead: "test", IfHead: "if", EachHead: "each",
}  # fmt: skip
LOOPS = frozenset({"for", "foreach", "loop"})
OPENERS = {
    "module": ("map", "lookup", "table", "rules", "flow", "playbook", "test"),
    "map": ("if", "each"), "if": ("if", "each"), "each": ("if", "each"), "rules": ("rule",),
}  # fmt: skip


@dataclass(slots=True)
class Reader:
    """Reads the lines of one module into blocks.

    With `by_indent`, an `end` closes the block whose head stands in the same column. That second
    reading is made only where blocks and ends do not add up, to blame the right one.
    """

    source: Source
    by_indent: bool = False
    stack: list[Block] = field(default_factory=list)
    findings: Findings = field(init=False)

    def __post_init__(self) -> None:
        self.findings = Findings(self.source.path)

    def read(self, lines: Sequence[Line]) -> Block:
        """The module as a block of its declarations."""
        self.stack = [Block("module", None, Span(0, 0), 0)]
        for index, line in enumerate(lines):
            follows = lines[index + 1] if index + 1 < len(lines) else None
            if len(line.tokens) == 1 and line.first == "end":
                self._end(line)
            else:
                self._line(line, follows)
        while len(self.stack) > 1:
            self._unended()
        return self.stack[0]

    @property
    def top(self) -> Block:
        """The innermost open block."""
        return self.stack[-1]

    @property
    def subject(self) -> str:
        """The declaration that is being read, as diagnostics name it."""
        if len(self.stack) < 2 or not self.stack[1].name:
            return ""
        subject = f"{self.stack[1].kind}/{self.stack[1].name}"
        inner = self.stack[2] if len(self.stack) > 2 else None
        return f"{subject}/{inner.name}" if inner is not None and inner.kind == "rule" else subject

    # ------------------------------------------------------------ one line

    def _line(self, line: Line, follows: Line | None) -> None:
        self.findings.subject = self.subject
        if character_faults(line, self.findings):
            return self._broken(line, follows)
        if line.too_deep is not None:
            self.findings.too_deep(line.too_deep.span, MAX_BRACKETS)
            return self._broken(line, follows)
        reading = self._reading(line, self._start())
        if reading.fault is not None and self._belongs_outside(line):
            self.findings.subject = self.subject
            reading = self._reading(line, self._start())
        if reading.fault is not None:
            line_fault(line, reading.fault, self.findings, self._start())
            if line.first == "end" and line.tokens[1].kind == "word":
                return self._end(line)  # `end if`, as others write it
            return self._broken(line, follows)
        if too_deep(line, reading.node):
            self.findings.too_deep(line.span, MAX_DEPTH)
            return self._broken(line, follows)
        self._take(reading.node, line)

    def _reading(self, line: Line, start: str) -> Reading:
        return read_known_line(line, self.source.slice(line.span), start)

    def _start(self) -> str:
        """The grammar of the innermost block's next line."""
        if self.top.kind == "table" and self.top.columns is None and not self.top.items:
            return "table_head_line"
        return STARTS[self.top.kind]

    def _belongs_outside(self, line: Line) -> bool:
        """Whether a line opens a block of an outer level; then the inner ones lack their `end`."""
        level = 0 if line.first in MODULE_WORDS else self._rules_level(line)
        if level is None or level >= len(self.stack) - 1:
            return False
        start = STARTS[self.stack[level].kind]
        if self._reading(line, start).fault is not None and line.column > 1:
            return False
        while len(self.stack) - 1 > level:
            self._unended()
        return True

    def _rules_level(self, line: Line) -> int | None:
        inside = len(self.stack) > 2 and self.stack[1].kind == "rules"
        return 1 if inside and line.first == "rule" else None

    # ------------------------------------------------------------ opening and closing

    def _take(self, node: Any, line: Line) -> None:
        kind = KINDS.get(type(node))
        if kind is not None:
            return self._open(kind, node, line)
        if isinstance(node, ElseLine) and self.top.kind != "if":
            return self._stray(line, "else")
        if isinstance(node, ColumnsLine):
            self.top.columns = node
        if line.comment is not None:
            self.top.comments[node] = line.comment.text[1:].strip()
        self.top.items.append(node)

    def _open(self, kind: str, head: Head | None, line: Line) -> None:
        if len(self.stack) == MAX_BLOCKS:
            self.findings.too_deep(line.span, MAX_BLOCKS)
            head = None
        name = getattr(head, "name", "")
        self.stack.append(Block(kind, head, line.span, line.column, name))

    def _broken(self, line: Line, follows: Line | None) -> None:
        """Keep a line as raw text; open a broken block where it was meant to open one."""
        kind = self._meant(line, follows)
        if kind:
            self._open(kind, None, line)
        else:
            self.top.items.append(self._raw(line.span))

    def _meant(self, line: Line, follows: Line | None) -> str:
        openers = OPENERS.get(self.top.kind, ())
        if line.first in openers:
            return line.first
        indented = follows is not None and follows.column > line.column and line.tokens[0].kind == "word"
        assigns = len(line.tokens) > 1 and line.tokens[1].text in ("=", ".")
        if not indented or assigns:
            return ""
        if line.first in LOOPS and "each" in openers:
            return "each"
        close = get_close_matches(line.first, openers, 1, 0.6)
        return close[0] if close else ""

    def _raw(self, span: Span) -> syntax.Raw:
        return syntax.Raw(span, self.source.slice(span))

    def _end(self, line: Line) -> None:
        if self.by_indent and not self._indent_agrees(line):
            return
        if len(self.stack) == 1:
            return self._stray(line, "end")
        self._close(line.span)

    def _indent_agrees(self, line: Line) -> bool:
        """Close what has no `end` inside the block that this one closes; False where it closes nothing."""
        heads = [block.column for block in self.stack[1:]]
        if line.column not in heads:
            if heads:
                return True
            self._stray(line, "end")
            return False
        while self.top.column != line.column:
            self._unended()
        return True

    def _stray(self, line: Line, word: str) -> None:
        self.findings.subject = self.subject
        self.findings.stray(line.span, word)
        self.top.items.append(self._raw(line.span))

    def _unended(self) -> None:
        block = self.top
        self.findings.subject = self.subject
        self.findings.unended(block.span, block.kind)
        last = block.items[-1].span if block.items else block.span
        self._close(last)

    def _close(self, end: Span) -> None:
        block = self.top
        block.span = block.span.to(end)
        self.findings.subject = self.subject
        node = closed(block, self.findings, self._raw) if block.head is not None else None
        self.stack.pop()
        self.top.items.append(self._raw(block.span) if node is None else node)
