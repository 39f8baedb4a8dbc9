"""Edits of a map: one row of its form, one line of its text."""

from collections.abc import Mapping, Sequence
from typing import Any

from dsl import syntax
from dsl.building.parts import EachHead, ElseLine, IfHead
from dsl.diagnostics import Edit
from dsl.edits.applying import (
    checked,
    end_of_block,
    expression_checked,
    indent_of,
    line_break,
    line_start,
    refused,
    single_line,
    whole_lines,
)
from dsl.forms.maps import Row, else_line, map_rows
from dsl.forms.reading import find, handler_forms
from dsl.parser import Parsed
from dsl.source import Span

Handlers = Sequence[Mapping[str, Any]]


def set_field(
    parsed: Parsed, map: str, target: str, expression: str, handlers: Handlers | None = None
) -> tuple[Edit, ...]:
    """Give a row of a map another expression and other handlers; a field that is not there is added.

    `target` is the id of the row in the form: a target path (`supplier.id`, `defects[].line`) or
    `let:x`, `each:defects`, `if:1`, `check:1`. Handlers that are None stay as they are.
    """
    expression = expression.strip()
    node = find(parsed, syntax.Map, map)
    row = _row(parsed, node, target)
    if row is None:
        return _added(parsed, node, target, expression, handlers or ())
    statement = row.node
    if isinstance(statement, syntax.Field | syntax.Let):
        expression_checked(expression)
        if handlers is None:
            return checked(parsed, [_value_edit(parsed, statement, expression)])
        value = Edit(parsed.source.path, statement.value.span, expression)
        changed = _handler_edits(parsed, statement, handlers)
        return checked(parsed, [value, *changed] if changed else [_value_edit(parsed, statement, expression)])
    if isinstance(statement, syntax.Each):
        single_line(f"each {expression} into x", "map_line", EachHead)
        return checked(parsed, [Edit(parsed.source.path, _each_span(parsed, statement), expression)])
    if isinstance(statement, syntax.Branch | syntax.Check):
        single_line(f"if {expression}", "map_line", IfHead)
        return checked(parsed, [Edit(parsed.source.path, statement.condition.span, expression)])
    raise refused(f"{target} has no expression")


def remove_field(parsed: Parsed, map: str, target: str) -> tuple[Edit, ...]:
    """Take a row out of a map; an `each` or the first branch of an `if` with all that stands in it."""
    node = find(parsed, syntax.Map, map)
    row = _row(parsed, node, target)
    if row is None:
        raise refused(f"{map} has no row {target}")
    span = _row_span(parsed, node, row)
    return checked(parsed, [Edit(parsed.source.path, whole_lines(parsed.source, span), "")])


def set_line(parsed: Parsed, map: str, row_id: str, text: str) -> tuple[Edit, ...]:
    """Replace the text of a one-line row, raw ones included, by another one-line statement."""
    node = find(parsed, syntax.Map, map)
    row = _row(parsed, node, row_id)
    if row is None or row.kind in ("if", "each"):
        raise refused(f"{row_id} is no row of one line")
    single_line(text, "map_line", (syntax.Field, syntax.Let, syntax.Check, syntax.Copy))
    return checked(parsed, [Edit(parsed.source.path, row.node.span, text.strip())])


def add_line(parsed: Parsed, map: str, text: str, parent: str = "") -> tuple[Edit, ...]:
    """Add a statement at the end of the map, or of an `each` or `if` of it; a new `each` or `if` is empty.

    An `else` or `else if` becomes the last branch of the `if` that `parent` names.
    """
    node = find(parsed, syntax.Map, map)
    if text.split()[:1] == ["else"]:
        return _branch_added(parsed, node, text, parent)
    line = single_line(
        text, "map_line", (syntax.Field, syntax.Let, syntax.Check, syntax.Copy, EachHead, IfHead)
    )
    edit = _insert(parsed, node, parent, text.strip())
    opens = line.first in ("each", "if") and line.tokens[1].text not in ("=", ".")
    if opens:
        inside = edit.text[: len(edit.text) - len(edit.text.lstrip())]
        edit = Edit(edit.file, edit.span, f"{edit.text}{inside}end{line_break(parsed.source)}")
    return checked(parsed, [edit])


