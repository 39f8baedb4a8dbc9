"""From a parsed module to lines with their depth, parts and comments."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from dsl import syntax
from dsl.parser import Parsed
from dsl.printing.alignment import Printed
from dsl.printing.spacing import spaced, split_at
from dsl.tree import CLOSING, INSIGNIFICANT, OPENING, Line, Token

_BLOCKS = (
    syntax.Map, syntax.If, syntax.Each, syntax.Lookup, syntax.Table, syntax.Rules, syntax.Rule, syntax.Flow,
    syntax.Playbook, syntax.Test,
)  # fmt: skip
_ROWS = (syntax.TableRow, syntax.LookupRow)


@dataclass(slots=True)
class Layout:
    """Walks through the lines of text of a module; `kinds` says what begins at an offset."""

    parsed: Parsed
    kinds: dict[int, str] = field(default_factory=dict)
    raw: list[syntax.Raw] = field(default_factory=list)
    depth: int = 0
    brackets: int = 0
    statement: int = 0
    blank: bool = False

    def lines(self) -> Iterator[Printed]:
        """The lines of text to be; those of raw items as they are."""
        for declaration in self.parsed.module.declarations:
            self._note(declaration)
        firsts = {line.tokens[0].start: line for line in self.parsed.tree.lines}
        for number, tokens in enumerate(_physical(self.parsed.tree.tokens), 1):
            if not [token for token in tokens if token.kind not in ("space", "newline")]:
                self.blank = True
                continue
            printed = self._raw_line(tokens, number) or self._line(tokens, firsts)
            printed.blank_before, self.blank = self.blank, False
            yield printed

    # ------------------------------------------------------------ what begins where

    def _note(self, node: syntax.Node) -> None:
        pending: list[syntax.Node] = [node]
        while pending:
            item = pending.pop()
            if isinstance(item, syntax.Raw):
                self.raw.append(item)
            elif isinstance(item, _BLOCKS):
                self.kinds[item.span.start] = "head"
                pending += _inside(item)
            elif isinstance(item, syntax.Field | syntax.Let):
                self.kinds[item.span.start] = type(item).__name__.lower()
            elif isinstance(item, _ROWS):
                self.kinds[item.span.start] = "row"
        if isinstance(node, syntax.Table) and (line := self._columns_line(node)) is not None:
            self.kinds[line.tokens[0].start] = "row"

    def _columns_line(self, node: syntax.Table) -> Line | None:
        return self.parsed.tree.line_at(node.inputs[0].span.start)

    # ------------------------------------------------------------ one line of text

    def _raw_line(self, tokens: Sequence[Token], number: int) -> Printed | None:
        start, end = tokens[0].start, tokens[-1].span.end
        if any(raw.span.start < end and start < raw.span.end for raw in self.raw):
            return Printed(text=self.parsed.source.line(number).rstrip("\r"), raw=True, kind="raw")
        return None

    def _line(self, tokens: Sequence[Token], firsts: dict[int, Line]) -> Printed:
        words = [token for token in tokens if token.kind not in INSIGNIFICANT]
        comment = next((token.text.rstrip() for token in tokens if token.kind == "comment"), "")
        if not words:
            return Printed(self._comment_depth(), "", comment, "comment")
        statement = firsts.get(words[0].start)
        if statement is None:
            printed = Printed(self._continued_depth(words[0]), spaced(words), kind="continued")
        else:
            printed = self._statement(statement, words)
        printed.comment = comment
        self.brackets += sum((t.text in OPENING) - (t.text in CLOSING) for t in words)
        return printed

    def _comment_depth(self) -> int:
        return self.statement + max(self.brackets, 1) if self.brackets > 0 else self.depth

    def _continued_depth(self, first: Token) -> int:
        inside = self.brackets - (first.text in CLOSING)
        return self.statement + (inside if self.brackets > 0 else 1)

    def _statement(self, line: Line, words: Sequence[Token]) -> Printed:
        self.brackets = 0
        kind = self.kinds.get(words[0].start, "")
        closes = line.first == "end" and len(line.tokens) == 1
        if closes:
            self.depth -= 1
        self.statement = self.depth + self._shift(line, kind)
        printed = Printed(self.statement, spaced(words), kind="other")
        if kind == "head":
            self.depth += 1
        elif kind in ("field", "let"):
            printed.kind, printed.columns = kind, _field_columns(words)
        elif kind == "row" and len(words) == len(line.tokens):
            printed.kind, printed.columns = kind, _row_columns(words)
        return printed

    def _shift(self, line: Line, kind: str) -> int:
        """`else` of an `if` stands one step out; that of an `expect` one step in."""
        if line.first != "else" or kind:
            return 0
        return -1 if len(line.tokens) == 1 or line.tokens[1].text == "if" else 1


def _inside(node: syntax.Node) -> list[syntax.Node]:
    match node:
        case syntax.Map() | syntax.Each():
            return list(node.body)
        case syntax.If():
            branches = [statement for branch in node.branches for statement in branch.body]
            return [*branches, *(node.otherwise or ())]
        case syntax.Lookup() | syntax.Table():
            return list(node.rows)
        case syntax.Rules():
            return [*node.lets, *node.rules]
        case syntax.Rule():
            return list(node.actions)
        case syntax.Flow():
            return list(node.steps)
        case _:
            return []


def _physical(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """The tokens of each line of text, its line break included."""
    line: list[Token] = []
    for token in tokens:
        line.append(token)
        if token.kind == "newline":
            yield line
            line = []
    if line:
        yield line


def _field_columns(words: Sequence[Token]) -> list[str]:
    """Target, value, handlers; the value may go on below."""
    equal = next(i for i, token in enumerate(words) if token.text == "=")
    value = split_at(words[equal + 1 :], frozenset({"on"}))
    handlers = [token for part in value[1:] for token in part]
    return [spaced(words[:equal]), spaced(value[0]), spaced(handlers)]


def _row_columns(words: Sequence[Token]) -> list[str]:
    """Separators and cells in turn, the first of them the bar at the left."""
    parts = split_at(words, frozenset({"|", "=>"}))
    return [spaced(part) for _, group in groupby(parts, key=bool) for part in group if part]
