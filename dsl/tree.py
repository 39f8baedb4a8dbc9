"""The lossless tree: every character of a module in a token, the tokens grouped to logical lines.

Nothing here knows the grammar, so nothing here can fail: what fits no token is a token of kind
`foreign` or `wrong`. A logical line is one statement; it runs over several lines of text inside
brackets and where the next line begins with `on`, `and`, `or`, `&` or `+`.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from dsl.source import Span

MAX_DEPTH = 64
CONTINUING = frozenset({"on", "and", "or", "&", "+"})
MODULE_WORDS = frozenset(
    {"use", "map", "lookup", "dataset", "table", "rules", "flow", "playbook", "test", "function", "type"}
)
STARTING = frozenset({"failure", "transport", "application", "partner_data", "mapping"})
"""What begins a statement behind `on`: the failures of a flow; `on missing` goes on with the line before."""
OPENING = frozenset("([{")
CLOSING = frozenset(")]}")
_NUMBER = r"\d+(?:\.\d+)?"
_UNIT = r"(?:(?=[A-Z0-9]*[A-Z])[A-Z0-9]{2,3}|(?:second|minute|hour|day|week|business_day)s?)(?![A-Za-z0-9_])"
_TOKEN = re.compile(
    r"(?P<newline>\r?\n)"
    r"|(?P<space>[ \t\r]+|(?<![\s\S])\ufeff)"
    r"|(?P<comment>\#[^\n]*?(?=\r?\n|\Z))"
    r'|(?P<string>"(?:[^"\\\n]|\\[^\n])*")'
    r'|(?P<open_string>"[^\n]*?(?=\r?\n|\Z))'
    r"|(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)"
    r"|(?P<date>\d{4}-\d\d-\d\d(?!\d))"
    r"|(?P<time>\d\d:\d\d(?::\d\d)?(?!\d))"
    rf"|(?P<amount>{_NUMBER}[ \t]+{_UNIT})"
    rf"|(?P<percent>{_NUMBER}%)"
    rf"|(?P<number>{_NUMBER})"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<wrong>==|!=|&&|\|\||\*\*|[;`'!@$^~\\%])"
    r"|(?P<operator>->|=>|<=|>=|<>|\.\.|[-=<>&+*/()\[\]{},:.|?])"
    r"|(?P<foreign>[^\x00-\x7f]+|[\x00-\x7f])",
)
INSIGNIFICANT = frozenset({"newline", "space", "comment"})


class Token(NamedTuple):
    """A piece of the text and where it begins; kind is a group name of the pattern above."""

    kind: str
    text: str
    start: int

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.start, self.start + len(self.text))


@dataclass(slots=True)
class Line:
    """One statement: its significant tokens, the comment at its end, the comments above it.

    `unclosed` is a bracket that no token of the line closes; `too_deep` the token at which the
    brackets went beyond what is read.
    """

    tokens: list[Token]
    column: int
    comment: Token | None = None
    above: list[Token] = field(default_factory=list)
    unclosed: Token | None = None
    too_deep: Token | None = None

    @property
    def span(self) -> Span:
        """From the first to the last significant token."""
        return Span(self.tokens[0].start, self.tokens[-1].span.end)

    @property
    def first(self) -> str:
        """The text of the first token."""
        return self.tokens[0].text


@dataclass(frozen=True)
class Tree:
    """The tokens of a module; joined they are its text, byte for byte."""

    tokens: tuple[Token, ...]

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The statements, in order."""
        return tuple(_Grouping(self.tokens).lines())

    @cached_property
    def _starts(self) -> list[int]:
        return [line.span.start for line in self.lines]

    def line_at(self, offset: int) -> Line | None:
        """The statement at an offset, if one stands there."""
        index = bisect_right(self._starts, offset) - 1
        if index < 0 or offset > self.lines[index].span.end:
            return None
        return self.lines[index]

    def lines_between(self, start: int, end: int) -> tuple[Line, ...]:
        """The statements that begin at or after `start` and before `end`."""
        return self.lines[bisect_left(self._starts, start) : bisect_left(self._starts, end)]


