"""One logical line through the grammar: keywords in their context, literals decoded, the first fault reported."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, UnexpectedToken
from lark.lexer import Lexer
from lark.parsers.lalr_interactive_parser import InteractiveParser

from dsl.building import Productions
from dsl.building.parts import Leaf
from dsl.literals import LiteralFault, decode
from dsl.source import Span
from dsl.tree import Token

STARTS = (
    "module_line", "map_line", "lookup_line", "table_head_line", "table_line", "rules_line", "rule_line",
    "flow_line", "playbook_line", "test_line", "expression_line",
)  # fmt: skip
CALLED_BY_WORD = frozenset({"lookup", "reverse", "table", "recall"})
_TERMINALS = {
    "string": "STRING",
    "percent": "CONSTANT",
    "amount": "CONSTANT",
    "date": "CONSTANT",
    "time": "CONSTANT",
    "datetime": "CONSTANT",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """The first token that does not fit (None at the end of the line), or whose literal has no value."""

    token: Token | None
    parser: InteractiveParser
    literal: LiteralFault | None = None

    def expected(self) -> frozenset[str]:
        """The terminals that would fit; worked out only where it is asked for."""
        return frozenset(self.parser.accepts())  # type: ignore[no-untyped-call]


@dataclass(slots=True)
class Reading:
    """What a line is: its node, or the fault in it."""

    node: Any = None
    fault: Fault | None = None


class _NoLexer(Lexer):
    """Tokens come from the lossless tree; lark asks for a lexer all the same."""

    def __init__(self, _conf: Any) -> None:
        pass

    def lex(self, *_: Any) -> Iterator[Any]:
        return iter(())


@cache
def grammar() -> tuple[Lark, dict[str, str]]:
    """The compiled grammar, and the terminal of each keyword and operator in it."""
    text = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    lark = Lark(
        text,
        parser="lalr",
        lexer=_NoLexer,
        start=list(STARTS),
        keep_all_tokens=True,
        maybe_placeholders=False,
        transformer=Productions(),
    )
    return lark, {str(t.pattern.value): t.name for t in lark.terminals if t.pattern is not None}


def read_line(tokens: Sequence[Token], start: str) -> Reading:
    """Read the significant tokens of one line as what may start with `start`."""
    lark, terminals = grammar()
    parser = lark.parse_interactive(start=start)
    reading = Reading()
    for index, token in enumerate(tokens):
        try:
            choices = parser.choices()  # type: ignore[no-untyped-call]
            leaf = _leaf(tokens, index, choices, terminals)
            parser.feed_token(leaf)  # type: ignore[arg-type]
        except UnexpectedToken:
            reading.fault = Fault(token, parser)
            return reading
        except LiteralFault as fault:
            reading.fault = Fault(token, parser, fault)
            return reading
    _finish(parser, tokens, reading)
    return reading


def _finish(parser: InteractiveParser, tokens: Sequence[Token], reading: Reading) -> None:
    end = tokens[-1].span.end if tokens else 0
    try:
        reading.node = parser.feed_token(Leaf("$END", "", Span(end, end)))  # type: ignore[arg-type]
    except UnexpectedToken:
        reading.fault = Fault(None, parser)


def _leaf(tokens: Sequence[Token], index: int, choices: Any, terminals: dict[str, str]) -> Leaf:
    """The token as the terminal that the parser can take here."""
    token = tokens[index]
    kind, text, start = token
    span = Span(start, start + len(text))
    if kind == "word":
        return Leaf(_word(tokens, index, choices, terminals), text, span)
    if kind == "operator":
        return Leaf(terminals.get(text, "UNKNOWN"), text, span)
    if kind == "number":
        literal, value = decode(kind, text)
        return Leaf("INTEGER" if literal == "integer" else "NUMBER", text, span, literal, value)
    if kind in _TERMINALS:
        literal, value = decode(kind, text)
        is_key = kind == "string" and "KEY" in choices and _next(tokens, index) == ":"
        return Leaf("KEY" if is_key else _TERMINALS[kind], text, span, literal, value)
    return Leaf("UNKNOWN", text, span)


def _word(tokens: Sequence[Token], index: int, choices: Any, terminals: dict[str, str]) -> str:
    """A word is a key before a colon, a keyword where one can stand, else a name."""
    text = tokens[index].text
    following = _next(tokens, index)
    if following == ":" and "KEY" in choices:
        return "KEY"
    terminal = terminals.get(text)
    if terminal is None or terminal not in choices or _name_after_all(tokens, index, choices, following):
        return "NAME"
    return terminal


def _name_after_all(tokens: Sequence[Token], index: int, choices: Any, following: str) -> bool:
    """`check = 1` sets the field `check`; `lookup` without a name after it is an ordinary name."""
    if "NAME" not in choices:
        return False
    if (index == 0 and following in ("=", ".")) or (index == 1 and following == "="):
        return True
    named = index + 1 < len(tokens) and tokens[index + 1].kind == "word"
    return tokens[index].text in CALLED_BY_WORD and not named


def _next(tokens: Sequence[Token], index: int) -> str:
    return tokens[index + 1].text if index + 1 < len(tokens) else ""
