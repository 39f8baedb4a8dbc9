"""Formatting: the same module in one layout."""

from dsl import syntax
from dsl.parser import parse
from dsl.printing.alignment import align
from dsl.printing.layout import Layout
from dsl.source import Source
from dsl.tree import parse_tree


def format_text(source: Source) -> str:
    """The module laid out: comments kept, meaning the same, twice the same as once.

    A text whose blocks don't close is given back as it is.
    """
    parsed = parse(source)
    if not parsed.balanced:
        return source.text
    lines = list(Layout(parsed).lines())
    align(lines)
    written: list[str] = []
    for line in lines:
        if line.blank_before and written:
            written.append("")
        written.append(line.written())
    newline = "\r\n" if "\r\n" in source.text else "\n"
    text = newline.join([*written, ""]) if written else ""
    return text if _substance(text) == _substance(source.text) else source.text


def expression_text(expression: syntax.Expression, source: Source) -> str:
    """The text of an expression as it is written."""
    return source.slice(expression.span)


def _substance(text: str) -> list[list[str]]:
    """What a layout must not change: the words of each statement, and the comments."""
    tree = parse_tree(text)
    statements = [[" ".join(token.text.split()) for token in line.tokens] for line in tree.lines]
    return [*statements, [token.text.rstrip() for token in tree.tokens if token.kind == "comment"]]
