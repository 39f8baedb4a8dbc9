"""`expect e where ... within d else ...`: an awaited message that can be found, a deadline that can be met."""

from collections.abc import Iterator

from dsl import program, syntax, types
from dsl.checking import handlers
from dsl.checking.endpoints import arriving
from dsl.checking.expressions import Expressions
from dsl.checking.names import names_in
from dsl.checking.scopes import Scope
from dsl.checking.session import BROKEN, did_you_mean, is_broken
from dsl.checking.statements import claim_name
from dsl.program import EnumValue, Schema, Variable
from dsl.source import Span

EVENT = "event"
_KEY_KINDS = (types.Scalar, types.Enum, types.Quantity, types.Money)


def check_expectation(
    check: Expressions, node: syntax.Expect, scope: Scope, place: Span
) -> tuple[Schema | None, tuple[program.AwaitedValue, ...], str]:
    """The schema of the awaited message, the values it is found by, and the calendar of its deadline."""
    schema = arriving(check, node.event, place)
    claim_name(check, node.where, EVENT, scope)
    inner = scope.with_variable(Variable(EVENT, schema.record if schema is not None else BROKEN))
    check.condition(node.where, inner, "what follows `where`")
    values = tuple(_values(check, node.where))
    check_within(check, node, scope)
    return schema, values, _calendar(check, node)


def _values(check: Expressions, condition: syntax.Expression) -> Iterator[program.AwaitedValue]:
    """Each `event.x = value` of a condition; anything else is reported."""
    match condition:
        case syntax.Binary(operator="and", left=left, right=right):
            yield from _values(check, left)
            yield from _values(check, right)
        case syntax.Binary(operator="=", left=left, right=right):
            yield from _pair(check, condition, left, right)
        case _:
            _not_found(check, condition, "is no equality")


def _pair(
    check: Expressions, node: syntax.Expression, left: syntax.Expression, right: syntax.Expression
) -> Iterator[program.AwaitedValue]:
    of_event = [_reads_event(check, side) for side in (left, right)]
    if of_event[0] == of_event[1]:
        return _not_found(check, node, f"has {'`event` on both sides' if of_event[0] else 'no `event`'}")
    theirs, ours = (left, right) if of_event[0] else (right, left)
    others = sorted({n.name for n in names_in(theirs) if n.name != EVENT and _is_variable(check, n)})
    if others:
        return _not_found(
            check, node, f"mixes `event` with `{others[0]}`: put `{others[0]}` on the other side"
        )
    if _is_key(check, theirs) and _is_key(check, ours):
        _no_failures(check, theirs, ours)
        yield program.AwaitedValue(_name_of(check, theirs), theirs, ours)
    else:
        _not_found(check, node, "compares more than one plain value")


def _no_failures(check: Expressions, theirs: syntax.Expression, ours: syntax.Expression) -> None:
    """Our side has to be there; a message whose side is missing is simply another one."""
    failures = check.session.failures.get(ours, frozenset())
    if isinstance(check.session.types.get(ours), types.Maybe | types.Nothing):
        failures |= {"missing"}
    handlers.no_failures(check, ours, failures)
    handlers.no_failures(check, theirs, check.session.failures.get(theirs, frozenset()) - {"missing"})


def _reads_event(check: Expressions, node: syntax.Expression) -> bool:
    return any(name.name == EVENT and _is_variable(check, name) for name in names_in(node))


def _is_variable(check: Expressions, name: syntax.Name) -> bool:
    return not isinstance(check.session.names.get(name), EnumValue)


def _is_key(check: Expressions, node: syntax.Expression) -> bool:
    of = types.present(check.session.types.get(node, BROKEN))
    return is_broken(of) or isinstance(of, _KEY_KINDS)


def _name_of(check: Expressions, node: syntax.Expression) -> str:
    """The side of the event as it is written, without the word `event`."""
    text = " ".join(check.session.sources[check.site.file].slice(node.span).split())
    return text.removeprefix(f"{EVENT}.")


def _not_found(check: Expressions, node: syntax.Expression, problem: str) -> None:
    help_ = ["Write `event.lot = nc.lot`, several joined by `and`: what comes in is found by these values."]
    check.report("M723", node.span, problem=problem, help=help_)


def check_within(check: Expressions, node: syntax.Expect, scope: Scope) -> None:
    """The time until something is late: a duration that is there and not over already."""
    failures = check.needed(node.within, scope, types.DURATION, "what follows `within`")
    handlers.no_failures(check, node.within, failures)
    if (
        isinstance(node.within, syntax.Literal)
        and node.within.kind == "duration"
        and node.within.value["amount"] <= 0
    ):
        no_duration(check, node.within, "is over as soon as it begins: say for example `15 minutes`")
    if isinstance(node.within, syntax.Unary):
        no_duration(check, node.within, "lies in the past: say for example `15 minutes`")


def no_duration(check: Expressions, node: syntax.Expression, problem: str) -> None:
    """A duration that can't be meant."""
    text = check.session.sources[check.site.file].slice(node.span)
    check.report("M726", node.span, text=text, problem=problem)


def _calendar(check: Expressions, node: syntax.Expect) -> str:
    """The calendar that business days are counted by: the one said, `default`, or the only one there is."""
    known = check.session.manifest.calendars
    if node.calendar is not None:
        name = str(node.calendar.value)
        if name not in known and name != "default":
            help_, _ = did_you_mean(check.site, node.calendar.span, name, known)
            _no_calendar(check, node.calendar.span, f"ruleset.toml has no calendar `{name}`", help_)
        return name
    if "default" in known or not known:
        return "default"
    literal = (
        node.within.value
        if isinstance(node.within, syntax.Literal) and node.within.kind == "duration"
        else {}
    )
    if len(known) > 1 and literal.get("unit", "business_days") == "business_days":
        names = " or ".join(f'calendar "{name}"' for name in sorted(known))
        _no_calendar(
            check,
            node.within.span,
            "there are several calendars to count business days by",
            [f"Add {names}."],
        )
    return next(iter(sorted(known)))


def _no_calendar(check: Expressions, span: Span, problem: str, help: list[str]) -> None:
    check.report("M727", span, problem=problem, help=help)
