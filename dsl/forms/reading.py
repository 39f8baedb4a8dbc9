"""What every form needs: a construct by its name, texts of nodes, lines, comments."""

from collections.abc import Sequence
from typing import Any, TypeVar

from dsl import syntax
from dsl.errors import FormError
from dsl.parser import Parsed

Form = dict[str, Any]
D = TypeVar(
    "D",
    syntax.Map,
    syntax.Function,
    syntax.Type,
    syntax.Lookup,
    syntax.Table,
    syntax.Rules,
    syntax.Flow,
    syntax.Playbook,
    syntax.Dataset,
)


def find(parsed: Parsed, kind: type[D], name: str) -> D:
    """The declaration of that kind and name; FormError where the module has none."""
    for declaration in parsed.module.declarations:
        if isinstance(declaration, kind) and declaration.name == name:
            return declaration
    raise FormError(f"{parsed.source.path} has no {kind.__name__.lower()} {name}", {"name": name})


def text_of(parsed: Parsed, node: syntax.Node | None) -> str:
    """The text of a node as it is written, empty for none."""
    return "" if node is None else parsed.source.slice(node.span)


def line_of(parsed: Parsed, node: syntax.Node) -> int:
    """The line (from 1) on which a node begins."""
    return parsed.source.position(node.span.start)[0]


def comment_of(parsed: Parsed, node: syntax.Node) -> str:
    """The comment at the end of the statement that begins where the node does."""
    line = parsed.tree.line_at(node.span.start)
    return "" if line is None or line.comment is None else line.comment.text[1:].strip()


def above(parsed: Parsed, node: syntax.Node) -> list[str]:
    """The comments that stand on lines of their own before a statement."""
    line = parsed.tree.line_at(node.span.start)
    return [] if line is None else [comment.text[1:].strip() for comment in line.above]


def placed(parsed: Parsed, node: syntax.Node) -> Form:
    """Where a row stands and what is noted on it."""
    return {
        "line": line_of(parsed, node),
        "comment": comment_of(parsed, node),
        "above": above(parsed, node),
    }


def handler_forms(parsed: Parsed, handlers: Sequence[syntax.Handler]) -> list[Form]:
    """What happens on each kind of failure."""
    return [
        {
            "on": handler.failure,
            "action": handler.action,
            "value": text_of(parsed, handler.value) if handler.value is not None else None,
            "warn": handler.warn,
        }
        for handler in handlers
    ]


def type_text(parsed: Parsed, type: syntax.TypeRef) -> str:
    """A type as it is written."""
    return parsed.source.slice(type.span)


def columns_form(parsed: Parsed, columns: Sequence[syntax.Column]) -> list[Form]:
    """Columns with their types."""
    return [{"name": column.name, "type": type_text(parsed, column.type)} for column in columns]
