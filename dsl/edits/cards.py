"""Edits of rules as cards: rules, actions and named values come, go and move as whole lines."""

from collections.abc import Sequence

from dsl import syntax
from dsl.building.parts import Part
from dsl.diagnostics import Edit
from dsl.edits.applying import (
    checked,
    end_of_block,
    expression_checked,
    indent_of,
    line_break,
    line_start,
    moved,
    refused,
    single_line,
    whole_lines,
)
from dsl.edits.rules import rule_named
from dsl.forms.reading import find
from dsl.parser import Parsed
from dsl.source import Span

STEP = "  "


def add_rule(
    parsed: Parsed, rules: str, name: str, when: str, action: str, after: str = ""
) -> tuple[Edit, ...]:
    """A rule with one action, after another one or (empty) as the last."""
    node = find(parsed, syntax.Rules, rules)
    if any(isinstance(rule, syntax.Rule) and rule.name == name for rule in node.rules):
        raise refused(f"{rules} has a rule {name} already")
    _action_checked(action)
    inner = indent_of(parsed.source, node.span.start) + STEP
    condition = [f"{inner}{STEP}when {expression_checked(when)}"] if when.strip() else []
    lines = [f"{inner}rule {name.strip()}", *condition, f"{inner}{STEP}then {action.strip()}", f"{inner}end"]
    text = "".join(line + line_break(parsed.source) for line in lines)
    if after:
        place = whole_lines(parsed.source, rule_named(parsed, rules, after).span).end
    else:
        place = line_start(parsed.source, end_of_block(parsed, node).start)
    return checked(parsed, [Edit(parsed.source.path, Span(place, place), text)])


def remove_rule(parsed: Parsed, rules: str, rule: str) -> tuple[Edit, ...]:
    """Take a rule out, the comments right above it included."""
    span = _with_comments(parsed, rule_named(parsed, rules, rule))
    return checked(parsed, [Edit(parsed.source.path, span, "")])


def move_rule(parsed: Parsed, rules: str, rule: str, before: str | None) -> tuple[Edit, ...]:
    """Put a rule before another one, or (None) last; its comments go with it."""
    if rule == before:
        return ()
    node = find(parsed, syntax.Rules, rules)
    span = _with_comments(parsed, rule_named(parsed, rules, rule))
    if before is None:
        place = line_start(parsed.source, end_of_block(parsed, node).start)
    else:
        place = _with_comments(parsed, rule_named(parsed, rules, before)).start
    return moved(parsed, span, place)


def rename_rule(parsed: Parsed, rules: str, rule: str, name: str) -> tuple[Edit, ...]:
    """Another name of a rule; tests that name it stay as they are."""
    line = parsed.tree.line_at(rule_named(parsed, rules, rule).span.start)
    assert line is not None
    return checked(parsed, [Edit(parsed.source.path, line.tokens[1].span, name.strip())])


def add_action(parsed: Parsed, rules: str, rule: str, text: str) -> tuple[Edit, ...]:
    """One action more, the last of a rule."""
    _action_checked(text)
    last = rule_named(parsed, rules, rule).actions[-1]
    span = whole_lines(parsed.source, last.span)
    line = indent_of(parsed.source, last.span.start) + f"then {text.strip()}" + line_break(parsed.source)
    return checked(parsed, [Edit(parsed.source.path, Span(span.end, span.end), line)])


def remove_action(parsed: Parsed, rules: str, rule: str, number: int) -> tuple[Edit, ...]:
    """Take the action with that number (from 1) out; the last one of a rule stays."""
    actions = rule_named(parsed, rules, rule).actions
    action = _numbered(actions, number, rule)
    if len(actions) == 1:
        raise refused(f"{rule} would do nothing: remove the rule instead")
    return checked(parsed, [Edit(parsed.source.path, whole_lines(parsed.source, action.span), "")])


def move_action(parsed: Parsed, rules: str, rule: str, number: int, before: int) -> tuple[Edit, ...]:
    """Put an action before another one; a number beyond the last puts it last."""
    actions = rule_named(parsed, rules, rule).actions
    span = whole_lines(parsed.source, _numbered(actions, number, rule).span)
    if before > len(actions):
        place = whole_lines(parsed.source, actions[-1].span).end
    else:
        place = whole_lines(parsed.source, _numbered(actions, before, rule).span).start
    return moved(parsed, span, place)


def set_first_only(parsed: Parsed, rules: str, first_only: bool) -> tuple[Edit, ...]:
    """Whether only the first rule that fits fires."""
    node = find(parsed, syntax.Rules, rules)
    if node.first_only == first_only:
        return ()
    line = parsed.tree.line_at(node.span.start)
    assert line is not None
    if first_only:
        return checked(parsed, [Edit(parsed.source.path, Span(line.span.end, line.span.end), " first")])
    return checked(parsed, [Edit(parsed.source.path, Span(line.tokens[-2].span.end, line.span.end), "")])


def set_let(parsed: Parsed, rules: str, name: str, text: str) -> tuple[Edit, ...]:
    """The line of a value that the rules use, without its `let`; a new name adds it, an empty text takes it out."""
    node = find(parsed, syntax.Rules, rules)
    path, present = parsed.source.path, next((let for let in node.lets if let.name == name), None)
    if not text.strip():
        if present is None:
            return ()
        return checked(parsed, [Edit(path, whole_lines(parsed.source, present.span), "")])
    line = f"let {text.strip()}"
    single_line(line, "rules_line", syntax.Let)
    if present is not None:
        return checked(parsed, [Edit(path, present.span, line)])
    place = whole_lines(parsed.source, node.lets[-1].span).end if node.lets else _below_head(parsed, node)
    indent = indent_of(parsed.source, node.span.start) + STEP
    return checked(parsed, [Edit(path, Span(place, place), indent + line + line_break(parsed.source))])


def _below_head(parsed: Parsed, node: syntax.Rules) -> int:
    line = parsed.tree.line_at(node.span.start)
    assert line is not None
    return whole_lines(parsed.source, line.span).end


def _numbered(actions: Sequence[syntax.Action], number: int, rule: str) -> syntax.Action:
    if not 1 <= number <= len(actions):
        raise refused(f"{rule} has no action {number}")
    return actions[number - 1]


def _action_checked(text: str) -> None:
    single_line(f"then {text.strip()}", "rule_line", Part)


def _with_comments(parsed: Parsed, node: syntax.Node) -> Span:
    line = parsed.tree.line_at(node.span.start)
    start = line.above[0].start if line is not None and line.above else node.span.start
    return whole_lines(parsed.source, Span(start, node.span.end))