def parse_tree(text: str) -> Tree:
    """Cut a text into tokens."""
    make = tuple.__new__  # four times as fast as Token(...), and there are many
    return Tree(
        tuple([make(Token, (m.lastgroup or "foreign", m.group(), m.start())) for m in _TOKEN.finditer(text)])
    )


class _Grouping:
    """Groups tokens to logical lines in one pass over them."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.above: list[Token] = []

    def lines(self) -> Iterator[Line]:
        index = 0
        while index < len(self.tokens):
            token = self.tokens[index]
            if token.kind == "comment":
                self.above.append(token)
            if token.kind in INSIGNIFICANT:
                index += 1
                continue
            line, index = self._line(index)
            line.above, self.above = self.above, []
            yield line

    def _line(self, index: int) -> tuple[Line, int]:
        """The line that begins at a significant token, and the index after it."""
        line = Line([], self._column(index))
        opened: list[tuple[Token, int, int]] = []
        while index < len(self.tokens):
            token = self.tokens[index]
            if token.kind == "newline":
                if not opened and not self._continued(index):
                    break
                if opened and self._statement_begins(index + 1):
                    break
                line.comment = None
            elif token.kind == "comment":
                line.comment = token
            elif token.kind != "space":
                self._count(token, index, opened, line)
                line.tokens.append(token)
            index += 1
        if opened and line.too_deep is None:
            return self._cut(line, opened[0])
        return line, index

    def _count(self, token: Token, index: int, opened: list[tuple[Token, int, int]], line: Line) -> None:
        if token.kind != "operator":
            return
        if token.text in OPENING:
            opened.append((token, index, len(line.tokens)))
            if len(opened) > MAX_DEPTH and line.too_deep is None:
                line.too_deep = token
        elif token.text in CLOSING and opened:
            opened.pop()

    def _cut(self, line: Line, opened: tuple[Token, int, int]) -> tuple[Line, int]:
        """End a line with an open bracket where its line of text ends, so that the next ones are read."""
        bracket, index, _ = opened
        while index < len(self.tokens) and self.tokens[index].kind != "newline":
            index += 1
        end = self.tokens[index].start if index < len(self.tokens) else line.span.end
        line.tokens = [token for token in line.tokens if token.start < end]
        line.unclosed = bracket
        return line, index

    def _continued(self, index: int) -> bool:
        """Whether the next significant token is one that goes on with the statement before it."""
        for token, following in pairwise(self._after(index)):
            if token.kind == "word" and following.text in ("=", "."):
                return False  # `on = ...` sets the field `on`
            if token.text == "on" and following.text in STARTING:
                return False
            return token.text in CONTINUING and token.kind in ("word", "operator")
        return False

    def _statement_begins(self, index: int) -> bool:
        """Whether this line of text can't be inside brackets: a lone `end`, or the head of a block."""
        words = []
        for token in self._after(index):
            words.append(token)
            if len(words) == 3:
                break
        if not words or words[0].kind != "word":
            return False
        if words[0].text == "end":
            return len(words) == 1 or self._newline_between(words[0], words[1])
        follows = [token.kind for token in words[1:]]
        named = follows == ["word", "operator"] and words[2].text == ":"
        return words[0].text in MODULE_WORDS and (named or follows[:1] == ["string"])

    def _newline_between(self, left: Token, right: Token) -> bool:
        index = self._index_of(left) + 1
        while self.tokens[index] is not right:
            if self.tokens[index].kind == "newline":
                return True
            index += 1
        return False

    def _index_of(self, token: Token) -> int:
        return bisect_right(self.tokens, token.start, key=lambda t: t.start) - 1

    def _after(self, index: int) -> Iterator[Token]:
        """The significant tokens from an index on."""
        for position in range(index, len(self.tokens)):
            if self.tokens[position].kind not in INSIGNIFICANT:
                yield self.tokens[position]

    def _column(self, index: int) -> int:
        """The column (from 1) at which a line's first token stands."""
        before = self.tokens[index - 1] if index else None
        return 1 + (len(before.text) if before is not None and before.kind == "space" else 0)
