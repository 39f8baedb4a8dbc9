"""From the text of a module to its syntax: never an exception, every finding in one pass."""

from dataclasses import dataclass

from dsl import syntax
from dsl.blocks import Reader
from dsl.depth import MAX_DEPTH, too_deep
from dsl.diagnostics import Diagnostic
from dsl.faults import character_faults, comment_faults, line_fault
from dsl.findings import MAX_FINDINGS, Findings
from dsl.lines import read_line
from dsl.naming import name_faults
from dsl.source import Source, Span
from dsl.tree import MAX_DEPTH as MAX_BRACKETS
from dsl.tree import Line, Tree, parse_tree

MAX_SIZE = 2_000_000


@dataclass(frozen=True, slots=True)
class Parsed:
    """A module read: what it says, its tokens, and what is wrong with it.

    `balanced` says that it was read whole and every block has its `end`.
    """

    source: Source
    module: syntax.Module
    tree: Tree
    diagnostics: tuple[Diagnostic, ...]
    balanced: bool


def parse(source: Source) -> Parsed:
    """Read a module; lines that don't fit stay in it as Raw and are reported."""
    if len(source.text) > MAX_SIZE:
        return _too_large(source)
    tree = parse_tree(source.text)
    reader = _read(source, tree)
    findings = reader.findings
    findings.subject = ""
    if not source.text.isascii():
        comment_faults(tree.tokens, findings)
    module = _module(source.path, reader.stack[0].items)
    name_faults(module, findings)
    found = sorted(findings.found, key=lambda d: (d.span.start, d.span.end))
    return Parsed(source, module, tree, tuple(found[:MAX_FINDINGS]), not findings.unbalanced)


def parse_expression(
    text: str, path: str = "", offset: int = 0
) -> tuple[syntax.Expression | None, tuple[Diagnostic, ...]]:
    """Read one expression, as a formula bar has it; spans are moved by `offset`."""
    findings = Findings(path)
    lines = parse_tree(text).lines
    for line in lines[:1]:
        line.tokens = [token._replace(start=token.start + offset) for token in line.tokens]
    node = _expression(lines[0], findings) if len(lines) == 1 else None
    if not lines:
        findings.not_understood(Span(offset, offset), "an empty expression")
    elif len(lines) > 1:
        second = lines[1].span
        findings.not_understood(Span(second.start + offset, second.end + offset), "a second line")
    return node, tuple(findings.found)


def _expression(line: Line, findings: Findings) -> syntax.Expression | None:
    if character_faults(line, findings):
        return None
    if line.too_deep is not None:
        findings.too_deep(line.span, MAX_BRACKETS)
        return None
    reading = read_line(line.tokens, "expression_line")
    if reading.fault is not None:
        line_fault(line, reading.fault, findings)
        return None
    if too_deep(line, reading.node):
        findings.too_deep(line.span, MAX_DEPTH)
        return None
    node: syntax.Expression = reading.node
    return node


def _read(source: Source, tree: Tree) -> Reader:
    """Read by counting; where blocks and ends don't add up, again by indentation, and keep what blames less."""
    reader = Reader(source)
    reader.read(tree.lines)
    if not reader.findings.unbalanced:
        return reader
    second = Reader(source, by_indent=True)
    second.read(tree.lines)
    fewer = len(second.findings.found) <= len(reader.findings.found)
    return second if fewer and second.findings.unbalanced else reader


def _module(
    path: str, items: list[syntax.Declaration | syntax.UseSchema | syntax.UseLookup]
) -> syntax.Module:
    uses = tuple(item for item in items if isinstance(item, syntax.UseSchema | syntax.UseLookup))
    declarations = tuple(item for item in items if not isinstance(item, syntax.UseSchema | syntax.UseLookup))
    return syntax.Module(path, uses, declarations)


def _too_large(source: Source) -> Parsed:
    findings = Findings(source.path)
    findings.too_large(MAX_SIZE, len(source.text))
    raw = syntax.Raw(Span(0, len(source.text)), source.text)
    return Parsed(source, syntax.Module(source.path, (), (raw,)), Tree(()), tuple(findings.found), False)
