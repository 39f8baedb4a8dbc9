"""Findings that several parts of the checker make: each code is worded at one place."""

from collections.abc import Iterable
from typing import Any, Protocol

from dsl import literals, syntax, types, units
from dsl.checking.session import Session, Site, did_you_mean, listed
from dsl.diagnostics import Edit, Fix
from dsl.functions import Fault, FunctionSpec
from dsl.source import Span


class Reporter(Protocol):
    """Whoever checks a place of a module."""

    session: Session
    site: Site

    def report(self, code: str, span: Span, **words: Any) -> None:
        """Report at that place."""


def wrong_type(
    at: Reporter, span: Span, what: str, wanted: str, given: types.Type | str, **more: Any
) -> None:
    """A value of another type than its place takes."""
    shown = given if isinstance(given, str) else types.describe(given)
    at.report("M402", span, what=what, wanted=wanted, given=shown, **more)


def wrong_operands(
    at: Reporter, span: Span, operator: str, left: types.Type | str, right: types.Type | str
) -> None:
    """An operator on types it does not take."""
    words = [of if isinstance(of, str) else types.describe(of) for of in (left, right)]
    at.report(
        "M401", span, operator=operator, left=words[0], right=words[1], help=_other_way(operator, set(words))
    )


def _other_way(operator: str, kinds: set[str]) -> list[str]:
    """What does what the operator was probably meant to do."""
    if operator == "+" and "text" in kinds:
        return ["Texts are joined by `&`; a number becomes a text by text(...)."]
    if "percent" in kinds and kinds & {"integer", "decimal"}:
        return [
            "A part of a value is its product: `x + x * 5%`. A ratio of two numbers as a percentage is ratio(part, whole)."
        ]
    if operator == "-" and kinds <= {"date", "datetime"}:
        return ["The days between two dates are days_between(first, last)."]
    return []


def wrong_argument(
    at: Reporter, span: Span, spec: FunctionSpec, wanted: str, parameter: str, given: types.Type
) -> None:
    """An argument of another type than its parameter."""
    shown = types.describe(given)
    words = {"function": spec.name, "wanted": wanted, "parameter": parameter, "given": shown}
    at.report("M403", span, help=[spec.signature], **words)


def misused(at: Reporter, span: Span, spec: FunctionSpec, problem: str) -> None:
    """A call that does not follow the declaration of its function."""
    at.report("M404", span, function=spec.name, problem=problem, help=[spec.signature])


def unknown_field(at: Reporter, span: Span, owner: str, name: str, known: Iterable[str]) -> None:
    """A field that a record does not have."""
    names = list(known)
    help_, fixes = did_you_mean(at.site, span, name, names)
    help_ = help_ or [f"Its fields are {listed(names)}."]
    at.report("M302", span, record=owner, field=name, help=help_, fixes=fixes)


def not_comparable(at: Reporter, span: Span, left: types.Type, right: types.Type) -> None:
    """Two values that can't be compared."""
    words = types.describe(left), types.describe(right)
    at.report("M410", span, left=words[0], right=words[1], help=_other_way("=", set(words)))


def wrong_constant(at: Reporter, value: syntax.Expression, problem: str, spec: FunctionSpec) -> None:
    """A constant that can't be used; where the fault has a place in a text, from there on."""
    span = value.span
    text = at.session.sources[at.site.file].slice(span)
    help_, fixes = [spec.doc], []
    quoted = text[:1] == '"'
    if isinstance(problem, Fault):
        span = Span(span.start + literals.place(text, problem.position), span.end) if quoted else span
        fixes = [
            Fix(
                f"Replace by `{name}`",
                (Edit(at.site.file, value.span, literals.quote(name) if quoted else name),),
            )
            for name in problem.instead
        ]
    _unusable(at, span, str(problem), fixes, help_)


def _unusable(at: Reporter, span: Span, problem: str, fixes: list[Fix], help: list[str]) -> None:
    at.report("M405", span, problem=problem, help=help, fixes=fixes)


def check_unit(at: Reporter, node: syntax.Literal) -> None:
    """The unit of a quantity written as a constant, if it is none."""
    fault = units.unit_fault(node.value["unit"])
    if fault is None:
        return
    written = at.session.sources[at.site.file].slice(node.span)
    start = node.span.start + written.rfind(node.value["unit"])
    span = Span(start, start + len(node.value["unit"]))
    fixes = [Fix(f"Replace by `{code}`", (Edit(at.site.file, span, code),)) for code in fault[1]]
    _unusable(at, span, fault[0], fixes, [])


