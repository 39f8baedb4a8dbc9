"""Edits of rules: condition, action or reason of one rule."""

from dsl import syntax
from dsl.building.parts import Part
from dsl.diagnostics import Edit
from dsl.edits.applying import (
    checked,
    expression_checked,
    indent_of,
    line_break,
    refused,
    single_line,
    whole_lines,
)
from dsl.forms.reading import find
from dsl.forms.rules import action_text
from dsl.lines import read_line
from dsl.literals import quote
from dsl.parser import Parsed
from dsl.source import Span


def set_when(parsed: Parsed, rules: str, rule: str, expression: str) -> tuple[Edit, ...]:
    """Another condition; an empty one lets the rule always fire."""
    node = rule_named(parsed, rules, rule)
    if not expression.strip():
        return _without(parsed, node, "when")
    text = expression_checked(expression)
    if node.when is not None:
        return checked(parsed, [Edit(parsed.source.path, node.when.span, text)])
    return checked(parsed, [_line_before(parsed, node.actions[0], f"when {text}")])


def set_because(parsed: Parsed, rules: str, rule: str, reason: str) -> tuple[Edit, ...]:
    """Another reason; an empty one takes the line out."""
    node = rule_named(parsed, rules, rule)
    if not reason.strip():
        return _without(parsed, node, "because")
    text = f"because {quote(reason.strip())}"
    span = _line_of(parsed, node, "because")
    if span is not None:
        return checked(parsed, [Edit(parsed.source.path, span, text)])
    last = node.actions[-1].span
    place = whole_lines(parsed.source, last).end
    line = indent_of(parsed.source, last.start) + text + line_break(parsed.source)
    return checked(parsed, [Edit(parsed.source.path, Span(place, place), line)])


def set_action(parsed: Parsed, rules: str, rule: str, number: int, text: str) -> tuple[Edit, ...]:
    """Another text of the action with that number (from 1), without its `then`."""
    node = rule_named(parsed, rules, rule)
    if not 1 <= number <= len(node.actions):
        raise refused(f"{rule} has no action {number}")
    if text.strip() == action_text(parsed, node.actions[number - 1]):
        return ()
    line = single_line(f"{_THEN}{text.strip()}", "rule_line", Part)
    edits = _by_parts(
        parsed, node.actions[number - 1], f"{_THEN}{text.strip()}", read_line(line.tokens, "rule_line").node
    )
    return checked(parsed, edits or [Edit(parsed.source.path, node.actions[number - 1].span, text.strip())])


_THEN = "then "


def _by_parts(parsed: Parsed, old: syntax.Action, text: str, made: Part) -> list[Edit]:
    """An expectation before and after its `else`, so that what stands between the two lines stays."""
    new = made.value
    if not isinstance(old, syntax.Expect) or not isinstance(new, syntax.Expect):
        return []
    if old.otherwise is None or new.otherwise is None:
        return []
    spans = [_parts_of(old, old.otherwise), _parts_of(new, new.otherwise)]
    pairs = [(before, text[after.start : after.end]) for before, after in zip(*spans, strict=True)]
    path = parsed.source.path
    return [Edit(path, before, after) for before, after in pairs if parsed.source.slice(before) != after]


def _parts_of(node: syntax.Expect, otherwise: syntax.Action) -> tuple[Span, Span]:
    return Span(node.span.start, (node.calendar or node.within).span.end), otherwise.span


def rule_named(parsed: Parsed, rules: str, name: str) -> syntax.Rule:
    """One rule of a block. Errors: EditError where there is none of that name."""
    for rule in find(parsed, syntax.Rules, rules).rules:
        if isinstance(rule, syntax.Rule) and rule.name == name:
            return rule
    raise refused(f"{rules} has no rule {name}")


def _line_of(parsed: Parsed, node: syntax.Rule, word: str) -> Span | None:
    """The line of a rule that begins with a word."""
    lines = parsed.tree.lines_between(node.span.start, node.span.end)
    return next((line.span for line in lines if line.first == word), None)


def _without(parsed: Parsed, node: syntax.Rule, word: str) -> tuple[Edit, ...]:
    span = _line_of(parsed, node, word)
    if span is None:
        return ()
    return checked(parsed, [Edit(parsed.source.path, whole_lines(parsed.source, span), "")])


def _line_before(parsed: Parsed, node: syntax.Node, text: str) -> Edit:
    place = whole_lines(parsed.source, node.span).start
    line = indent_of(parsed.source, node.span.start) + text + line_break(parsed.source)
    return Edit(parsed.source.path, Span(place, place), line)
