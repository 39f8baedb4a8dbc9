"""Handlers: every failure that can occur is answered, once, and nothing else is."""

from collections.abc import Mapping
from dataclasses import dataclass

from dsl import syntax, types
from dsl.checking import findings
from dsl.checking.expressions import Expressions, Kinds, Typed
from dsl.checking.scopes import Scope, facts, key_of
from dsl.checking.session import Session, Site, is_broken
from dsl.diagnostics import Edit, Fix
from dsl.source import Span

ORDER: tuple[syntax.FailureKind, ...] = ("missing", "no_match", "many", "error")
_WORDS: Mapping[str, str] = {
    "missing": "the value may be missing",
    "no_match": "no row may fit",
    "many": "there may be several",
    "error": "the conversion or calculation may fail",
}
Policy = Mapping[syntax.FailureKind, syntax.Handler]


@dataclass(frozen=True, slots=True)
class Place:
    """What the handlers belong to: a field, a let, or a condition."""

    target: str
    node: syntax.Field | syntax.Let | syntax.Enrich | syntax.Expression
    value: syntax.Expression
    required: bool = False


def handlers_by_kind(
    session: Session, site: Site, handlers: tuple[syntax.Handler, ...], in_row: bool
) -> dict[syntax.FailureKind, syntax.Handler]:
    """The handlers of a line; a second one for a kind and row handlers outside `each` are reported."""
    chosen: dict[syntax.FailureKind, syntax.Handler] = {}
    for handler in handlers:
        if handler.failure in chosen:
            session.report("M503", site, handler.span, kind=handler.failure)
            continue
        chosen[handler.failure] = handler
        if handler.action in ("skip row", "reject row") and not in_row:
            findings.row_action_outside(session, site, handler.span, handler.action)
    return chosen


def check_handled(check: Expressions, place: Place, typed: Typed, own: Policy, policy: Policy) -> None:
    """Report kinds nobody handles, and handlers of the line that never act."""
    for kind in ORDER:
        if kind in typed.failures and kind not in own:
            _unhandled(check, place, kind, policy.get(kind))
    if is_broken(typed.type):
        return
    for kind, handler in own.items():
        if kind not in typed.failures:
            needless(check, handler)
        elif handler.action == "skip" and place.required:
            help_ = ["Say a value: `use ...`, or `reject`."]
            check.report("M207", handler.span, target=place.target, help=help_)


def _unhandled(
    check: Expressions, place: Place, kind: syntax.FailureKind, fallback: syntax.Handler | None
) -> None:
    if fallback is not None and not (fallback.action == "skip" and place.required):
        return
    is_line = isinstance(place.node, syntax.Field | syntax.Let | syntax.Enrich)
    ways = ["reject"] if place.required or not is_line else ["skip", "reject"]
    end = Span(place.value.span.end, place.value.span.end)
    fixes = [
        Fix(f"Add `on {kind} {way}`", (Edit(check.site.file, end, f"  on {kind} {way}"),)) for way in ways
    ]
    help_ = [
        f"{_WORDS[kind][0].upper()}{_WORDS[kind][1:]}: add `on {kind} {'` or `'.join([*ways, 'use ...'])}`."
    ]
    if not is_line:
        fixes, help_ = [], [f"Add `on {kind} reject` below the first line of the map, or guard the value."]
    if place.required:
        check.report("M203", place.value.span, target=place.target, help=help_, fixes=fixes)
    else:
        check.report("M501", place.value.span, target=place.target, kind=kind, help=help_, fixes=fixes)


def needless(check: Expressions, handler: syntax.Handler) -> None:
    """Report a handler that never acts."""
    text = check.session.sources[check.site.file].text
    start = handler.span.start
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    fix = Fix("Remove the handler", (Edit(check.site.file, Span(start, handler.span.end), ""),))
    check.report("M502", handler.span, kind=handler.failure, fixes=[fix])


def check_use(
    check: Expressions,
    handler: syntax.Handler,
    value: syntax.Expression,
    scope: Scope,
    expected: types.Type | None,
    may_be_missing: bool = False,
) -> types.Type | None:
    """The type of the value a handler puts in; it may not fail itself."""
    if handler.value is None:
        return None
    if handler.failure != "missing":
        scope = scope.with_present(_made_first(value))
    infer = check.infer if may_be_missing else check.need
    typed = infer(handler.value, scope, expected)
    no_failures(check, handler.value, typed.failures)
    return typed.type


def _made_first(value: syntax.Expression) -> frozenset[tuple[str, ...]]:
    """Values that were there before the expression could fail otherwise than as `missing`."""
    if not isinstance(value, syntax.LookupCall):
        return frozenset()
    keys = [key_of(key) for key in value.keys]
    return frozenset(key[:end] for key in keys if key for end in range(1, len(key) + 1)) | facts(value, True)


def no_failures(check: Expressions, node: syntax.Node, failures: Kinds) -> None:
    """Report each way a value can fail where nothing could handle it."""
    for kind in ORDER:
        if kind in failures:
            findings.unhandled_here(check, node.span, kind)