def check_measure(session: Session, site: Site, ref: syntax.TypeRef) -> None:
    """The unit or currency of `quantity(KGM)`, `money(EUR)`, if it is none."""
    code = ref.parameter or ""
    words, meant = units.unit_fault(code) or ("", ()) if ref.name == "quantity" else ("", ())
    if ref.name == "money" and code not in literals.CURRENCIES:
        words = f'"{code}" is no ISO 4217 currency code'
    if not words:
        return
    start = ref.span.start + session.sources[site.file].slice(ref.span).rfind(code)
    span = Span(start, start + len(code))
    fixes = [Fix(f"Replace by `{other}`", (Edit(site.file, span, other),)) for other in meant]
    session.report("M340", site, span, problem=words, fixes=fixes)


def unrelated_arguments(at: Reporter, span: Span, function: str, problem: str) -> None:
    """Arguments that do not go together."""
    at.report("M406", span, function=function, problem=problem)


def no_list(at: Reporter, span: Span, given: types.Type) -> None:
    """Something that has no elements."""
    at.report("M408", span, given=types.describe(given))


def unconverted(at: Reporter, span: Span) -> None:
    """A value of type any where a type has to be known."""
    at.report("M409", span, help=["Say what it is: text(...), decimal(...), integer(...), date(...)."])


def unknown_value(at: Reporter, span: Span, value: str, of: types.Enum, replace: bool) -> None:
    """A name or text that is no value of an enumeration."""
    help_, fixes = did_you_mean(at.site, span, value, of.values)
    help_ = [*help_, f"Its values are {listed(of.values, 30)}."]
    words = {"value": value, "type": types.describe(of)}
    at.report("M308", span, help=help_, fixes=fixes if replace else [], **words)


def taken_name(at: Reporter, span: Span, name: str) -> None:
    """A name that would cover another."""
    at.report("M210", span, name=name)


def unclear_schema(session: Session, site: Site, parameter: syntax.Parameter) -> None:
    """A parameter without `in` where several schemas could be meant."""
    session.report("M310", site, parameter.span, name=parameter.name)


def declared_twice(session: Session, site: Site, span: Span, kind: str, name: str, first: str = "") -> None:
    """A second declaration of a name."""
    help_ = [f"The other one stands in {first}."] if first else []
    session.report("M306", site, span, kind=kind, name=name, help=help_)


def two_versions(session: Session, site: Site, span: Span, name: str, first: str, second: str) -> None:
    """One name for a schema or lookup in two versions."""
    session.report("M808", site, span, name=name, first=first, second=second)


def row_action_outside(session: Session, site: Site, span: Span, action: str) -> None:
    """`skip row` or `reject row` where there is no row."""
    session.report("M504", site, span, action=action)


def unhandled_here(at: Reporter, span: Span, kind: syntax.FailureKind) -> None:
    """A way to fail where nothing can handle it."""
    help_ = {
        "missing": "Guard it by `x is not missing and ...`, or give a default by coalesce(x, ...).",
        "no_match": "Look it up in a `let` with `on no_match use ...` first.",
    }.get(kind, "Make the value in a `let` with a handler first.")
    at.report("M505", span, kind=kind, help=[help_])


def wrong_call(at: Reporter, span: Span, kind: str, name: str, problem: str) -> None:
    """Arguments of a map, table or lookup that are not those of its declaration."""
    at.report("M705", span, kind=kind, name=name, problem=problem)


def other_schema(at: Reporter, span: Span, endpoint: str, wanted: str, map: str, given: str) -> None:
    """A map that makes something else than its endpoint carries."""
    at.report("M703", span, endpoint=endpoint, wanted=wanted, map=map, given=given)


def unknown_failure(at: Reporter, span: Span, name: str, known: tuple[str, ...]) -> None:
    """A class of failure that nobody knows."""
    help_, fixes = did_you_mean(at.site, span, name, known)
    at.report("M760", span, name=name, help=help_ or [f"The classes are {listed(known)}."], fixes=fixes)
