"""Edits of flows and playbooks: a property, a key, a step or a reaction as the least change of its line."""

from collections.abc import Sequence

from dsl import syntax
from dsl.building.parts import FlowLine, Part
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
from dsl.forms.reading import find
from dsl.literals import quote
from dsl.parser import Parsed
from dsl.source import Span

STEP = "  "
_WORDS = {"identify_by": "identify by", "order_by": "order by", "business_time": "business time by"}
_PLAIN = ("owner", "criticality", "sla")


# ------------------------------------------------------------------ properties


def set_flow_property(parsed: Parsed, flow: str, name: str, text: str) -> tuple[Edit, ...]:
    """Another value of owner, criticality, sla, identify_by, order_by, business_time or playbook.

    An empty text takes it out; what is not there yet becomes a line behind `receive`.
    """
    node, text = find(parsed, syntax.Flow, flow), text.strip()
    if name in _PLAIN:
        return _set_plain(parsed, node, name, quote(text) if name == "owner" and text else text)
    if name == "playbook":
        return _set_playbook(parsed, node, text)
    if name not in _WORDS:
        raise refused(f"a flow has no {name}")
    value = {"identify_by": node.identify_by, "order_by": node.order_by, "business_time": node.business_time}[
        name
    ]
    if value is None:
        return _insert(parsed, node, f"{_WORDS[name]} {expression_checked(text)}") if text else ()
    if text:
        return checked(parsed, [Edit(parsed.source.path, value.span, expression_checked(text))])
    return _take_out(parsed, value.span, len(_WORDS[name].split()))


def _set_plain(parsed: Parsed, node: syntax.Flow, word: str, text: str) -> tuple[Edit, ...]:
    for line in parsed.tree.lines_between(node.span.start, node.span.end):
        for before, token in zip(line.tokens, line.tokens[1:], strict=False):
            if before.text == word and line.first in _PLAIN:
                if not text:
                    return _take_out(parsed, token.span, 1)
                return checked(parsed, [Edit(parsed.source.path, token.span, text)])
    return _insert(parsed, node, f"{word} {text}") if text else ()


def _set_playbook(parsed: Parsed, node: syntax.Flow, name: str) -> tuple[Edit, ...]:
    if node.playbook_span is None:
        if not name:
            return ()
        place = line_start(parsed.source, end_of_block(parsed, node).start)
        text = f"{_inner(parsed, node)}on failure playbook {quote(name)}{line_break(parsed.source)}"
        return checked(parsed, [Edit(parsed.source.path, Span(place, place), text)])
    if not name:
        return _take_out(parsed, node.playbook_span, 3)
    if name == node.playbook:
        return ()
    return checked(parsed, [Edit(parsed.source.path, node.playbook_span, quote(name))])


def set_receive(
    parsed: Parsed, flow: str, endpoint: str, variable: str, schema: str, version: str
) -> tuple[Edit, ...]:
    """What a flow receives, under which name, by which schema."""
    node = find(parsed, syntax.Flow, flow)
    lines = parsed.tree.lines_between(node.span.start, node.span.end)
    line = next((line for line in lines if line.first == "receive"), None)
    if line is None:
        raise refused(f"{flow} has no `receive` on a line of its own")
    stop = next((t.start for t in line.tokens if t.text == "on"), line.span.end)
    old = parsed.source.slice(Span(line.span.start, stop)).rstrip()
    said = f" {quote(version)}" if version else ""
    text = f"receive {endpoint.strip()} as {variable.strip()} : {schema.strip()}{said}"
    if " ".join(old.split()) == text:
        return ()
    single_line(text, "flow_line", FlowLine)
    return checked(
        parsed, [Edit(parsed.source.path, Span(line.span.start, line.span.start + len(old)), text)]
    )


