"""From the text of a module to its syntax: never an exception, every finding in one pass."""

from dataclasses import dataclass

from dsl import syntax
from dsl.blocks import Reader
from dsl.codes import diagnostic
from dsl.depth import MAX_DEPTH, too_deep
from dsl.diagnostics import Diagnostic
from dsl.faults import character_faults, comment_faults, line_fault
from dsl.lines import read_line
from dsl.naming import name_faults
from dsl.source import Source, Span
from dsl.tree import Tree, parse_tree

MAX_SIZE = 2_000_000
MAX_FINDINGS = 1_000
UNBALANCED = frozenset({"M102", "M103"})


@dataclass(frozen=True, slots=True)
class Parsed:
    """A module read: what it says, its tokens, and what is wrong with it."""

    source: Source
    module: syntax.Module
    tree: Tree
    diagnostics: tuple[Diagnostic, ...]


def parse(source: Source) -> Parsed:
    """Read a module; lines that don't fit stay in it as Raw and are reported."""
    if len(source.text) > MAX_SIZE:
        return _too_large(source)
    tree = parse_tree(source.text)
    reader = _read(source, tree)
    found = reader.diagnostics
    if not source.text.isascii():
        found = found + comment_faults(tree.tokens, source.path)
    module = _module(source.path, reader.stack[0].items)
    found = [*found, *name_faults(module, source.path)]
    found.sort(key=lambda d: (d.span.start, d.span.end))
    return Parsed(source, module, tree, tuple(found[:MAX_FINDINGS]))


def parse_expression(
    text: str, path: str = "", offset: int = 0
) -> tuple[syntax.Expression | None, tuple[Diagnostic, ...]]:
    """Read one expression, as a formula bar has it; spans are moved by `offset`."""
    tree = parse_tree(text)
    if not tree.lines:
        return None, (diagnostic("M101", path, Span(offset, offset), found="an empty expression"),)
    line = tree.lines[0]
    if len(tree.lines) > 1:
        second = _moved(tree.lines[1].span, offset)
        return None, (diagnostic("M101", path, second, found="a second line"),)
    line.tokens = [token._replace(start=token.start + offset) for token in line.tokens]
    faults = character_faults(line, path, "")
    if faults:
        return None, tuple(faults)
    reading = read_line(line.tokens, "expression_line")
    if reading.fault is not None or line.too_deep is not None:
        fault = reading.fault
        return None, (line_fault(line, fault, path, ""),)
    if too_deep(line, reading.node):
        return None, (diagnostic("M107", path, line.span, limit=MAX_DEPTH),)
    return reading.node, ()


def _read(source: Source, tree: Tree) -> Reader:
    """Read by counting; where blocks and ends don't add up, again by indentation, and keep what explains more."""
    reader = Reader(source)
    reader.read(tree.lines)
    faults = _unbalanced(reader)
    if not faults:
        return reader
    second = Reader(source, by_indent=True)
    second.read(tree.lines)
    better = len(second.diagnostics) <= len(reader.diagnostics) and _unbalanced(second)
    return second if better else reader


def _unbalanced(reader: Reader) -> int:
    return sum(d.code in UNBALANCED for d in reader.diagnostics)


def _module(
    path: str, items: list[syntax.Declaration | syntax.UseSchema | syntax.UseLookup]
) -> syntax.Module:
    uses = tuple(item for item in items if isinstance(item, syntax.UseSchema | syntax.UseLookup))
    declarations = tuple(item for item in items if not isinstance(item, syntax.UseSchema | syntax.UseLookup))
    return syntax.Module(path, uses, declarations)


def _too_large(source: Source) -> Parsed:
    whole = Span(0, len(source.text))
    found = diagnostic("M108", source.path, Span(0, 0), limit=MAX_SIZE, size=len(source.text))
    module = syntax.Module(source.path, (), (syntax.Raw(whole, source.text),))
    return Parsed(source, module, Tree(()), (found,))


def _moved(span: Span, offset: int) -> Span:
    return Span(span.start + offset, span.end + offset)