def set_policy(parsed: Parsed, map: str, handlers: Handlers) -> tuple[Edit, ...]:
    """What the map does with failures that no line handles: one line below its head for each."""
    node = find(parsed, syntax.Map, map)
    texts = [handler_text(handler) for handler in handlers]
    path = parsed.source.path
    if texts and len(texts) == len(node.policy):
        said = [handler_text(form) for form in handler_forms(parsed, node.policy)]
        pairs = zip(node.policy, texts, said, strict=True)
        return checked(parsed, [Edit(path, old.span, text) for old, text, now in pairs if text != now])
    head = parsed.tree.line_at(node.span.start)
    assert head is not None
    start = node.policy[0].span.start if node.policy else head.span.end
    before = parsed.source.text[:start].rstrip()
    lines = "".join(f"{line_break(parsed.source)}  {text}" for text in texts)
    return checked(parsed, [Edit(path, Span(len(before), head.span.end), lines)])


def _row(parsed: Parsed, node: syntax.Map, id: str) -> Row | None:
    rows = map_rows(parsed, node)
    return next((row for row in rows if row.id == id), None)


def _value_edit(parsed: Parsed, statement: syntax.Field | syntax.Let, expression: str) -> Edit:
    """Replace the expression; handlers that stand in a column of their own stay in it where there is room."""
    path, value = parsed.source.path, statement.value.span
    if not statement.handlers or parsed.source.slice(value) == expression:
        return Edit(path, value, expression)
    gap = parsed.source.text[value.end : statement.handlers[0].span.start]
    if len(gap) == 1 or gap.strip(" "):
        return Edit(path, value, expression)
    room = value.end + len(gap) - value.start - len(expression)
    return Edit(path, Span(value.start, value.end + len(gap)), expression + " " * max(room, 1))


def _each_span(parsed: Parsed, node: syntax.Each) -> Span:
    """What stands between `each` and `into`."""
    line = parsed.tree.line_at(node.span.start)
    assert line is not None
    into = max(i for i, t in enumerate(line.tokens) if t.text == "into" and t.start < node.target_span.start)
    return Span(line.tokens[1].start, line.tokens[into - 1].span.end)


def _row_span(parsed: Parsed, node: syntax.Map, row: Row) -> Span:
    """All that goes with a row: the statement; of an `if` the whole block or one branch."""
    if not isinstance(row.node, syntax.Branch | syntax.If):
        return row.node.span
    whole = next(s for s in _ifs(node.body) if s is row.node or row.node in s.branches)
    if row.node is whole.branches[0]:
        return whole.span
    span = _branch_span(parsed, node, row)
    return Span(span.start, line_start(parsed.source, span.end) - 1)


def _ifs(body: Sequence[syntax.Statement]) -> list[syntax.If]:
    found: list[syntax.If] = []
    for statement in body:
        if isinstance(statement, syntax.Each):
            found += _ifs(statement.body)
        elif isinstance(statement, syntax.If):
            found.append(statement)
            for branch in statement.branches:
                found += _ifs(branch.body)
            found += _ifs(statement.otherwise or ())
    return found


# ---------------------------------------------------------------- handlers


def handler_text(handler: Mapping[str, Any]) -> str:
    """A handler of a form as it is written."""
    words = ["on", str(handler["on"]), str(handler["action"])]
    if handler["action"] == "use":
        words.append(expression_checked(str(handler.get("value") or "")))
    return " ".join([*words, *(["warn"] if handler.get("warn") else [])])


def _handler_edits(parsed: Parsed, statement: syntax.Field | syntax.Let, handlers: Handlers) -> list[Edit]:
    """Nothing where they say the same already; else the least that makes the text say it."""
    wanted = [handler_text(handler) for handler in handlers]
    if wanted == [handler_text(form) for form in handler_forms(parsed, statement.handlers)]:
        return []
    text = " ".join(wanted)
    path, value_end = parsed.source.path, statement.value.span.end
    if not statement.handlers:
        return [Edit(path, Span(value_end, value_end), "  " + text)]
    old = Span(statement.handlers[0].span.start, statement.handlers[-1].span.end)
    if not wanted:
        return [Edit(path, Span(value_end, old.end), "")]
    return [Edit(path, old, text)]