def set_flow_keys(parsed: Parsed, flow: str, keys: Sequence[tuple[str, str]]) -> tuple[Edit, ...]:
    """The business keys of a flow, in order; those that stay as they are keep their text."""
    node = find(parsed, syntax.Flow, flow)
    pairs = [(name.strip(), expression_checked(text)) for name, text in keys]
    old = [(name, parsed.source.slice(value.span)) for name, value in node.keys]
    if pairs == old:
        return ()
    text = "keys " + ", ".join(f"{name} = {value}" for name, value in pairs)
    if not node.keys:
        return _insert(parsed, node, text)
    if [name for name, _ in pairs] == [name for name, _ in old]:
        changed = zip(node.keys, pairs, strict=True)
        return checked(
            parsed, [Edit(parsed.source.path, value.span, new) for (_, value), (_, new) in changed]
        )
    line = parsed.tree.line_at(node.keys[0][1].span.start)
    assert line is not None
    last = node.keys[-1][1].span.end
    if not pairs:
        whole = line.span.end == last
        span = whole_lines(parsed.source, line.span) if whole else Span(line.span.start, last)
        return checked(parsed, [Edit(parsed.source.path, span, "")])
    return checked(parsed, [Edit(parsed.source.path, Span(line.span.start, last), text)])


# ------------------------------------------------------------------ steps


def set_step(parsed: Parsed, flow: str, number: int, text: str) -> tuple[Edit, ...]:
    """Another text of the step with that number (from 1)."""
    _step_checked(text)
    return checked(parsed, [Edit(parsed.source.path, _step(parsed, flow, number).span, text.strip())])


def add_step(parsed: Parsed, flow: str, text: str, after: int | None = None) -> tuple[Edit, ...]:
    """One step more, behind that of a number (0: the first), or last."""
    _step_checked(text)
    node = find(parsed, syntax.Flow, flow)
    line = f"{_inner(parsed, node)}{text.strip()}{line_break(parsed.source)}"
    count = len(node.steps) if after is None else after
    if count > 0:
        place = whole_lines(parsed.source, _line_span(parsed, _step(parsed, flow, count))).end
    elif node.steps:
        place = whole_lines(parsed.source, node.steps[0].span).start
    else:
        place = line_start(parsed.source, end_of_block(parsed, node).start)
    return checked(parsed, [Edit(parsed.source.path, Span(place, place), line)])


def remove_step(parsed: Parsed, flow: str, number: int) -> tuple[Edit, ...]:
    """Take a step out; a playbook named on its line stays."""
    step = _step(parsed, flow, number)
    line = _line_span(parsed, step)
    span = whole_lines(parsed.source, line) if line == step.span else step.span
    return checked(parsed, [Edit(parsed.source.path, span, "")])


def move_step(parsed: Parsed, flow: str, number: int, before: int | None) -> tuple[Edit, ...]:
    """Put a step before another one, or (None) last of the steps."""
    node = find(parsed, syntax.Flow, flow)
    step = _step(parsed, flow, number)
    if _line_span(parsed, step) != step.span:
        raise refused("a step whose line says something else too is moved in the text")
    span = whole_lines(parsed.source, step.span)
    other = node.steps[-1] if before is None else _step(parsed, flow, before)
    if other is step:
        return ()
    lines = whole_lines(parsed.source, _line_span(parsed, other))
    place = lines.end if before is None else lines.start
    text = parsed.source.slice(span)
    moved = [Edit(parsed.source.path, span, ""), Edit(parsed.source.path, Span(place, place), text)]
    return checked(parsed, moved)


def _step(parsed: Parsed, flow: str, number: int) -> syntax.Step:
    steps = find(parsed, syntax.Flow, flow).steps
    if not 1 <= number <= len(steps):
        raise refused(f"{flow} has no step {number}")
    return steps[number - 1]


def _step_checked(text: str) -> None:
    single_line(text, "flow_line", FlowLine)
    if not any(text.split()[:1] == [word] for word in ("map", "apply", "enrich", "call", "reply")):
        raise refused(f"`{text.strip()}` is no step: map with, apply, enrich, call or reply using")


# ------------------------------------------------------------------ playbooks


