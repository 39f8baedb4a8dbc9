"""The form of a map: one row a statement, rows inside `each` and `if` below their parent."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dsl import syntax
from dsl.forms.reading import Form, find, handler_forms, placed, text_of
from dsl.literals import quote
from dsl.parser import Parsed
from dsl.source import Span

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Row:
    """A statement of a map, or a branch of an `if`, with its identity in the form.

    `path` is where it sets a value, with `[]` after each list: `defects[].line`; a `copy` has `defects[].*`.
    """

    id: str
    kind: str
    path: str
    node: syntax.Node
    depth: int
    parent: str


def path_text(steps: Sequence[str]) -> str:
    """A target path as it is written."""
    return ".".join(step if _PLAIN.fullmatch(step) else quote(step) for step in steps)


def map_form(parsed: Parsed, name: str) -> Form:
    """The rows of a map, its parameters, target and policy."""
    node = find(parsed, syntax.Map, name)
    return {
        "kind": "map",
        "name": name,
        "parameters": [{"name": p.name, "schema": p.schema, "many": p.many} for p in node.parameters],
        "target": node.target,
        "policy": handler_forms(parsed, node.policy),
        "rows": [_row_form(parsed, row) for row in map_rows(parsed, node)],
        **placed(parsed, node),
    }


def map_rows(parsed: Parsed, node: syntax.Map) -> list[Row]:
    """The rows of a map in the order of its lines."""
    return list(_Rows(parsed).of(node.body, "", 0, "", ""))


class _Rows:
    """Numbers the conditions and checks of one map while it walks through it."""

    def __init__(self, parsed: Parsed) -> None:
        self.parsed = parsed
        self.count: dict[str, int] = {}

    def _next(self, kind: str) -> int:
        self.count[kind] = self.count.get(kind, 0) + 1
        return self.count[kind]

    def of(
        self, body: Sequence[syntax.Statement], prefix: str, depth: int, parent: str, branch: str
    ) -> Iterator[Row]:
        """`prefix` is the path of the enclosing list, `branch` marks what stands under a condition."""
        for node in body:
            match node:
                case syntax.Field():
                    path = prefix + path_text(node.target)
                    yield Row(path + branch, "field", path, node, depth, parent)
                case syntax.Let():
                    yield Row(f"let:{prefix}{node.name}{branch}", "let", "", node, depth, parent)
                case syntax.Each():
                    path = prefix + path_text(node.target)
                    id = f"each:{path}{branch}"
                    yield Row(id, "each", path, node, depth, parent)
                    yield from self.of(node.body, path + "[].", depth + 1, id, branch)
                case syntax.If():
                    yield from self._if(node, prefix, depth, parent)
                case syntax.Copy():
                    yield Row(f"copy:{self._next('copy')}", "copy", f"{prefix}*", node, depth, parent)
                case syntax.Check():
                    yield Row(f"check:{self._next('check')}", "check", "", node, depth, parent)
                case _:
                    yield Row(f"raw:{self._next('raw')}", "raw", "", node, depth, parent)

    def _if(self, node: syntax.If, prefix: str, depth: int, parent: str) -> Iterator[Row]:
        number = self._next("if")
        for index, branch in enumerate(node.branches, 1):
            id = f"if:{number}" if index == 1 else f"if:{number}.{index}"
            yield Row(id, "if", "", branch, depth, parent)
            yield from self.of(branch.body, prefix, depth + 1, id, f"@{id}")
        if node.otherwise is not None:
            id = f"if:{number}.else"
            yield Row(id, "if", "", node, depth, parent)
            yield from self.of(node.otherwise, prefix, depth + 1, id, f"@{id}")


def _row_form(parsed: Parsed, row: Row) -> Form:
    form: Form = {
        "id": row.id,
        "kind": row.kind,
        "path": row.path,
        "target": "",
        "expression": "",
        "handlers": [],
        "depth": row.depth,
        "parent": row.parent or None,
        **placed(parsed, row.node),
    }
    form |= _content(parsed, row)
    return form


def _content(parsed: Parsed, row: Row) -> Form:
    node = row.node
    match node:
        case syntax.Field():
            return {
                "target": path_text(node.target),
                "expression": text_of(parsed, node.value),
                "handlers": handler_forms(parsed, node.handlers),
            }
        case syntax.Let():
            return {
                "target": node.name,
                "expression": text_of(parsed, node.value),
                "handlers": handler_forms(parsed, node.handlers),
            }
        case syntax.Each():
            return _each(parsed, node)
        case syntax.Branch():
            return {
                "expression": text_of(parsed, node.condition),
                "branch": "else if" if "." in row.id else "if",
            }
        case syntax.If():
            return {"branch": "else", **_else_place(parsed, node)}
        case syntax.Check():
            message = text_of(parsed, node.message)
            return {"expression": text_of(parsed, node.condition), "action": node.action, "message": message}
        case syntax.Copy():
            source = text_of(parsed, node.source)
            return {"text": text_of(parsed, node), "source": source, "excepted": list(node.excepted)}
        case _:
            return {"text": text_of(parsed, node)}


def _each(parsed: Parsed, node: syntax.Each) -> Form:
    head = parsed.source.text[node.span.start : node.target_span.start]
    return {
        "target": path_text(node.target),
        "expression": head.removeprefix("each").strip().removesuffix("into").strip(),
        "variable": node.variable,
        "source": text_of(parsed, node.source),
        "where": text_of(parsed, node.where),
        "group_by": [text_of(parsed, key) for key in node.group_by],
        "order_by": [text_of(parsed, key) for key in node.order_by],
    }


def _else_place(parsed: Parsed, node: syntax.If) -> Form:
    line = else_line(parsed, node)
    return {
        "line": parsed.source.position(line.start)[0] if line is not None else 0,
        "comment": "",
        "above": [],
    }


def else_line(parsed: Parsed, node: syntax.If) -> Span | None:
    """Where the `else` of an `if` stands: the last one after its branches and before what it holds."""
    start = max(
        [branch.span.end for branch in node.branches]
        + [s.span.end for branch in node.branches for s in branch.body]
    )
    end = node.otherwise[0].span.start if node.otherwise else node.span.end
    for line in parsed.tree.lines_between(start, end):
        if len(line.tokens) == 1 and line.first == "else":
            return line.span
    return None