# ---------------------------------------------------------------- adding


def _added(
    parsed: Parsed, node: syntax.Map, target: str, expression: str, handlers: Handlers
) -> tuple[Edit, ...]:
    parent, path = _parent_of(parsed, node, target)
    expression_checked(expression)
    handled = " ".join(handler_text(handler) for handler in handlers)
    text = f"{expression}  {handled}".rstrip()
    single_line(f"{path} = {text}", "map_line", syntax.Field)
    width = _equal_column(parsed, node, parent)
    return checked(parsed, [_insert(parsed, node, parent, f"{path.ljust(width)} = {text}")])


def _branch_added(parsed: Parsed, node: syntax.Map, text: str, parent: str) -> tuple[Edit, ...]:
    """One branch more, above the `end` of the whole `if`, or above the `else` where it has one."""
    single_line(text, "map_line", ElseLine)
    row = _row(parsed, node, parent)
    whole = next((s for s in _ifs(node.body) if row and (s is row.node or row.node in s.branches)), None)
    if whole is None:
        raise refused("an `else` stands in an `if`: choose the one it belongs to")
    last = else_line(parsed, whole)
    above = last.start if last is not None and text.split() != ["else"] else end_of_block(parsed, whole).start
    place = line_start(parsed.source, above)
    line = indent_of(parsed.source, whole.span.start) + text.strip() + line_break(parsed.source)
    return checked(parsed, [Edit(parsed.source.path, Span(place, place), line)])


def _parent_of(parsed: Parsed, node: syntax.Map, target: str) -> tuple[str, str]:
    """The row under which a new field stands, and its path there: `defects[].line` goes into `each:defects`."""
    target, _, branch = target.partition("@")
    head, brackets, path = target.rpartition("[].")
    parent = f"each:{head}" if brackets else ""
    if branch:
        parent = branch
    if parent and _row(parsed, node, parent) is None:
        raise refused(f"nothing in {node.name} fills {head or branch}")
    return parent, path if brackets else target


def _insert(parsed: Parsed, node: syntax.Map, parent: str, text: str) -> Edit:
    """The edit that puts a line at the end of a block."""
    source = parsed.source
    body, end = _body(parsed, node, parent)
    inside = indent_of(source, body[0].span.start) if body else indent_of(source, end) + "  "
    place = line_start(source, end)
    return Edit(source.path, Span(place, place), inside + text + line_break(source))


def _body(parsed: Parsed, node: syntax.Map, parent: str) -> tuple[Sequence[syntax.Statement], int]:
    """The statements of a block and where the word stands that closes it."""
    row = _row(parsed, node, parent) if parent else None
    if row is None:
        return node.body, end_of_block(parsed, node).start
    if isinstance(row.node, syntax.Each):
        return row.node.body, end_of_block(parsed, row.node).start
    span = _branch_span(parsed, node, row)
    body = (
        row.node.body if isinstance(row.node, syntax.Branch) else getattr(row.node, "otherwise", None) or ()
    )
    return body, span.end


def _branch_span(parsed: Parsed, node: syntax.Map, row: Row) -> Span:
    """A branch of an `if`, up to the `else` or `end` after it."""
    whole = next((s for s in _ifs(node.body) if s is row.node or row.node in s.branches), None)
    if whole is None:
        raise refused(f"{row.id} holds no rows")
    otherwise = else_line(parsed, whole)
    starts = [branch.span.start for branch in whole.branches]
    starts += [otherwise.start] if otherwise is not None else []
    start = row.node.span.start if isinstance(row.node, syntax.Branch) else starts[-1]
    following = [s for s in starts if s > start] or [end_of_block(parsed, whole).start]
    return Span(start, following[0])


def _equal_column(parsed: Parsed, node: syntax.Map, parent: str) -> int:
    """How wide the targets beside a new field are, so that its `=` stands under theirs."""
    body, _ = _body(parsed, node, parent)
    fields = [s for s in body if isinstance(s, syntax.Field)]
    if not fields:
        return 0
    line = parsed.tree.line_at(fields[-1].span.start)
    equal = next((t for t in line.tokens if t.text == "=") if line is not None else iter(()), None)
    return 0 if equal is None else equal.start - 1 - fields[-1].span.start
