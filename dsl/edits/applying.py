"""Edits of text: applying them, and refusing those after which the text could not be read."""

from collections import Counter
from collections.abc import Iterable, Sequence

from dsl import syntax
from dsl.diagnostics import Diagnostic, Edit
from dsl.errors import EditError
from dsl.lines import read_line
from dsl.parser import Parsed, parse, parse_expression
from dsl.source import Source, Span
from dsl.tree import Line, Token, parse_tree


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text after edits whose spans refer to the text before all of them."""
    result = text
    for edit in sorted(edits, key=lambda e: (e.span.start, e.span.end), reverse=True):
        result = result[: edit.span.start] + edit.text + result[edit.span.end :]
    return result


def checked(parsed: Parsed, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The edits, unless the text would have faults afterwards that it has not now."""
    edits = tuple(edit for edit in edits if parsed.source.slice(edit.span) != edit.text)
    if not edits:
        return ()
    after = parse(Source(parsed.source.path, apply_edits(parsed.source.text, edits)))
    before = Counter(d.code for d in parsed.diagnostics)
    new = after.diagnostics
    if any(count > before[code] for code, count in Counter(d.code for d in new).items()):
        raise refused("the text could not be read after this change", new)
    return edits


def moved(parsed: Parsed, span: Span, place: int) -> tuple[Edit, ...]:
    """Whole lines go to another place; at their own, nothing happens."""
    if span.start <= place <= span.end:
        return ()
    path = parsed.source.path
    return checked(parsed, [Edit(path, span, ""), Edit(path, Span(place, place), parsed.source.slice(span))])


def expression_checked(text: str) -> str:
    """The text of one expression, trimmed; EditError where it is none."""
    text = text.strip()
    node, found = parse_expression(text)
    if node is None:
        raise refused(f"`{text}` is not an expression", found)
    if parse_tree(text).lines[0].comment is not None:
        raise refused(f"`{text}` ends with a comment")
    return text


def single_line(
    text: str, start: str, kind: type[syntax.Node] | tuple[type[syntax.Node], ...], shown: str = ""
) -> Line:
    """The one statement that a text is; EditError (about `shown`) where it is none, or more than one."""
    shown = shown or f"`{text.strip()}`"
    tree = parse_tree(text)
    if len(tree.lines) != 1 or any(token.kind == "comment" for token in tree.tokens):
        raise refused(f"{shown} is not one statement")
    line = tree.lines[0]
    reading = read_line(line.tokens, start)
    if reading.fault is not None or not isinstance(reading.node, kind):
        token = reading.fault.token if reading.fault is not None else None
        where = f" at `{token.text}`" if token is not None else ""
        raise refused(f"{shown} can't be read{where}")
    return line


def refused(message: str, found: Sequence[Diagnostic] = ()) -> EditError:
    """The error that says why an edit is not made."""
    return EditError(": ".join([message, *(d.message for d in found[:1])]), {"diagnostics": list(found)})


def line_break(source: Source) -> str:
    """The line break that the text uses."""
    return "\r\n" if "\r\n" in source.text else "\n"


def whole_lines(source: Source, span: Span) -> Span:
    """A span widened to whole lines of text, the line break at its end included."""
    start = source.text.rfind("\n", 0, span.start) + 1
    end = source.text.find("\n", span.end)
    return Span(start, len(source.text) if end < 0 else end + 1)


def line_start(source: Source, offset: int) -> int:
    """Where the line of text begins in which an offset lies."""
    return source.text.rfind("\n", 0, offset) + 1


def indent_of(source: Source, offset: int) -> str:
    """The white space at the beginning of the line of text in which an offset lies."""
    start = line_start(source, offset)
    line = source.text[start : max(offset, start)]
    return line[: len(line) - len(line.lstrip())]


def end_of_block(parsed: Parsed, node: syntax.Node) -> Token:
    """The `end` of a block; EditError where it has none."""
    line = next((ln for ln in parsed.tree.lines_between(node.span.end - 3, node.span.end)), None)
    if line is None or line.first != "end":
        raise refused("the block has no `end` yet; write it in the text first")
    return line.tokens[0]
