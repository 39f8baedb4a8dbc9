"""Cells of people's spreadsheets as cells of the language: what a text is by its column's type."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dsl import syntax
from dsl.lines import read_line
from dsl.literals import quote
from dsl.tree import parse_tree

_CODE = re.compile(r"(?<![0-9.:-])0[0-9]+(?![0-9.:-])|[0-9]{16,}", re.ASCII)
_TEXTS = re.compile(r'("(?:[^"\\]|\\.)*")')
_SPACES = re.compile(r"\s+")
_COMMA = re.compile(r"[0-9]+,[0-9]+", re.ASCII)
_WORDED = (
    "boolean",
    "date",
    "time",
    "datetime",
    "integer",
    "decimal",
    "percent",
    "duration",
    "quantity",
    "money",
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that was read: its text in the language, and whether its column has to take `missing`."""

    text: str
    missing: bool = False
    warning: str = ""


def input_cell(text: str, type: str) -> Cell | None:
    """A condition; None where it can't be one."""
    text = _tidy(text)
    if text in ("", "-"):
        return Cell("-")
    node = parse_condition(text)
    if node is None:
        return Cell(quote(text), warning=_pattern(text)) if _takes_words(type) else None
    if type.rstrip("?") == "text":
        text = _quoted(text, _constants(node), len("| r | "))
    warning = f"`{text}` is read as several values: a decimal has a point" if _COMMA.fullmatch(text) else ""
    return Cell(text, any(isinstance(n, syntax.MissingCell) for n in _flat(node)), warning)


def output_cell(text: str, type: str, inputs: Iterable[str] = ()) -> Cell | None:
    """A value; None where it can't be one."""
    text = _tidy(text)
    if text == "":
        return Cell("missing", missing=True)
    node = parse_value(text)
    if node is None:
        return Cell(quote(text)) if _takes_words(type) else None
    if type.rstrip("?") == "text":
        plain = isinstance(node, syntax.Literal | syntax.Name)
        named = isinstance(node, syntax.Name) and node.name in set(inputs)
        text = _quoted(text, [node] if plain and not named else [], len("| r | - => "))
    return Cell(text, isinstance(node, syntax.MissingLiteral))


def inferred_type(cells: Iterable[str], is_output: bool) -> str:
    """The type of a column of people's cells: that of its constants, text where they are of several kinds."""
    kinds: set[str] = set()
    for text in map(_tidy, cells):
        if text in ("", "-"):
            continue
        node = parse_value(text) if is_output else parse_condition(text)
        if node is None or _CODE.search(text):
            return "text"
        if is_output and not isinstance(node, syntax.Literal | syntax.Unary | syntax.MissingLiteral):
            return "text"
        kinds |= {_kind(constant) for constant in _constants(node)}
    if kinds == {"integer", "decimal"}:
        return "decimal"
    return kinds.pop() if len(kinds) == 1 else "text"


def _tidy(text: str) -> str:
    """White space run together, but not within quotes; true and false as the language writes them."""
    parts = _TEXTS.split(text)
    parts[::2] = [_SPACES.sub(" ", part) for part in parts[::2]]
    words = "".join(parts).strip()
    return words.lower() if words.lower() in ("true", "false") else words


def _takes_words(type: str) -> bool:
    return type.rstrip("?").partition("(")[0] not in (*_WORDED, "any") and not type.startswith("list ")


def _pattern(text: str) -> str:
    return (
        f"`{text[:60]}` is read as a pattern: * and ? stand for other characters"
        if set(text) & {"*", "?"}
        else ""
    )


def parse_condition(text: str) -> syntax.Cell | None:
    """A cell of an input as its node; None where it does not parse."""
    row = _row(f"| r | {text} => x |")
    return row.cells[0] if row is not None and len(row.cells) == 1 else None


def parse_value(text: str) -> syntax.Expression | None:
    """A cell of an output as its node; None where it does not parse."""
    row = _row(f"| r | - => {text} |")
    return row.outputs[0] if row is not None and len(row.outputs) == 1 else None


def _row(line: str) -> syntax.TableRow | None:
    lines = parse_tree(line).lines
    if (
        len(lines) != 1
        or lines[0].unclosed
        or lines[0].too_deep
        or any(t.kind == "foreign" for t in lines[0].tokens)
    ):
        return None
    node = read_line(lines[0].tokens, "table_line").node
    return node if isinstance(node, syntax.TableRow) and lines[0].comment is None else None


def _flat(cell: syntax.Node) -> Iterator[syntax.Node]:
    yield cell
    if isinstance(cell, syntax.ListCell | syntax.NotCell):
        for inner in cell.cells:
            yield from _flat(inner)


def _constants(node: syntax.Node) -> list[syntax.Node]:
    found: list[syntax.Node] = []
    for part in _flat(node):
        match part:
            case syntax.ValueCell(value=value) | syntax.CompareCell(value=value):
                found.append(value)
            case syntax.RangeCell(low=low, high=high):
                found += [low, high]
            case syntax.Literal() | syntax.Name() | syntax.Unary():
                found.append(part)
            case syntax.PatternCell(pattern=pattern):
                found.append(syntax.Literal(part.span, "text", pattern))
    return found


def _kind(constant: syntax.Node) -> str:
    value = constant.operand if isinstance(constant, syntax.Unary) else constant
    return value.kind if isinstance(value, syntax.Literal) else "text"


def _quoted(text: str, constants: Iterable[syntax.Node], shift: int) -> str:
    """The text with every constant of it in quotes."""
    bare = [n for n in constants if not (isinstance(n, syntax.Literal) and n.kind == "text")]
    for node in sorted(bare, key=lambda n: n.span.start, reverse=True):
        start, end = node.span.start - shift, node.span.end - shift
        text = text[:start] + quote(text[start:end]) + text[end:]
    return text