def set_runbook(parsed: Parsed, playbook: str, path: str) -> tuple[Edit, ...]:
    """The page that says what to do; an empty one takes the line out."""
    node, path = find(parsed, syntax.Playbook, playbook), path.strip()
    for line in parsed.tree.lines_between(node.span.start, node.span.end):
        if line.first == "runbook":
            span = line.tokens[1].span
            if not path:
                return _take_out(parsed, span, 1)
            return (
                checked(parsed, [Edit(parsed.source.path, span, quote(path))]) if path != node.runbook else ()
            )
    if not path:
        return ()
    place = whole_lines(parsed.source, node.name_span).end
    text = f"{_inner(parsed, node)}runbook {quote(path)}{line_break(parsed.source)}"
    return checked(parsed, [Edit(parsed.source.path, Span(place, place), text)])


def set_reaction(parsed: Parsed, playbook: str, number: int, text: str) -> tuple[Edit, ...]:
    """Another text of the reaction with that number (from 1)."""
    single_line(text, "playbook_line", Part)
    return checked(parsed, [Edit(parsed.source.path, _reaction(parsed, playbook, number).span, text.strip())])


def add_reaction(parsed: Parsed, playbook: str, text: str) -> tuple[Edit, ...]:
    """One reaction more, the last."""
    single_line(text, "playbook_line", Part)
    node = find(parsed, syntax.Playbook, playbook)
    place = line_start(parsed.source, end_of_block(parsed, node).start)
    line = f"{_inner(parsed, node)}{text.strip()}{line_break(parsed.source)}"
    return checked(parsed, [Edit(parsed.source.path, Span(place, place), line)])


def remove_reaction(parsed: Parsed, playbook: str, number: int) -> tuple[Edit, ...]:
    """Take a reaction out."""
    node = _reaction(parsed, playbook, number)
    whole = _line_span(parsed, node) == node.span
    return checked(
        parsed, [Edit(parsed.source.path, whole_lines(parsed.source, node.span) if whole else node.span, "")]
    )


def _reaction(parsed: Parsed, playbook: str, number: int) -> syntax.Reaction | syntax.Raw:
    reactions = find(parsed, syntax.Playbook, playbook).reactions
    if not 1 <= number <= len(reactions):
        raise refused(f"{playbook} has no reaction {number}")
    return reactions[number - 1]


# ------------------------------------------------------------------ lines


def _inner(parsed: Parsed, node: syntax.Flow | syntax.Playbook) -> str:
    return indent_of(parsed.source, node.span.start) + STEP


def _line_span(parsed: Parsed, node: syntax.Node) -> Span:
    """The whole statement in which a node stands."""
    line = parsed.tree.line_at(node.span.start)
    return node.span if line is None else line.span


def _insert(parsed: Parsed, node: syntax.Flow, text: str) -> tuple[Edit, ...]:
    """A line behind `receive`."""
    single_line(text, "flow_line", FlowLine)
    lines = parsed.tree.lines_between(node.span.start, node.span.end)
    line = next((line for line in lines if line.first == "receive"), None)
    place = whole_lines(parsed.source, line.span if line is not None else node.name_span).end
    whole = f"{_inner(parsed, node)}{text}{line_break(parsed.source)}"
    return checked(parsed, [Edit(parsed.source.path, Span(place, place), whole)])


def _take_out(parsed: Parsed, value: Span, words: int) -> tuple[Edit, ...]:
    """A value with the words before it; with its line where nothing else stands on it."""
    line = parsed.tree.line_at(value.start)
    assert line is not None
    index = next(i for i, token in enumerate(line.tokens) if token.start >= value.start)
    start = line.tokens[index - words].start
    if (start, value.end) == (line.span.start, line.span.end):
        return checked(parsed, [Edit(parsed.source.path, whole_lines(parsed.source, line.span), "")])
    end = value.end
    text = parsed.source.text
    while end < len(text) and text[end] == " ":
        end += 1
    if end >= line.span.end:
        start = line.tokens[index - words - 1].span.end
        end = value.end
    return checked(parsed, [Edit(parsed.source.path, Span(start, end), "")])
