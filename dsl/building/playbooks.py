"""The lines of playbooks."""

from typing import Any

from dsl import syntax
from dsl.building.expressions import collected
from dsl.building.parts import Leaf, Part, PlaybookHead, Several
from dsl.source import Span

Named = tuple[str, Span]


def playbook_head(
    span: Span, _playbook: Leaf, name: Leaf, found: Several[syntax.Reaction] | None = None
) -> PlaybookHead:
    """`playbook "name"`, perhaps with its first reactions behind it."""
    return PlaybookHead(span, name.value, name.span, tuple(found.items) if found else ())


def runbook(span: Span, _runbook: Leaf, path: Leaf, found: Several[syntax.Reaction] | None = None) -> Part:
    """`runbook "docs/page.md"`, perhaps with reactions behind it."""
    return Part(span, "runbook", (path.value, tuple(found.items) if found else ()))


def reaction_line(span: Span, found: Several[syntax.Reaction]) -> Part:
    """Reactions on a line of their own."""
    return Part(span, "reactions", tuple(found.items))


def reactions(span: Span, *parts: Any) -> Several[syntax.Reaction]:
    """Reactions one after the other."""
    return collected(span, parts)


def reaction(span: Span, _on: Leaf, failure: Leaf, remedy: Part) -> syntax.Reaction:
    """`on application hold alert operations "..."`."""
    return _reaction(span, failure, None, remedy)


def retried(
    span: Span, _on: Leaf, failure: Leaf, _retry: Leaf, _for: Leaf, time: Leaf, _then: Leaf, remedy: Part
) -> syntax.Reaction:
    """`on transport retry for 6 hours then hold`."""
    return _reaction(span, failure, syntax.Literal(time.span, time.kind, time.value), remedy)


def _reaction(span: Span, failure: Leaf, retry: syntax.Literal | None, remedy: Part) -> syntax.Reaction:
    endpoints, channel, text = remedy.value
    action: Any = remedy.word
    return syntax.Reaction(span, failure.text, failure.span, action, endpoints, retry, channel, text)


def remedy(span: Span, action: Part) -> Part:
    """What happens, without an alert."""
    return Part(span, action.word, (action.value, "", ""))


def alerting(span: Span, action: Part, _alert: Leaf, channel: Leaf, text: Leaf) -> Part:
    """What happens, and who is told."""
    return Part(span, action.word, (action.value, channel.text, text.value))


def remedy_action(span: Span, word: Leaf) -> Part:
    """`hold`, `park`, `block` or `dead_letter`."""
    return Part(span, word.text, ())


def fallback(span: Span, word: Leaf, endpoints: Several[Named]) -> Part:
    """`fallback erp.hold_file, erp.spare`."""
    return Part(span, word.text, tuple(endpoints.items))


def endpoint_names(span: Span, *parts: Any) -> Several[Named]:
    """Endpoints with commas between them."""
    named = (parts[-1].text, parts[-1].span)
    return Several(span, [named]) if len(parts) == 1 else parts[0].add(span, named)
